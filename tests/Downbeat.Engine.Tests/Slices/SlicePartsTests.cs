using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class SlicePartsTests
{
    [Fact]
    public void PartsHoldDisjointUsersAndTogetherEverything() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var listens = Given.SomeListens(
                    random,
                    random.Next(1, 3000),
                    users: 1 + random.Next(100),
                    seconds: 200
                );
                var partListens = random.Next(1, 800);
                var (bytes, summaries) = Merge(Spread(random, listens), partListens);
                var parts = bytes.ConvertAll(Given.Slice);
                Assert.Equal(summaries, parts.Select(part => part.Summary));
                Assert.Equal(Given.Distinct(listens), parts.SelectMany(Given.ListensOf));
                Assert.All(
                    parts.Zip(parts.Skip(1)),
                    pair => Assert.True(pair.First.Summary.LastUser < pair.Second.Summary.FirstUser)
                );

                // Every part but the last is full, and would not be without its last user.
                Assert.All(parts.SkipLast(1), part => Assert.True(part.Summary.Listens >= partListens));
                Assert.All(
                    parts,
                    part =>
                        Assert.True(
                            Given.ListensOf(part).Count(listen => listen.User != part.Summary.LastUser) < partListens
                        )
                );
            }
        );

    [Fact]
    public void PartsDoNotDependOnTheRuns() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var listens = Given.SomeListens(
                    random,
                    random.Next(1, 3000),
                    users: 1 + random.Next(100),
                    seconds: 200
                );
                var partListens = random.Next(1, 800);
                var one = Parts([Given.SliceBytes(listens)], partListens);
                Assert.Equal(one, Parts(Spread(random, listens), partListens));
                Assert.Equal(one, Parts(Spread(random, listens), partListens));
            }
        );

    [Fact]
    public void OneRunThatIsWholeIsItsPart()
    {
        var run = Given.SliceBytes(Given.SomeListens(new Random(1), 3000));
        Assert.True(SliceParts.IsWhole(Given.Slice(run).Summary));
        Assert.Equal(run, Assert.Single(Parts([run], SliceParts.PartListens)));
    }

    [Fact]
    public void ARunIsWholeUpToTheListensOfAPart()
    {
        var summary = new SliceSummary(Given.Date, SliceParts.PartListens, 0, 1, 1, 1);
        Assert.True(SliceParts.IsWhole(summary));
        Assert.False(SliceParts.IsWhole(summary with { Listens = SliceParts.PartListens + 1 }));
    }

    [Fact]
    public void AUserWithMoreListensThanAPartStaysInOne()
    {
        var listens = Given.SomeListens(new Random(1), 2000, users: 1, seconds: 100_000);
        Assert.Single(Merge([Given.SliceBytes(listens)], 10).Parts);
    }

    [Fact]
    public void PartsHaveTheDateOfTheirRuns()
    {
        var date = new DateOnly(2000, 2, 29);
        var run = Given.Slice(Given.SliceBytes([new(1, 1, "t", default)], date));
        Assert.Equal(date, Assert.Single(SliceParts.Merge([run], 1, _ => new MemoryStream())).Date);
    }

    [Fact]
    public void APartIsClosedBeforeTheNextIsOpenedAndTheLastToo()
    {
        var streams = new List<MemoryStream>();
        var run = Given.Slice(Enumerable.Range(0, 10).Select(user => new NamedListen((ulong)user, 0, "t", default)));
        SliceParts.Merge(
            [run],
            1,
            number =>
            {
                Assert.Equal(streams.Count, number);
                Assert.All(streams, stream => Assert.False(stream.CanWrite));
                streams.Add(new());
                return streams[^1];
            },
            partListens: 3
        );
        Assert.Equal(4, streams.Count);
        Assert.False(streams[^1].CanWrite);
    }

    [Fact]
    public void ADamagedRunLeavesNoOpenPart()
    {
        var run = Given.SliceBytes(
            Enumerable.Range(0, 400_000).Select(user => new NamedListen((ulong)user, 0, "t", default))
        );
        run[run.Length / 2] ^= 1; // In a block, long after the part was opened.
        var output = new MemoryStream();
        Assert.Throws<DamagedObjectException>(() => SliceParts.Merge([Given.Slice(run)], 1, _ => output));
        Assert.False(output.CanWrite);
    }

    /// <summary>The listens as several runs; some stand in more than one.</summary>
    static List<byte[]> Spread(Random random, List<NamedListen> listens)
    {
        var runs = random.Next(1, 6);
        var spread = Enumerable.Range(0, runs).Select(_ => new List<NamedListen>()).ToList();
        foreach (var listen in listens)
        {
            spread[random.Next(runs)].Add(listen);
            spread[random.Next(runs)].Add(listen);
        }

        return [.. spread.Where(run => run.Count > 0).Select(run => Given.SliceBytes(run))];
    }

    static List<byte[]> Parts(List<byte[]> runs, int partListens) => Merge(runs, partListens).Parts;

    static (List<byte[]> Parts, List<SliceSummary> Summaries) Merge(List<byte[]> runs, int partListens)
    {
        var parts = new List<MemoryStream>();
        var summaries = SliceParts.Merge(
            [.. runs.Select(Given.Slice)],
            5000,
            _ =>
            {
                parts.Add(new());
                return parts[^1];
            },
            partListens
        );
        return (parts.ConvertAll(part => part.ToArray()), summaries);
    }
}
