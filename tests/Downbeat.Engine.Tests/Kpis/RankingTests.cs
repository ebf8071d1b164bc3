using Downbeat.Engine.Kpis;

namespace Downbeat.Engine.Tests.Kpis;

public sealed class RankingTests
{
    [Fact]
    public void TheBestAreThoseThatSortingPutsFirst() =>
        RandomRounds.Run(
            500,
            random =>
            {
                // Few measures, so that most are equal; ties are broken by a random order of the candidates.
                var places = random.Next(1, 20);
                var order = Enumerable.Range(0, random.Next(60)).ToArray();
                random.Shuffle(order);
                var candidates = order
                    .Select(
                        (_, candidate) =>
                            (
                                Measure: (long)random.Next(6) * (random.Next(20) == 0 ? long.MaxValue / 6 : 1),
                                Candidate: candidate
                            )
                    )
                    .ToArray();
                var ranking = new Ranking(places, (left, right) => order[left].CompareTo(order[right]));
                random.Shuffle(candidates);
                foreach (var (measure, candidate) in candidates)
                {
                    ranking.Add(measure, candidate);
                }

                Assert.Equal(
                    candidates
                        .Where(given => given.Measure > 0)
                        .OrderByDescending(given => given.Measure)
                        .ThenBy(given => order[given.Candidate])
                        .Take(places),
                    ranking.Best
                );
            }
        );

    [Fact]
    public void NobodyIsBestOfNothing() => Assert.Empty(new Ranking(3, (left, right) => left.CompareTo(right)).Best);
}
