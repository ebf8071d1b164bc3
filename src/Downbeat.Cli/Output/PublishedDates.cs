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
        var state = LakeLedger.Open(lake, "look", TimeProvider.System).State;
        var dates = state.Dates.Keys.ToList();
        if (dates.Count == 0)
        {
            throw new LakeException(
                WhyNoneLeft(state, DateOnly.MinValue, DateOnly.MaxValue) is { } why
                    ? $"{lake.Name} has no tables: {why}."
                    : $"{lake.Name} has no tables yet: `{CommandLine.Name} run` makes them."
            );
        }

        if (!dates.Exists(date => date >= from && date <= to))
        {
            var wanted = from == to ? Figures.Date(from) : $"{Figures.Date(from)} to {Figures.Date(to)}";
            var because = WhyNoneLeft(state, from, to) is { } why ? $": {why}" : "";
            throw new LakeException($"{lake.Name} has no tables of {wanted}{because}; it has {Ranges(dates)}.");
        }
    }

    /// <summary>That dates had listens, and what became of the files that held them.</summary>
    public static string SayNoneLeft(int retracted, int replaced)
    {
        var texts = new[] { (retracted, "retracted"), (replaced, "replaced") }
            .Where(one => one.Item1 > 0)
            .Select(one => $"{Figures.Count(one.Item1, "file")} {(one.Item1 == 1 ? "was" : "were")} {one.Item2}");
        return $"no listens are left, {string.Join(", ", texts)}";
    }

    /// <summary>Null where files that count hold listens of these dates, or none ever did.</summary>
    static string? WhyNoneLeft(LakeState state, DateOnly from, DateOnly to)
    {
        var sources = state
            .Sources.Values.Where(source => source.Entry.Slices.Any(slice => slice.Date >= from && slice.Date <= to))
            .ToList();
        return sources.Count == 0 || sources.Exists(source => source.Counts)
            ? null
            : SayNoneLeft(sources.Count(source => source.IsRetracted), sources.Count(source => !source.IsRetracted));
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
