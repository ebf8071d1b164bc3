using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;

namespace Downbeat.Cli.Commands;

/// <summary>In which form a table is shown: <c>--format</c>, and <c>--spreadsheet-safe</c>.</summary>
static class FormatOption
{
    /// <summary>For programs.</summary>
    public const string Csv = "csv";

    /// <summary>For programs.</summary>
    public const string Json = "json";

    static readonly string[] Formats = ["table", Csv, Json];

    /// <summary>Adds <c>--format</c>.</summary>
    public static Option<string> AddTo(Command command, string description)
    {
        var option = new Option<string>("--format")
        {
            HelpName = string.Join('|', Formats),
            Description = description,
            DefaultValueFactory = _ => Formats[0],
        };
        command.Add(option);
        return option;
    }

    /// <summary>Adds <c>--spreadsheet-safe</c>.</summary>
    public static Option<bool> AddSpreadsheetTo(Command command)
    {
        var option = new Option<bool>(CsvText.SpreadsheetOption)
        {
            Description =
                "With --format csv: an apostrophe before texts that a spreadsheet would take for a formula. Not for programs.",
        };
        command.Add(option);
        return option;
    }

    /// <summary>Checks what was given.</summary>
    /// <exception cref="UsageException">There is no such format, or the options do not go together.</exception>
    public static void Check(string format, bool isForSpreadsheets)
    {
        if (!Formats.Contains(format, StringComparer.Ordinal))
        {
            throw new UsageException(
                $"--format: {format} is none of {string.Join(", ", Formats)}{Spelling.Ask(format, Formats)}"
            );
        }

        if (isForSpreadsheets && format != Csv)
        {
            throw new UsageException($"{CsvText.SpreadsheetOption} goes with --format csv.");
        }
    }
}
