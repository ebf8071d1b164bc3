using System.CommandLine;
using System.Globalization;

namespace Downbeat.Cli.Commands;

/// <summary>Dates as they are typed: <c>2024-06-25</c>.</summary>
static class DateText
{
    /// <summary>Parses what was typed.</summary>
    /// <exception cref="UsageException">It is no date.</exception>
    public static DateOnly Parse(string text, string what) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw new UsageException(
                $"{what}: {(text.Length == 0 ? "nothing" : text)} is no date; dates are written like 2024-06-25."
            );

    /// <summary>Makes an option for a date.</summary>
    public static Option<string?> Option(string name, string description, bool isRequired) =>
        new(name)
        {
            HelpName = "DATE",
            Description = description,
            Required = isRequired,
        };
}
