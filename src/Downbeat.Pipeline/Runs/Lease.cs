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

    readonly ILeaseStore store;
    readonly TimeProvider clock;
    readonly int seconds;
    readonly CancellationTokenSource lost = new();
    readonly ITimer renewal;
    readonly Lock renewing = new();
    LeaseFile file;
    bool released;

    Lease(ILeaseStore store, LeaseFile file, int seconds, TimeProvider clock, LeaseFile? previous)
    {
        this.store = store;
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

    /// <summary>Takes the lease, which is kept in the lake unless it is said where else.</summary>
    /// <exception cref="LeaseHeldException">Another run has it.</exception>
    public static Lease Take(ILake lake, string run, int seconds, TimeProvider clock, ILeaseStore? elsewhere = null)
    {
        var leases = elsewhere ?? new LakeLeaseStore(lake);
        using var self = Process.GetCurrentProcess();
        var own = new LeaseFile(
            run,
            Environment.MachineName,
            Environment.ProcessId,
            new DateTimeOffset(self.StartTime),
            clock.GetUtcNow().AddSeconds(seconds),
            Guid.NewGuid().ToString("N")
        );
        while (!leases.PutIfAbsent(Bytes(own)))
        {
            if (leases.Read() is not { } found)
            {
                continue; // Given back just now.
            }

            var previous = Parse(found);
            if (previous is not null && IsAlive(previous, clock))
            {
                throw new LeaseHeldException(lake.Name, previous);
            }

            // Some stores let one of many do so; with others whoever comes last has it, and the rest see that.
            leases.Replace(found, Bytes(own));
            Task.Delay(TakeOverPause, clock).Wait();
            return Read(leases) is { } holder && holder.Nonce != own.Nonce
                ? throw new LeaseHeldException(lake.Name, holder)
                : new(leases, own, seconds, clock, previous ?? own);
        }

        return new(leases, own, seconds, clock, null);
    }

    /// <summary>Who has the lease, if someone alive does.</summary>
    public static LeaseFile? FindHolder(ILake lake, TimeProvider clock, ILeaseStore? elsewhere = null) =>
        Read(elsewhere ?? new LakeLeaseStore(lake)) is { } holder && IsAlive(holder, clock) ? holder : null;

    /// <summary>Gives the lease back.</summary>
    public void Dispose()
    {
        renewal.Dispose();
        lock (renewing)
        {
            released = true;
            if (store.Read() is { } found && Parse(found)?.Nonce == file.Nonce)
            {
                store.Delete(found);
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

    static LeaseFile? Read(ILeaseStore store) => store.Read() is { } found ? Parse(found) : null;

    static LeaseFile? Parse(byte[] lease)
    {
        try
        {
            return JsonSerializer.Deserialize(lease, LakeJson.Readable.LeaseFile);
        }
        catch (JsonException)
        {
            return null; // No lease that anybody could have written.
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
                if (store.Read() is not { } found || Parse(found)?.Nonce != file.Nonce)
                {
                    lost.Cancel();
                    return;
                }

                file = file with { Expires = clock.GetUtcNow().AddSeconds(seconds) };
                store.Replace(found, Bytes(file)); // Where it was refused, the next renewal sees why.
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
