using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Downbeat.Cli;

/// <summary>
/// Turns Ctrl-C, SIGTERM and a closed terminal into a cancellation, so that work ends between two commits. Who asks twice
/// is obeyed at once; nothing is lost then either.
/// </summary>
sealed class Stop : IDisposable
{
    readonly CancellationTokenSource asked = new();
    readonly PosixSignalRegistration[] registrations;
    long askedAt;

    /// <summary>Listens until disposed of.</summary>
    public Stop() =>
        registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), // Ctrl-C, on Windows too.
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
        ];

    /// <summary>How long ago someone asked; nothing while nobody has.</summary>
    public TimeSpan Elapsed => askedAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(askedAt);

    /// <summary>Cancelled when someone wants the work to stop.</summary>
    public CancellationToken Token => asked.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        asked.Dispose();
    }

    void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = !asked.IsCancellationRequested;
        askedAt = askedAt == 0 ? Stopwatch.GetTimestamp() : askedAt;
        asked.Cancel();
    }
}
