using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Downbeat.Connectors.Smtp;
using Downbeat.Dashboard.Report;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Schedule;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Reports;

/// <summary>Reports that are mailed without anybody asking for one: at their times, and with alerts.</summary>
static class ReportMails
{
    /// <summary>An alert of many dates names the others.</summary>
    const int MostAttached = 3;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Begins to mail the report of the newest date that is over at the times of a timetable.</summary>
    public static ReportSchedule Begin(ILake lake, Timetable times, SmtpChannel channel, ILogger logger) =>
        new(
            lake,
            times,
            (due, cancellationToken) => SendAsync(lake, channel, due, cancellationToken),
            TimeProvider.System,
            logger
        );

    /// <summary>The reports of dates that an alert says are held back. An alert is told without them where they cannot be made.</summary>
    public static IReadOnlyList<Attachment> OfHeldDates(ILake lake, AlertMessage message, ILogger logger)
    {
        const string Held = "held:";
        var dates = message
            .News.Where(news => news.Phase is AlertPhase.Raised or AlertPhase.Reminder)
            .SelectMany(news => news.Keys)
            .Where(key => key.StartsWith(Held, StringComparison.Ordinal))
            .Select(key =>
                DateOnly.ParseExact(key[Held.Length..], "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)
            )
            .Take(MostAttached)
            .ToList();
        try
        {
            return dates.Count == 0 ? [] : Attachments(lake, dates);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LakeException)
        {
            logger.NotAttached(error.Message);
            return [];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static List<Attachment> Attachments(ILake lake, List<DateOnly> dates)
    {
        using var maker = new ReportMaker(lake, ReportForms.NameOf(lake), TimeProvider.System);
        return dates.ConvertAll(date => ReportForms.Attachment(maker.OfDay(date), ReportForms.Html, default));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static async Task<string?> SendAsync(
        ILake lake,
        SmtpChannel channel,
        DateTimeOffset due,
        CancellationToken cancellationToken
    )
    {
        using var maker = new ReportMaker(lake, ReportForms.NameOf(lake), TimeProvider.System);
        if (maker.NewestFinished is not { } date)
        {
            return null;
        }

        // What is mailed again, because nobody knows whether it was taken, is the same mail.
        var id = Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes($"report {LakeFile.Read(lake).Id} {due.UtcDateTime:O}"))
        )[..32];
        var letter = ReportForms.Letter(maker.OfDay(date), ReportForms.Html, id, cancellationToken);
        var problem = await Sending.TryAsync(
            stop => channel.SendAsync(letter, stop),
            Patience,
            TimeProvider.System,
            cancellationToken
        );
        cancellationToken.ThrowIfCancellationRequested();
        return problem is null ? ListenDate.Text(date) : throw problem;
    }
}

/// <summary>What is told of reports that go with alerts.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "An alert is mailed without the report that goes with it: {Problem}"
    )]
    public static partial void NotAttached(this ILogger logger, string problem);
}
