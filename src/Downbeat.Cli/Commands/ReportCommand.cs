using System.CommandLine;
using System.Runtime.CompilerServices;
using Downbeat.Cli.Output;
using Downbeat.Cli.Reports;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.Smtp;
using Downbeat.Dashboard.Report;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat report</c>.</summary>
static class ReportCommand
{
    const string StandardOutput = "-";
    const string Latest = "latest";
    const string Yesterday = "yesterday";
    const int MostDays = 3660;
    static readonly TimeSpan MailPatience = TimeSpan.FromSeconds(60);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "report",
            "Makes a report of a date or a range: one HTML file with the story, charts and tables, which refers to nothing and can be printed or "
                + "mailed; or a PDF. Example: downbeat report --date 2024-06-25 --out report.html"
        );
        var date = Date(
            "--date",
            $"The date, {Latest} for the newest published one, or {Yesterday}. [default: {Latest}]"
        );
        var from = Date("--from", "The first date of a range.");
        var to = Date("--to", $"The last date of a range. [default: {Latest}]");
        var output = new Option<string?>("--out")
        {
            HelpName = "FILE",
            Description =
                "The file to write; - for standard output. [default: downbeat-report-DATE.html in the current folder, none with --mail]",
        };
        var format = new Option<string?>("--format")
        {
            HelpName = string.Join('|', ReportForms.Names),
            Description =
                $"pdf is printed by Chromium, which has to be installed; the variable {ReportForms.ChromiumVariable} names it where it is not found. [default: what --out ends with, else html]",
        };
        var mail = new Option<bool>("--mail")
        {
            Description =
                "Mail it to those whom alerts are mailed to: the story as text, the report attached (docs/alerts.md).",
        };
        command.Add(date);
        command.Add(from);
        command.Add(to);
        command.Add(output);
        command.Add(format);
        command.Add(mail);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var dates = new AskedDates(parsed.GetValue(date), parsed.GetValue(from), parsed.GetValue(to));
            dates.Check();
            var file = parsed.GetValue(output);
            var form = ReportForms.Parse(parsed.GetValue(format), file);
            using var stop = new Stop();
            if (!parsed.GetValue(mail))
            {
                Write(arguments.Open(parsed).Lake, dates, form, file ?? "", stop.Token);
                return ExitCode.Done;
            }

            using var lake = arguments.OpenWithDestinations(parsed);
            var channel =
                lake.Mail
                ?? throw new UsageException(
                    "--mail: nobody is named to mail to; the settings alertEmail and alertEmailTo do (docs/alerts.md)."
                );
            return Mail(lake.Lake, dates, form, file, channel, stop.Token);
        });
        return command;
    }

    static Option<string?> Date(string name, string description) =>
        new(name) { HelpName = "DATE", Description = description };

    /// <summary>No other command costs the time to load what makes reports.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Write(ILake lake, AskedDates dates, string form, string file, CancellationToken cancellationToken) =>
        Write(Make(lake, dates), form, file, cancellationToken);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Mail(
        ILake lake,
        AskedDates dates,
        string form,
        string? file,
        SmtpChannel channel,
        CancellationToken cancellationToken
    )
    {
        var report = Make(lake, dates);
        if (file is not null)
        {
            Write(report, form, file, cancellationToken);
        }

        var letter = ReportForms.Letter(report, form, Guid.NewGuid().ToString("N"), cancellationToken);
        var problem = Sending
            .TryAsync(stop => channel.SendAsync(letter, stop), MailPatience, TimeProvider.System, cancellationToken)
            .GetAwaiter()
            .GetResult();
        cancellationToken.ThrowIfCancellationRequested();
        if (problem is not null)
        {
            throw new IOException($"the report was not mailed: {problem.Message}");
        }

        if (file != StandardOutput)
        {
            Terminal.Line($"Mailed {report.Subject} by {channel.Place}");
        }

        return ExitCode.Done;
    }

    static LakeReport Make(ILake lake, AskedDates dates)
    {
        using var maker = new ReportMaker(lake, ReportForms.NameOf(lake), TimeProvider.System);
        var (first, last) = dates.Find(lake, maker);
        PublishedDates.Check(lake, first, last);
        if (maker.SayHidden(first, last) is { } why)
        {
            throw new LakeException(why);
        }

        return first == last ? maker.OfDay(first) : maker.OfRange(first, last);
    }

    static void Write(LakeReport report, string form, string file, CancellationToken cancellationToken)
    {
        var bytes = ReportForms.Bytes(report, form, cancellationToken);
        if (file == StandardOutput)
        {
            using var stream = new MemoryStream(bytes);
            Terminal.Write(stream);
            return;
        }

        var usual = $"{report.Name}.{form}";
        var path =
            file.Length == 0 ? usual
            : Directory.Exists(file) ? Path.Combine(file, usual)
            : file;
        Replace(path, bytes);
        Terminal.Line($"Wrote {path}, {Figures.Bytes(bytes.Length)}: {report.Subject}");
    }

    /// <summary>Whoever opens the file sees the old report or the new one, and never half of it.</summary>
    static void Replace(string path, byte[] bytes)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new UsageException($"--out: there is no folder {folder}: make it, or name another file.");
        }

        var target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        if (File.Exists(path) && !(File.Exists(target) && RegularFiles.IsRegular(target)))
        {
            WriteInto(path, bytes);
            return;
        }

        var temporary = Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(target))!,
            $".{Path.GetFileName(target)}.{Environment.ProcessId}.tmp"
        );
        try
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new IOException($"{path} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>A pipe or a device is written to, and not replaced: <c>/dev/stdout</c>, <c>>(gzip)</c>.</summary>
    static void WriteInto(string path, byte[] bytes)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
            file.Write(bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be written: {error.Message}", error);
        }
    }

    static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What failed is told, and what is left has a name that says what it is.
        }
    }

    /// <summary>The dates as they were typed.</summary>
    sealed record AskedDates(string? Date, string? From, string? To)
    {
        /// <summary>Refuses what can be none before anything is read.</summary>
        /// <exception cref="UsageException">It is none.</exception>
        public void Check()
        {
            if (Date is not null && (From ?? To) is not null)
            {
                throw new UsageException(
                    "--date is for one date, --from and --to are for several: give one or the other."
                );
            }

            if (To is not null && From is null)
            {
                throw new UsageException("--to goes with --from, which says where the range begins.");
            }

            foreach (var (text, option) in ((string?, string)[])[(Date, "--date"), (From, "--from"), (To, "--to")])
            {
                if (text is not (null or Latest or Yesterday))
                {
                    DateText.Parse(text, option);
                }
            }
        }

        /// <summary>The first and the last date.</summary>
        public (DateOnly First, DateOnly Last) Find(ILake lake, ReportMaker maker)
        {
            var last = Find(From is null ? Date : To, lake, maker);
            var first = From is null ? last : Find(From, lake, maker);
            return last < first ? throw new UsageException("--to lies before --from.")
                : last.DayNumber - first.DayNumber >= MostDays
                    ? throw new UsageException($"--from and --to: a report is of at most {MostDays} dates.")
                : (first, last);
        }

        static DateOnly Find(string? text, ILake lake, ReportMaker maker)
        {
            switch (text)
            {
                case Yesterday:
                    return maker.Yesterday;
                case null or Latest:
                    PublishedDates.Check(lake, DateOnly.MinValue, DateOnly.MaxValue);
                    return maker.Newest
                        ?? throw new LakeException(
                            $"{lake.Name} has no tables yet: its dates are held back, and `{CommandLine.Name} quality` says why."
                        );
                default:
                    return DateText.Parse(text, "--date");
            }
        }
    }
}
