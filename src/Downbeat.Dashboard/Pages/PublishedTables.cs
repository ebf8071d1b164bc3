using Downbeat.Dashboard.Lakes;
using Downbeat.Engine.Kpis;

namespace Downbeat.Dashboard.Pages;

/// <summary>Published tables by name, as views want them.</summary>
sealed class PublishedTables(TableCache cache)
{
    static readonly Dictionary<string, KpiSchema> Schemas = KpiTables.Published.ToDictionary(
        schema => schema.Name,
        StringComparer.Ordinal
    );

    /// <summary>A table of a date.</summary>
    public TableFile Read(string name, PublishedDate date) => cache.Read(Schemas[name], date);

    /// <summary>The distinct listens of a date as they are published: what was computed of a date that is held back is not.</summary>
    public long Listens(PublishedDate date) =>
        date.IsHeld ? (long)(Read("daily", date).Only("listen_count") ?? 0) : date.Entry.Listens;

    /// <summary>A table of many dates.</summary>
    public IEnumerable<(PublishedDate Date, TableFile Table)> Read(string name, IReadOnlyList<PublishedDate> dates) =>
        dates.Zip(cache.Read(Schemas[name], dates));
}
