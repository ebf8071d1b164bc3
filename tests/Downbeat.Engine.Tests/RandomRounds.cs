using System.Globalization;

namespace Downbeat.Engine.Tests;

/// <summary>
/// Runs random tests. Every round has a seed of its own, and a failure names that of its round: given as
/// <c>DOWNBEAT_TEST_SEED</c>, it makes that round the first one.
/// </summary>
static class RandomRounds
{
    const string Variable = "DOWNBEAT_TEST_SEED";

    public static void Run(int rounds, Action<Random> test)
    {
        var given = Environment.GetEnvironmentVariable(Variable);
        var first = string.IsNullOrEmpty(given)
            ? Random.Shared.Next(1 << 30)
            : int.Parse(given, CultureInfo.InvariantCulture);
        for (var round = 0; round < rounds; round++)
        {
            var seed = first + round;
            try
            {
                test(new Random(seed));
            }
            catch (Exception exception)
            {
                Assert.Fail($"{Variable}={seed} makes this happen again: {exception}");
            }
        }
    }
}
