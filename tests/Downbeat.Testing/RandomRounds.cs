using System.Globalization;

namespace Downbeat.Testing;

/// <summary>
/// Runs random tests. Every round has a seed of its own, and a failure names that of its round: given as
/// <c>DOWNBEAT_TEST_SEED</c>, it makes that round the first one. <c>./test --soak</c> runs many more rounds.
/// </summary>
public static class RandomRounds
{
    const string Variable = "DOWNBEAT_TEST_SEED";
    const int SoakTimes = 25;

    /// <summary>Whether time does not matter.</summary>
    public static bool IsSoak { get; } = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_SOAK") is not null;

    /// <summary>Runs a test so many times, when soaking more often.</summary>
    public static void Run(int rounds, Action<Random> test)
    {
        ArgumentNullException.ThrowIfNull(test);
        var given = Environment.GetEnvironmentVariable(Variable);
        var first = string.IsNullOrEmpty(given)
            ? Random.Shared.Next(1 << 30)
            : int.Parse(given, CultureInfo.InvariantCulture);
        for (var round = 0; round < (IsSoak ? SoakTimes * rounds : rounds); round++)
        {
            var seed = first + round;
            try
            {
                test(new Random(seed));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"{Variable}={seed} makes this happen again.", exception);
            }
        }
    }
}
