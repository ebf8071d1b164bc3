using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Alerts;

/// <summary>
/// Tells people what is not as it should be: of each condition once, and once that it is over. What was told is kept in the lake and
/// written after it was taken, so that whoever dies between the two tells it again. Only one process tells at a time, by a lease of its own.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="options">What people are told of, and when.</param>
/// <param name="channels">How they are told; closed by the caller.</param>
/// <param name="destinations">What runs publish to, by name and place.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Told what was told, and what could not be.</param>
public sealed class Alerting(
    ILake lake,
    AlertOptions options,
    IReadOnlyList<IAlertChannel> channels,
    IReadOnlyList<(string Name, string Place)> destinations,
    TimeProvider clock,
    ILogger logger
)
{
    const int LeaseSeconds = 60;
    static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(15);
    static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    readonly Lock working = new();
    LakeFile? fixedOfLake;
    AlertsFile? cached;

    /// <summary>What was told while the lake could not be read or written; null when that never was.</summary>
    AlertsFile? withoutLake;

    /// <summary>The options.</summary>
    public AlertOptions Options => options;

    /// <summary>How people are told.</summary>
    public IReadOnlyList<IAlertChannel> Channels => channels;

    /// <summary>What the end of a run tells. Nothing fails because of it.</summary>
    public void EndRun(RunEnd end)
    {
        if (end.Record?.Outcome != RunOutcome.Stopped && end.Error is not OperationCanceledException)
        {
            TryUpdate(Understand(end), CancellationToken.None); // Whoever stops a run does not want to wait.
        }
    }

    /// <summary>What the end of a run tells.</summary>
    internal AlertFacts Understand(RunEnd end) =>
        AlertFacts.OfRun(end, destinations, TryReadFixed(), options, clock.GetUtcNow());

    /// <summary>What time alone tells, between runs.</summary>
    internal AlertFacts? Understand(LakeFreshness? freshness, ILeaseStore? leases)
    {
        try
        {
            return AlertFacts.OfTime(freshness, Lease.FindHolder(lake, clock, leases), options, clock.GetUtcNow());
        }
        catch (Exception error) when (IsExpected(error))
        {
            return null; // The next look will tell; so will the runs.
        }
    }

    /// <summary>The same as <see cref="Update"/>; what fails is logged.</summary>
    internal void TryUpdate(AlertFacts facts, CancellationToken cancellationToken)
    {
        try
        {
            Update(facts, cancellationToken);
            if (withoutLake is not null)
            {
                UpdateWithoutLake(facts, cancellationToken);
            }
        }
        catch (Exception error) when (IsExpected(error))
        {
            logger.AlertsFailed(error.Message);
            UpdateWithoutLake(facts, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever comes next tells.
        }
    }

    /// <summary>
    /// That runs fail is told even though the lake is why, and cannot say what was told: once a process, and the same again by the next.
    /// </summary>
    void UpdateWithoutLake(AlertFacts facts, CancellationToken cancellationToken)
    {
        lock (working)
        {
            withoutLake ??= new();
            withoutLake.Apply(
                facts with
                {
                    Conditions =
                    [
                        .. facts.Conditions.Where(one =>
                            one.Kind == AlertKind.Run && options.Rules.SeverityOf(one.Kind) is not null
                        ),
                    ],
                },
                clock.GetUtcNow()
            );
            Send(withoutLake, _ => { }, cancellationToken);
        }
    }

    /// <summary>What there is as of now.</summary>
    public AlertsFile Read() => ReadFile() ?? new();

    /// <summary>Adds what someone has found out, and tells what is to be told.</summary>
    /// <returns>What there is now.</returns>
    public AlertsFile Update(AlertFacts facts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(facts);
        lock (working)
        {
            facts = facts with
            {
                Conditions = [.. facts.Conditions.Where(one => options.Rules.SeverityOf(one.Kind) is not null)],
            };
            var now = clock.GetUtcNow();
            var file = cached ?? Read();
            if (file.Apply(facts, now) | channels.Any(channel => Find(file, channel, now) is not null))
            {
                cached = null; // Should anything fail now.
                using var lease = Take(cancellationToken);
                file = Read(); // Another may have told meanwhile.
                file.Apply(facts, now);
                Save(file);
                Send(file, Save, cancellationToken);
            }

            return cached = file;
        }
    }

    /// <summary>Sends a message that says nothing but that it came.</summary>
    /// <returns>Why it did not; null when it was taken.</returns>
    public string? Test(IAlertChannel channel, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(channel);
        var now = clock.GetUtcNow();
        var message = new AlertMessage
        {
            Id = Guid.NewGuid().ToString("N"),
            At = now,
            LakeId = LakeId,
            Lake = options.Place,
            Host = Environment.MachineName,
            News = [AlertTexts.Test(now, options.Place)],
        };
        try
        {
            channel.SendAsync(message, cancellationToken).GetAwaiter().GetResult();
            return null;
        }
        catch (AlertChannelException error)
        {
            return error.Message;
        }
    }

    /// <summary>One who tells at the same time ends soon.</summary>
    Lease Take(CancellationToken cancellationToken)
    {
        var store = new LakeLeaseStore(lake, LakePaths.AlertsLease);
        for (var waited = TimeSpan.Zero; ; )
        {
            try
            {
                return Lease.Take(lake, RunRecords.NewId(clock), LeaseSeconds, clock, store);
            }
            catch (LeaseHeldException held) when (waited >= options.TurnPatience)
            {
                throw new IOException(
                    $"process {held.Holder.ProcessId} on {held.Holder.Host} has been at it for too long; the next run, or `downbeat alerts check`, looks again.",
                    held
                );
            }
            catch (LeaseHeldException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var pause = TimeSpan.FromMilliseconds(250);
                cancellationToken.WaitHandle.WaitOne(pause);
                waited += pause;
            }
        }
    }

    void Send(AlertsFile file, Action<AlertsFile> save, CancellationToken cancellationToken)
    {
        var noting = new Lock();
        var now = clock.GetUtcNow();
        var messages = channels
            .Select(channel => (Channel: channel, Message: Find(file, channel, now)))
            .Where(one => one.Message is not null)
            .ToList();
        Task.WhenAll(messages.Select(one => SendAsync(one.Channel, one.Message!))).GetAwaiter().GetResult();

        async Task SendAsync(IAlertChannel channel, AlertMessage message)
        {
            await Task.Yield();
            var problem = await Sending
                .TryAsync(stop => channel.SendAsync(message, stop), options.Patience, clock, cancellationToken)
                .ConfigureAwait(false);
            lock (noting)
            {
                if (problem is null)
                {
                    file.Note(channel.Name, message);
                    logger.Told(channel.Name, message.Subject);
                }
                else if (!cancellationToken.IsCancellationRequested)
                {
                    Fail(file.Of(channel.Name), channel.Name, problem);
                }

                file.Tidy(now);
                save(file);
            }
        }
    }

    void Fail(ChannelState state, string channel, AlertChannelException problem)
    {
        var wait = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(state.Failures++, 5)) / 2);
        wait = wait < LongestBackOff ? wait : LongestBackOff;
        if (problem.RetryAfter is { } asked && asked > wait)
        {
            wait = asked < LongestRetryAfter ? asked : LongestRetryAfter;
        }

        state.RetryAt = clock.GetUtcNow() + wait;
        if (state.Problem != problem.Message)
        {
            logger.NotTold(
                channel,
                problem.Message.TrimEnd('.') + ".",
                $"after {AlertTexts.Lasting(wait)}, or by the first run after that"
            );
        }

        state.Problem = problem.Message;
    }

    AlertsFile? ReadFile()
    {
        byte[] bytes;
        try
        {
            using var stream = lake.Open(LakePaths.Alerts);
            using var read = new MemoryStream();
            stream.CopyTo(read);
            bytes = read.ToArray();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var file = AlertsFile.TryParse(bytes);
        if (file is null)
        {
            logger.AlertsLost();
        }

        return file;
    }

    AlertMessage? Find(AlertsFile file, IAlertChannel channel, DateTimeOffset now) =>
        file.FindMessage(channel.Name, LakeId, Environment.MachineName, options, now);

    /// <summary>The lake's id, or where it is while it cannot be read.</summary>
    string LakeId => TryReadFixed()?.Id ?? options.Place;

    LakeFile? TryReadFixed()
    {
        try
        {
            return fixedOfLake ??= LakeFile.Read(lake);
        }
        catch (Exception error) when (IsExpected(error))
        {
            return null;
        }
    }

    void Save(AlertsFile file) => lake.Put([(LakePaths.Alerts, file.ToBytes())]);

    static bool IsExpected(Exception error) => RunContext.IsExpected(error) || error is LakeException;
}
