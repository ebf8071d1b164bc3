using System.Diagnostics;
using System.Text.Json;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Keeps two runs from doing the same work at once: <c>lease.json</c> says who may run, and until when. Correctness does
/// not rest on it, the ledger's numbers see to that. A lease of a dead process of this host is taken over at once, any
/// other when it has expired.
/// </summary>
sealed class Lease : IDisposable
{
    /// <summary>Two who take over at once both write; whoever reads its own afterwards has it.</summary>
    static readonly TimeSpan TakeOverPause = TimeSpan.FromMilliseconds(50);

    readonly ILake lake;
    readonly TimeProvider clock;
    readonly int seconds;
    readonly CancellationTokenSource lost = new();
    readonly ITimer renewal;
    readonly Lock renewing = new();
    LeaseFile file;
    bool released;

    Lease(ILake lake, LeaseFile file, int seconds, TimeProvider clock, LeaseFile? previous)
    {
        this.lake = lake;
        this.file = file;
        this.seconds = seconds;
        this.clock = clock;
        Previous = previous;
        var period = TimeSpan.FromSeconds(seconds / 3.0);
        renewal = clock.CreateTimer(_ => Renew(), null, period, period);
    }

    /// <summary>Cancelled when someone else has taken the lease over.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Whose lease was taken over: that run died, and may have left things behind.</summary>
    public LeaseFile? Previous { get; }

    /// <summary>Takes the lease.</summary>
    /// <exception cref="LeaseHeldException">Another run has it.</exception>
    public static Lease Take(ILake lake, string run, int seconds, TimeProvider clock)
    {
        using var self = Process.GetCurrentProcess();
        var own = new LeaseFile(
            run,
            Environment.MachineName,
            Environment.ProcessId,
            new DateTimeOffset(self.StartTime),
            clock.GetUtcNow().AddSeconds(seconds),
            Guid.NewGuid().ToString("N")
        );
        while (!lake.PutIfAbsent(LakePaths.Lease, Bytes(own)))
        {
            if (lake.Find(LakePaths.Lease) is not { } found)
            {
                continue; // Given back just now.
            }

            var previous = Read(lake);
            if (previous is not null && IsAlive(previous, clock))
            {
                throw new LeaseHeldException(lake.Name, previous);
            }

            // A lake that knows versions lets one of many do so; on another whoever comes last has it, and the rest see that.
            lake.Replace(found, Bytes(own));
            Thread.Sleep(TakeOverPause);
            return Read(lake) is { } holder && holder.Nonce != own.Nonce
                ? throw new LeaseHeldException(lake.Name, holder)
                : new(lake, own, seconds, clock, previous ?? own);
        }

        return new(lake, own, seconds, clock, null);
    }

    /// <summary>Who has the lease, if someone alive does.</summary>
    public static LeaseFile? FindHolder(ILake lake, TimeProvider clock) =>
        Read(lake) is { } holder && IsAlive(holder, clock) ? holder : null;

    /// <summary>Gives the lease back.</summary>
    public void Dispose()
    {
        renewal.Dispose();
        lock (renewing)
        {
            released = true;
            if (Read(lake)?.Nonce == file.Nonce)
            {
                lake.Delete(LakePaths.Lease);
            }
        }

        lost.Dispose();
    }

    static bool IsAlive(LeaseFile holder, TimeProvider clock)
    {
        if (holder.Expires <= clock.GetUtcNow())
        {
            return false;
        }

        if (holder.Host != Environment.MachineName)
        {
            return true;
        }

        try
        {
            using var process = Process.GetProcessById(holder.ProcessId);
            var apart = new DateTimeOffset(process.StartTime) - holder.ProcessStarted;
            return apart.Duration() < TimeSpan.FromSeconds(2); // Otherwise the number belongs to another process now.
        }
        catch (ArgumentException)
        {
            return false; // No such process.
        }
        catch (InvalidOperationException)
        {
            return false; // It has just ended.
        }
    }

    static LeaseFile? Read(ILake lake)
    {
        try
        {
            using var stream = lake.Open(LakePaths.Lease);
            return JsonSerializer.Deserialize(stream, LakeJson.Readable.LeaseFile);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null; // Given back meanwhile, or no lease that anybody could have written.
        }
    }

    static byte[] Bytes(LeaseFile file) => JsonSerializer.SerializeToUtf8Bytes(file, LakeJson.Readable.LeaseFile);

    void Renew()
    {
        lock (renewing)
        {
            if (released)
            {
                return;
            }

            try
            {
                var found = lake.Find(LakePaths.Lease);
                if (found is null || Read(lake)?.Nonce != file.Nonce)
                {
                    lost.Cancel();
                    return;
                }

                file = file with { Expires = clock.GetUtcNow().AddSeconds(seconds) };
                lake.Replace(found, Bytes(file)); // Where it was refused, the next renewal sees why.
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next renewal may succeed; if none does, the lease expires, and the ledger keeps the two runs apart.
            }
        }
    }
}

/// <summary>Who may run, and until when: <c>lease.json</c>.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Host">The machine.</param>
/// <param name="ProcessId">The process.</param>
/// <param name="ProcessStarted">When the process started, because numbers of processes are used again.</param>
/// <param name="Expires">Until when, unless it is renewed.</param>
/// <param name="Nonce">Tells this lease from any other.</param>
public sealed record LeaseFile(
    string Run,
    string Host,
    int ProcessId,
    DateTimeOffset ProcessStarted,
    DateTimeOffset Expires,
    string Nonce
);
