using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Days;

public sealed class UserRangesTests
{
    const int MinListens = 250_000;

    [Fact]
    public void RangesCoverAllUsersOnceAndHoldAboutAsManyListens()
    {
        // Three slices: all users, the low ones, the high ones.
        SliceReader[] slices = [Slice(0, 400_000), Slice(0, 300_000), Slice(300_000, 400_000)];
        for (var workers = 1; workers <= 6; workers++)
        {
            var ranges = UserRanges.Split(slices, workers);
            Assert.Equal(Math.Min(workers, 4), ranges.Count);
            AssertPartition(ranges);
            foreach (var (first, last) in ranges)
            {
                var listens = slices.Sum(slice => Users(slice).Count(user => user >= first && user <= last));
                Assert.InRange(listens, 0.9 * 1_100_000 / ranges.Count, 1.1 * 1_100_000 / ranges.Count);
            }
        }
    }

    [Theory]
    [InlineData(MinListens - 1, 1)]
    [InlineData((2 * MinListens) - 1, 1)]
    [InlineData(2 * MinListens, 2)]
    public void ARangeIsWorthAWorkerFromSoManyListens(int listens, int ranges) =>
        Assert.Equal(ranges, UserRanges.Split([Slice(0, listens)], 8).Count);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(long.MaxValue)]
    public void AUserIsNeverCut(ulong user)
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(
            bytes,
            Given.Date,
            Given.Texts(Enumerable.Range(0, 10).Select(track => $"t{track}"))
        );
        for (var listen = 0; listen < 4 * MinListens; listen++)
        {
            writer.Add(new Listen(user, (uint)listen / 10, listen % 10, ListenFlags.None));
        }

        writer.Finish();
        AssertPartition(UserRanges.Split([Given.Slice(bytes.ToArray())], 4));
    }

    [Fact]
    public void NoListensAreOneRange() => Assert.Equal([(0UL, ulong.MaxValue)], UserRanges.Split([], 4));

    static void AssertPartition(IReadOnlyList<(ulong FirstUser, ulong LastUser)> ranges)
    {
        Assert.Equal(0UL, ranges[0].FirstUser);
        Assert.Equal(ulong.MaxValue, ranges[^1].LastUser);
        Assert.All(ranges, range => Assert.True(range.FirstUser <= range.LastUser));
        Assert.All(ranges.Zip(ranges.Skip(1)), pair => Assert.Equal(pair.First.LastUser + 1, pair.Second.FirstUser));
    }

    /// <summary>A slice of one listen a user.</summary>
    static SliceReader Slice(int firstUser, int users)
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, Given.Date, Given.Texts("t"));
        for (var user = firstUser; user < firstUser + users; user++)
        {
            writer.Add(new Listen((ulong)user, 1, 0, ListenFlags.None));
        }

        writer.Finish();
        return Given.Slice(bytes.ToArray());
    }

    static IEnumerable<ulong> Users(SliceReader slice) =>
        Enumerable.Range(0, (int)slice.Summary.Listens).Select(listen => slice.Summary.FirstUser + (ulong)listen);
}
