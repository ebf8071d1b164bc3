using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Only for tests: the moments just before and just after each effect on a disk, in S3 or in a database. A test counts them
/// in one process and lets others die there, as by <c>kill -9</c>, and so tries every crash there can be. Costs nothing
/// where the variables are not set.
/// </summary>
/// <remarks>
/// <c>DOWNBEAT_TEST_KILL_AT=N</c> kills the process at its Nth boundary; 0 lets it live.
/// <c>DOWNBEAT_TEST_BOUNDARIES=FILE</c> appends a line to a file for each that is crossed, with its number and what happens there.
/// </remarks>
public static class WriteBoundary
{
    static readonly string? File = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_BOUNDARIES");
    static readonly long? KillAt = long.TryParse(
        Environment.GetEnvironmentVariable("DOWNBEAT_TEST_KILL_AT"),
        NumberStyles.None,
        CultureInfo.InvariantCulture,
        out var given
    )
        ? given
        : null;

    static readonly Lock Counting = new();
    static long crossed;

    /// <summary>Whether a test counts.</summary>
    public static bool IsCounted { get; } = KillAt is not null || File is not null;

    /// <summary>Says that an effect is about to happen, or has just happened.</summary>
    public static void Cross([CallerMemberName] string effect = "")
    {
        if (IsCounted)
        {
            Count(effect);
        }
    }

    static void Count(string effect)
    {
        lock (Counting) // Who is about to die lets nobody pass.
        {
            crossed++;
            if (File is not null)
            {
                System.IO.File.AppendAllText(
                    File,
                    string.Create(CultureInfo.InvariantCulture, $"{crossed} {effect}\n")
                );
            }

            if (crossed == KillAt)
            {
                using var self = Process.GetCurrentProcess();
                self.Kill(); // SIGKILL: no handler, no finalizer, no last words.
                Thread.Sleep(Timeout.Infinite);
            }
        }
    }
}
