using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests;

/// <summary>Numbered commits: exactly one winner a number, nothing lost, damage noticed.</summary>
public sealed class LedgerTests
{
    [Fact]
    public void ManyWritersAtOnceLoseNoCommit()
    {
        const int Writers = 8;
        const int CommitsOfEach = 15;
        using var lake = new TestLake();
        Parallel.For(
            0,
            Writers,
            new ParallelOptions { MaxDegreeOfParallelism = Writers },
            writer =>
            {
                var ledger = LakeLedger.Open(lake.Lake, $"writer{writer}", TimeProvider.System);
                for (var commit = 0; commit < CommitsOfEach; commit++)
                {
                    Assert.NotNull(
                        ledger.Commit(_ => LakeLedger.Facts with { Sources = [Source($"{writer}-{commit}")] })
                    );
                }
            }
        );
        var state = lake.State;
        Assert.Equal(Writers * CommitsOfEach, state.Version);
        Assert.Equal(Writers * CommitsOfEach, state.Sources.Count);
    }

    [Fact]
    public void ARefusalThatWasNoneIsRecognisedByItsNonce()
    {
        using var lake = new TestLake();
        var ledger = LakeLedger.Open(new LyingLake(lake.Lake), "run", TimeProvider.System);
        var commit = ledger.Commit(_ => LakeLedger.Facts with { Sources = [Source("a")] });
        Assert.Equal(1, commit?.Version);
        Assert.Equal(1, lake.State.Version);
    }

    [Fact]
    public void ACheckpointSaysWhatTheCommitsSay()
    {
        using var lake = new TestLake();
        var ledger = LakeLedger.Open(lake.Lake, "run", TimeProvider.System);
        for (var commit = 0; commit < 120; commit++)
        {
            ledger.Commit(_ => LakeLedger.Facts with { Sources = [Source($"{commit}")] });
        }

        Assert.NotNull(lake.Lake.Find(LakePaths.Checkpoint));
        var fromCheckpoint = lake.State;
        lake.Lake.Delete(LakePaths.Checkpoint);
        var fromCommits = lake.State;
        Assert.Equal(120, fromCheckpoint.Version);
        Assert.Equal(fromCommits.Version, fromCheckpoint.Version);
        Assert.Equal(
            fromCommits.Sources.Keys.Order(StringComparer.Ordinal),
            fromCheckpoint.Sources.Keys.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void ACommitThatIsMissingBeforeOthersIsNoticed()
    {
        using var lake = new TestLake();
        var ledger = LakeLedger.Open(lake.Lake, "run", TimeProvider.System);
        for (var commit = 0; commit < 3; commit++)
        {
            ledger.Commit(_ => LakeLedger.Facts with { Sources = [Source($"{commit}")] });
        }

        lake.Lake.Delete(LakePaths.Commit(2));
        var error = Assert.Throws<DamagedObjectException>(() => lake.State);
        Assert.Contains(LakePaths.Commit(2), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyDamagedByteOfACommitIsNoticed()
    {
        using var lake = new TestLake();
        LakeLedger
            .Open(lake.Lake, "run", TimeProvider.System)
            .Commit(_ => LakeLedger.Facts with { Sources = [Source("a")] });
        var file = Path.Combine(lake.Folder, LakePaths.Commit(1));
        var whole = File.ReadAllBytes(file);
        var accepted = new List<int>();
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            File.WriteAllBytes(file, damaged);
            try
            {
                _ = lake.State;
                accepted.Add(at);
            }
            catch (DamagedObjectException error)
            {
                Assert.Contains(LakePaths.Commit(1), error.Message, StringComparison.Ordinal);
            }
        }

        Assert.Empty(accepted);
        foreach (var length in (int[])[0, 1, 50, whole.Length / 2, whole.Length - 3])
        {
            File.WriteAllBytes(file, whole[..length]);
            Assert.Throws<DamagedObjectException>(() => lake.State);
        }
    }

    static SourceEntry Source(string id) =>
        new()
        {
            Id = id,
            Key = $"landing/streams/{id}.csv",
            Size = 1,
            Arrived = TestLake.Arrived,
            Hash = id,
        };

    /// <summary>Does what it is told, and says that it did not: like a time-out whose request got through.</summary>
    sealed class LyingLake(ILake inner) : ForwardingLake(inner)
    {
        public override bool PutIfAbsent(string path, byte[] bytes)
        {
            base.PutIfAbsent(path, bytes);
            return false;
        }
    }
}
