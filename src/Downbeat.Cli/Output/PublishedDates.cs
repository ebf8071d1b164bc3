using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Cli.Output;

/// <summary>Which dates a lake has tables of.</summary>
static class PublishedDates
{
    /// <summary>Looks for dates in a range.</summary>
    /// <exception cref="LakeException">There are none; the message says which there are.</exception>
    public static void Check(ILake lake, DateOnly from, DateOnly to)
    {
        var dates = LakeLedger.Open(lake, "look", TimeProvider.System).State.Dates.Keys.ToList();
        if (dates.Count == 0)
        {
            throw new LakeException($"{lake.Name} has no tables yet: `{CommandLine.Name} run` makes them.");
        }

        if (!dates.Exists(date => date >= from && date <= to))
        {
            var wanted = from == to ? Figures.Date(from) : $"{Figures.Date(from)} to {Figures.Date(to)}";
            throw new LakeException($"{lake.Name} has no tables of {wanted}; it has {Ranges(dates)}.");
        }
    }

    /// <summary>Dates as ranges without gaps, the last of them if there are many.</summary>
    static string Ranges(List<DateOnly> dates)
    {
        const int Most = 6;
        var ranges = new List<(DateOnly From, DateOnly To)>();
        foreach (var date in dates.Order())
        {
            if (ranges.Count > 0 && ranges[^1].To.AddDays(1) == date)
            {
                ranges[^1] = (ranges[^1].From, date);
            }
            else
            {
                ranges.Add((date, date));
            }
        }

        var texts = ranges.Select(range =>
            range.From == range.To
                ? Figures.Date(range.From)
                : $"{Figures.Date(range.From)} to {Figures.Date(range.To)}"
        );
        return (ranges.Count > Most ? "among others " : "") + string.Join(", ", texts.Skip(ranges.Count - Most));
    }
}
