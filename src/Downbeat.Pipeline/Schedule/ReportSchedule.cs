using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Schedule;

/// <summary>
/// Mails a report at the times of a timetable, beside runs: no run waits for it or fails by it. Up to when reports were mailed is written into
/// the lake after the mail was taken, so that a time that was missed is made up, once. What fails is tried again until it is taken.
/// </summary>
public sealed class ReportSchedule : IDisposable
{
    const int LeaseSeconds = 60;

    /// <summary>A machine that slept has not waited meanwhile: the time is looked at again and again.</summary>
    static readonly TimeSpan LongestNap = TimeSpan.FromMinutes(1);

    static readonly TimeSpan TurnPause = TimeSpan.FromSeconds(5);

    static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(15);

    readonly ILake lake;
    readonly Timetable times;
    readonly Func<DateTimeOffset, CancellationToken, Task<string?>> send;
    readonly TimeProvider clock;
    readonly ILogger logger;
    readonly CancellationTokenSource stop = new();
    readonly Task work;
    string? told;

    /// <summary>Begins.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="times">When reports are mailed.</param>
    /// <param name="send">
    /// Mails the report that is due since a time, and says what it is of; null when there is nothing to report. Throws when it was not taken.
    /// </param>
    /// <param name="clock">The time.</param>
    /// <param name="logger">Told what was mailed, and once what fails.</param>
    public ReportSchedule(
        ILake lake,
        Timetable times,
        Func<DateTimeOffset, CancellationToken, Task<string?>> send,
        TimeProvider clock,
        ILogger logger
    )
    {
        (this.lake, this.times, this.send, this.clock, this.logger) = (lake, times, send, clock, logger);
        work = Task.Run(WorkAsync);
    }

    /// <summary>Ends; what was not mailed is mailed by whoever comes next.</summary>
    public void Dispose()
    {
        stop.Cancel();
        if (work.Wait(TimeSpan.FromSeconds(4))) // A lake that hangs keeps nobody.
        {
            stop.Dispose();
        }
    }

    async Task WorkAsync()
    {
        DateTimeOffset? until = null;
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var nap = LongestNap;
            try
            {
                until ??= Begin();
                var now = clock.GetUtcNow();
                if (until > now)
                {
                    until = now; // The clock was set back.
                }

                var due = times.After(until.Value);
                if (due <= now)
                {
                    until = await ReportAsync(due).ConfigureAwait(false);
                    (failures, told) = (0, null);
                    due = times.After(until.Value);
                }

                nap = due - now < LongestNap ? due - now : LongestNap;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (LeaseHeldException)
            {
                nap = TurnPause; // Someone mails just now.
            }
            catch (Exception error)
            {
                if (told != error.Message)
                {
                    logger.NotReported(error.Message.TrimEnd().TrimEnd('.') + ".");
                }

                told = error.Message;
                nap = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(failures++, 5)) / 2);
                nap = nap < LongestBackOff ? nap : LongestBackOff;
            }

            // Timers round down, to no time at all.
            nap = TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(nap.TotalMilliseconds)));
            await Task.WhenAny(Task.Delay(nap, clock, stop.Token)).ConfigureAwait(false);
        }
    }

    /// <summary>Up to when reports were mailed; what was due before anybody asked for any is not made up.</summary>
    DateTimeOffset Begin()
    {
        var file = ReportFile.Read(lake);
        if (file is null)
        {
            file = new(clock.GetUtcNow());
            file.Save(lake);
        }

        logger.WillReport(times.Text, Text(times.After(file.Until)));
        return file.Until;
    }

    /// <summary>Mails what is due, unless another process has; returns up to when that is done.</summary>
    async Task<DateTimeOffset> ReportAsync(DateTimeOffset due)
    {
        using var lease = Lease.Take(
            lake,
            RunRecords.NewId(clock),
            LeaseSeconds,
            clock,
            new LakeLeaseStore(lake, LakePaths.AlertsLease)
        );
        var now = clock.GetUtcNow();
        if (ReportFile.Read(lake) is { } other && other.Until >= due && other.Until <= now)
        {
            return other.Until;
        }

        if (await send(due, stop.Token).ConfigureAwait(false) is { } dates)
        {
            logger.Reported(dates);
        }
        else
        {
            logger.NothingToReport(Text(due));
        }

        new ReportFile(now).Save(lake);
        return now;
    }

    static string Text(DateTimeOffset at) =>
        at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
