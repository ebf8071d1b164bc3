using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Archive;

public sealed class MoveStageTests
{
    [Fact]
    public void MovesThatCouldNotBeCommittedAreCommittedByTheNextRunThoughItHasNothingElseToDo()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", "user_id,track_id,listen_time\n1,track001,2024-06-25 12:00:00\n");
        lake.LandStreams("broken.csv", "user_id,track\n1,track001\n");
        Assert.Equal(RunOutcome.Failed, lake.Run(through: new SilencedLake(lake.Lake)).Outcome);
        Assert.Empty(lake.Lake.List(LakePaths.Streams));
        Assert.All(lake.State.Sources.Values, source => Assert.Null(source.MovedTo));

        Assert.Equal(2, lake.Plan().Move.Count);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.All(lake.State.Sources.Values, source => Assert.NotNull(lake.Lake.Find(source.MovedTo!)));
        Assert.True(lake.Plan().IsEmpty);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
    }

    /// <summary>A lake whose ledger cannot be written to any more as soon as a file has moved.</summary>
    sealed class SilencedLake(ILake inner) : ForwardingLake(inner)
    {
        volatile bool isSilent;

        public override bool Move(LakeObject read, string? hash, string target)
        {
            isSilent = true;
            return base.Move(read, hash, target);
        }

        public override bool PutIfAbsent(string path, byte[] bytes) =>
            isSilent && path.StartsWith(LakePaths.Ledger + "/", StringComparison.Ordinal)
                ? throw new UnauthorizedAccessException("silent")
                : base.PutIfAbsent(path, bytes);
    }
}
