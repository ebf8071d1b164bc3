using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat quarantine</c>.</summary>
static class QuarantineCommand
{
    const int IdLetters = 12;
    const int RawLetters = 160;
    const int ReasonsListed = 3;

    /// <summary>Makes the command and those below it.</summary>
    public static Command Create()
    {
        var command = new Command(
            "quarantine",
            "Lists, shows and retries what was set aside: rejected rows, and whole files."
        );
        command.Add(CreateList());
        command.Add(CreateShow());
        command.Add(CreateRetry());
        return command;
    }

    static Command CreateList()
    {
        var command = new Command("list", "Lists the files of which something is in quarantine.");
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var (lake, options) = arguments.Open(parsed);
            var entries = new QuarantineStore(lake, options, TimeProvider.System).List();
            if (parsed.GetValue(json))
            {
                CliJson.Write(entries, CliJson.Readable.IReadOnlyListQuarantineEntry);
            }
            else
            {
                WriteList(entries);
            }

            return ExitCode.Done;
        });
        return command;
    }

    static Command CreateShow()
    {
        const int Usual = 20;
        var command = new Command(
            "show",
            "Shows what is wrong with a file, or its rejected rows with line, reason and text."
        );
        var source = SourceArgument(isRequired: true);
        var limit = new Option<int>("--limit")
        {
            HelpName = "N",
            Description = "Show at most so many rows; 0 shows all. With --json all are shown unless it is given.",
            DefaultValueFactory = _ => Usual,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    return number;
                }

                result.AddError($"--limit: {text} is no whole number from 0 on.");
                return 0;
            },
        };
        command.Add(source);
        command.Add(limit);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var (lake, options) = arguments.Open(parsed);
            var store = new QuarantineStore(lake, options, TimeProvider.System);
            var entry = store.Find(parsed.GetValue(source) ?? "");
            var isLimited = parsed.GetResult(limit) is { Implicit: false } || !parsed.GetValue(json);
            var most = isLimited && parsed.GetValue(limit) is > 0 and var given ? given : int.MaxValue;
            if (parsed.GetValue(json))
            {
                CliJson.Write(writer =>
                {
                    writer.WriteStartArray();
                    foreach (var row in store.Show(entry.Source).Take(most))
                    {
                        JsonSerializer.Serialize(writer, row, CliJson.Readable.RejectedRow);
                    }

                    writer.WriteEndArray();
                });
            }
            else
            {
                WriteEntry(entry, store.Show(entry.Source).Take(most), Math.Max(0, entry.Rejects - most));
            }

            return ExitCode.Done;
        });
        return command;
    }

    static Command CreateRetry()
    {
        var command = new Command(
            "retry",
            "Lands something again that was set aside, after someone mended the cause: a whole file goes back to where it landed; "
                + "of rejected rows (mend them in their rejects.csv) those that are listens now become a new file. The next run scans it."
        );
        var source = SourceArgument(isRequired: false);
        var all = new Option<bool>("--all") { Description = "Retry everything that is in quarantine." };
        command.Add(source);
        command.Add(all);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var wanted = parsed.GetValue(source);
            if (wanted is null == !parsed.GetValue(all))
            {
                throw new UsageException("name a SOURCE, as `quarantine list` shows it, or give --all.");
            }

            var (lake, options) = arguments.Open(parsed);
            var store = new QuarantineStore(lake, options, TimeProvider.System);
            var entries = wanted is not null
                ? [store.Find(wanted)]
                : store.List().Where(entry => entry.Source is not ("songs" or "users")).ToList();
            var results = new List<RetryResult>();
            foreach (var entry in entries)
            {
                results.Add(store.Retry(entry.Source));
                if (!parsed.GetValue(json))
                {
                    WriteResult(entry, results[^1]);
                }
            }

            if (parsed.GetValue(json))
            {
                CliJson.Write(results, CliJson.Readable.IReadOnlyListRetryResult);
            }
            else if (results.Exists(result => result.LandedAs is not null))
            {
                Terminal.Line($"`{CommandLine.Name} run` scans what was landed again.");
            }
            else if (entries.Count == 0)
            {
                Terminal.Line("nothing is in quarantine");
            }

            return entries.Count == 0 || results.Exists(result => result.LandedAs is not null)
                ? ExitCode.Done
                : ExitCode.Failed;
        });
        return command;
    }

    static Argument<string?> SourceArgument(bool isRequired) =>
        new("SOURCE")
        {
            Arity = isRequired ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
            Description = "The id that `quarantine list` shows, the beginning of it, or the file's name.",
        };

    static void WriteList(IReadOnlyList<QuarantineEntry> entries)
    {
        if (entries.Count == 0)
        {
            Terminal.Line("nothing is in quarantine");
            return;
        }

        var table = new TextTable(new("source"), new("file"), new("what"), new("why", MayWrap: true));
        foreach (var entry in entries)
        {
            table.Add(
                Short(entry.Source),
                entry.Path[(entry.Path.LastIndexOf('/') + 1)..],
                entry.Fault is null ? Figures.Count(entry.Rejects, "row") : "whole file",
                Why(entry, ReasonsListed)
            );
        }

        table.Show();
        Terminal.Line(
            $"`{CommandLine.Name} quarantine show SOURCE` shows more; mend the cause, then `{CommandLine.Name} quarantine retry SOURCE`."
        );
    }

    static void WriteEntry(QuarantineEntry entry, IEnumerable<RejectedRow> rows, long rest)
    {
        Fact("source", entry.Source);
        Fact("file", entry.Path);
        Fact("arrived", Figures.Instant(entry.Arrived));
        Fact(entry.Fault is null ? "rejected" : "quarantined", Why(entry));
        Fact("where", entry.Where);
        if (entry.Fault is not null)
        {
            return;
        }

        Terminal.Line();
        var table = new TextTable(
            new("line", IsNumber: true),
            new("byte", IsNumber: true),
            new("reason"),
            new("row", MayWrap: true)
        );
        foreach (var row in rows)
        {
            table.Add(
                Figures.Count(row.LineNumber),
                Figures.Count(row.ByteOffset),
                row.Reason,
                SafeText.Of(row.Raw, RawLetters)
            );
        }

        table.Show();
        if (rest > 0)
        {
            Terminal.Line($"and {Figures.Count(rest, "more row")}; --limit 0 shows all");
        }
    }

    static void WriteResult(QuarantineEntry entry, RetryResult result)
    {
        var name = SafeText.Of(entry.Path[(entry.Path.LastIndexOf('/') + 1)..]);
        if (result.LandedAs is { } landed)
        {
            var what = entry.Fault is null ? $"{Figures.Count(result.RowsLanded, "row")} of {name}" : name;
            Terminal.Line($"landed {what} again as {SafeText.Of(landed)}");
        }

        if (result.RowsLeft > 0)
        {
            Terminal.Line(
                $"{Figures.Count(result.RowsLeft, "row")} of {name} still no listens: {Figures.Reasons(result.ReasonsLeft)}"
            );
            Terminal.Line($"  mend them in {SafeText.Of(entry.Where)}, column raw, and retry");
        }
    }

    static string Why(QuarantineEntry entry, int mostReasons = int.MaxValue) =>
        entry.Fault is not null ? $"{entry.Fault}: {entry.FaultDetail}"
        : entry.Reasons.Count > 0 ? Figures.Reasons(entry.Reasons, mostReasons)
        : $"see {entry.Where}";

    static string Short(string source) => source.Length > IdLetters ? source[..IdLetters] : source;

    static void Fact(string label, string value) => Terminal.Line($"{label.PadRight(IdLetters)}{SafeText.Of(value)}");
}
