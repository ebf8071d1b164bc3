using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Quality;

/// <summary>What the checks say of a date, and what follows.</summary>
/// <param name="Date">The date.</param>
/// <param name="IsHeld">Whether it is held back.</param>
/// <param name="ApprovedAt">When someone let it through.</param>
/// <param name="Shown">Of a date that is held back: since when the tables are that are shown in its place; null when none are.</param>
/// <param name="Checks">The checks, in the order of their names.</param>
public sealed record DateQuality(
    DateOnly Date,
    bool IsHeld,
    DateTimeOffset? ApprovedAt,
    DateTimeOffset? Shown,
    IReadOnlyList<QualityEntry> Checks
)
{
    /// <summary>Reads what the ledger knows of dates from one to another; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    public static IReadOnlyList<DateQuality> Read(ILake lake, DateOnly from, DateOnly to, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(lake);
        LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "quality", clock).State;
        return [.. state.Dates.Values.Where(date => date.Entry.Date >= from && date.Entry.Date <= to).Select(Of)];
    }

    internal static DateQuality Of(DateState date) =>
        new(
            date.Entry.Date,
            date.Entry.IsHeld,
            date.ApprovedAt,
            date.Entry.IsHeld && date.Entry.Files.Count > 1 ? date.Entry.RestatedAt : null,
            date.Entry.Quality
        );
}
