using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class ListenRunsTests
{
    [Fact]
    public void TwoRunsAreMergedWhateverTheirLengths() =>
        RandomRounds.Run(
            1000,
            random =>
            {
                var left = SomeRun(random);
                var right = SomeRun(random);
                var target = new Listen[left.Length + right.Length + 1];
                target[^1] = new(7, 7, 7, default);
                ListenRuns.Merge(
                    [.. left, ListenRuns.End],
                    [.. right, ListenRuns.End],
                    target.AsSpan(0, target.Length - 1)
                );
                Assert.Equal(new(7, 7, 7, default), target[^1]);
                Assert.Equal(
                    left.Concat(right).OrderBy(listen => listen.User).ThenBy(listen => listen.Rest),
                    target[..^1].OrderBy(listen => listen.User).ThenBy(listen => listen.Rest)
                );
                for (var at = 1; at < target.Length - 1; at++)
                {
                    Assert.False(IsBefore(target[at], target[at - 1]));
                }
            }
        );

    [Fact]
    public void OfTheSameListensOneIsLeftWithTheFlagsOfAll() =>
        RandomRounds.Run(
            500,
            random =>
            {
                var users = 1 + random.Next(1 << random.Next(12));
                var listens = Enumerable
                    .Range(0, random.Next(random.Next(2) == 0 ? 30 : 2000))
                    .Select(_ => new Listen(
                        (ulong)random.Next(users),
                        (uint)random.Next(3),
                        1,
                        (ListenFlags)random.Next(4)
                    ))
                    .OrderBy(listen => listen.User)
                    .ThenBy(listen => listen.Moment)
                    .ToArray();
                var expected = listens
                    .GroupBy(listen => (listen.User, listen.Moment))
                    .Select(group =>
                        group.First().WithFlags(group.Aggregate(default(ListenFlags), (all, one) => all | one.Flags))
                    )
                    .ToList();
                var left = ListenRuns.FoldSame(listens);
                Assert.Equal(expected, listens[..left]);
            }
        );

    static bool IsBefore(Listen one, Listen other) =>
        one.User < other.User || (one.User == other.User && one.Moment < other.Moment);

    static Listen[] SomeRun(Random random)
    {
        var most = (int[])[1, 10, 300, 3000];
        var users = 1L << random.Next(63);
        var seconds = 1L << random.Next(33);
        return
        [
            .. Enumerable
                .Range(0, random.Next(most[random.Next(4)]))
                .Select(_ => new Listen(
                    random.Next(50) == 0 ? long.MaxValue : (ulong)random.NextInt64(users),
                    (uint)random.NextInt64(seconds),
                    random.Next(50) == 0 ? Listen.MaxTracks - 2 : random.Next(3),
                    (ListenFlags)random.Next(4)
                ))
                .DistinctBy(listen => (listen.User, listen.Moment))
                .OrderBy(listen => listen.User)
                .ThenBy(listen => listen.Moment),
        ];
    }
}
