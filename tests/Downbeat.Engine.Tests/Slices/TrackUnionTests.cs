using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class TrackUnionTests
{
    [Fact]
    public void AUnionHoldsEveryTrackOnceAndKnowsItsNumbers() =>
        RandomRounds.Run(
            150,
            random =>
            {
                // More than 16 are united in groups. Some lack single tracks, some many, some none.
                var all = Enumerable.Range(0, random.Next(1, 300)).Select(number => $"t{number:000}").ToList();
                var lists = Enumerable
                    .Range(0, random.Next(4) == 0 ? random.Next(16, 300) : random.Next(6))
                    .Select(_ => Some(random, all))
                    .ToList();
                var slices = lists.ConvertAll(SliceOf);
                var union = TrackUnion.Of(slices, random.Next(1, 4));
                var tracks = Given.ListOf(union.Tracks);
                Assert.Equal(
                    lists.SelectMany(list => list).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
                    tracks
                );
                Assert.Equal(lists.Count, union.Numbers.Count);
                foreach (var (list, numbers) in lists.Zip(union.Numbers))
                {
                    Listen[] listens =
                    [
                        .. list.Select((_, track) => new Listen(7, (uint)random.Next(1 << 18), track, Flags(random))),
                    ];
                    List<Listen> expected =
                    [
                        .. listens.Select(listen => listen.WithTrack(tracks.IndexOf(list[listen.Track]))),
                    ];
                    numbers.Renumber(listens);
                    Assert.Equal(expected, listens);
                }
            }
        );

    [Fact]
    public void AUnionOfNothingIsEmpty() => Assert.Equal(0, TrackUnion.Of([]).Tracks.Count);

    static ListenFlags Flags(Random random) => (ListenFlags)random.Next(4);

    static List<string> Some(Random random, List<string> all)
    {
        var lacking = random.Next(4) switch
        {
            0 => 0,
            1 => 0.02,
            2 => 0.2,
            _ => 0.9,
        };
        return all.FindAll(_ => random.NextDouble() >= lacking);
    }

    static SliceReader SliceOf(List<string> tracks)
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, Given.Date, Given.Texts(tracks));
        writer.Finish();
        return Given.Slice(bytes.ToArray());
    }
}
