using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class SliceUsersTests
{
    [Fact]
    public void WithoutUsersTheBytesAreThoseOfTheOthersListens() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var users = 1 + random.Next(random.Next(2) == 0 ? 5 : 200); // A user's listens fill blocks, or a block holds many users.
                var listens = Given.SomeListens(random, random.Next(1, 6000), users, seconds: 5000);
                var ids = listens.Select(listen => listen.User).Distinct().ToArray();
                random.Shuffle(ids);
                var some = new SliceUsers([.. ids.Take(random.Next(4)), 1UL << 62, (ulong)random.Next(1000)]);
                var partListens = random.Next(2) == 0 ? SliceParts.PartListens : random.Next(1, 3000);
                var parts = Write(new SliceUsers([]), [Given.Slice(listens)], partListens);
                var slices = parts.ConvertAll(Given.Slice);
                var found = new HashSet<ulong>();
                Assert.Equal(
                    Given.Distinct(listens).Count(listen => some.Contains(listen.User)),
                    slices.Sum(slice => some.Count(slice, user => found.Add(user)))
                );
                Assert.Equal(ids.Where(some.Contains).Order(), found.Order());
                var left = listens.Where(listen => !some.Contains(listen.User)).ToList();
                var expected = left.Count == 0 ? [] : Write(new SliceUsers([]), [Given.Slice(left)], partListens);
                Assert.Equal(expected, Write(some, slices, partListens));
                if (partListens == SliceParts.PartListens && left.Count > 0)
                {
                    Assert.Equal(Given.SliceBytes(left), Assert.Single(expected));
                }
            }
        );

    static List<byte[]> Write(SliceUsers users, List<SliceReader> slices, int partListens)
    {
        var parts = new List<MemoryStream>();
        users.WriteWithout(
            slices,
            1 << 16,
            _ =>
            {
                parts.Add(new());
                return parts[^1];
            },
            partListens
        );
        return parts.ConvertAll(part => part.ToArray());
    }
}
