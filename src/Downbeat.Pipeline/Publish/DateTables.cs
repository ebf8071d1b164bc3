using System.Security.Cryptography;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Publish;

/// <summary>All tables of a date, as they are published to a destination.</summary>
/// <param name="Date">The date.</param>
/// <param name="Version">The version of the ledger that says so: of two, the higher one is right.</param>
/// <param name="Fingerprint">Of the tables; empty for a date without listens.</param>
/// <param name="Tables">The tables in the order of <see cref="KpiTables.Published"/>; without rows for a date without listens.</param>
public sealed record DateTables(DateOnly Date, long Version, string Fingerprint, IReadOnlyList<KpiTable> Tables)
{
    /// <summary>Its rows in all tables.</summary>
    public long Rows => Tables.Sum(table => (long)table.Rows.Count);

    /// <summary>A table of a name.</summary>
    public KpiTable Table(string name) => Tables.First(table => table.Schema.Name == name);

    /// <summary>A date that was left without listens.</summary>
    public static DateTables Empty(DateOnly date, long version) =>
        new(date, version, "", [.. KpiTables.Published.Select(schema => new KpiTable(schema, date))]);

    /// <summary>
    /// Reads the published files of a date. A table that has none is without rows: those of a date that was held back from the
    /// first, and <c>quality_daily</c> of one that was computed before there was such a table.
    /// </summary>
    /// <exception cref="DamagedObjectException">A file is not what the ledger says.</exception>
    internal static DateTables Read(ILake lake, DateState state)
    {
        var date = state.Entry.Date;
        var tables = KpiTables.Published.Select(schema =>
        {
            var entry = state.Entry.Files.FirstOrDefault(file => file.Table == schema.Name);
            if (entry is null)
            {
                return new KpiTable(schema, date);
            }

            var path = LakePaths.Kpi(schema.Name, date);
            using var bytes = new MemoryStream();
            using (var file = lake.Open(path))
            {
                file.CopyTo(bytes);
            }

            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
            if (entry.Sha256 != hash)
            {
                throw new DamagedObjectException(
                    $"{path} is not as it was published; `downbeat repair` makes it again."
                );
            }

            bytes.Position = 0;
            return KpiTable.ReadCsv(schema, date, bytes);
        });
        return new(date, state.ComputedIn, state.Entry.Fingerprint, [.. tables]);
    }
}
