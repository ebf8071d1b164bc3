using System.Globalization;
using System.Security.Cryptography;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Looks at the bytes of published files. A file is made again under the catalogue with which its date was computed, as long as
/// that is kept: then it is what it was. Otherwise the date is restated. Files of no published date are deleted.
/// </summary>
sealed class KpiRepair(RunContext run, RepairLog log, IReadOnlySet<DateOnly> incomplete)
{
    readonly ILake lake = run.Lake;

    /// <summary>Looks, and mends.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var dates = run.Ledger.State.Dates.Values.ToList();
        var wanted = new List<DateOnly>();
        for (var number = 0; number < dates.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (
                FindDamaged(dates[number].Entry) is { Count: > 0 } damaged
                && !MakeAgain(dates[number].Entry, damaged, cancellationToken)
            )
            {
                wanted.Add(dates[number].Entry.Date);
            }

            log.Report("tables", number + 1, dates.Count, "dates");
        }

        if (wanted.Count > 0 && !log.IsDryRun)
        {
            // Committed, so that a repair that dies is ended by the next run.
            run.Ledger.Commit(_ => LakeLedger.Facts with { Wanted = wanted });
        }
    }

    List<(FileEntry File, string Path, string Wrong)> FindDamaged(DateEntry entry)
    {
        var damaged = new List<(FileEntry, string, string)>();
        foreach (var file in entry.Files)
        {
            var path = LakePaths.Kpi(file.Table, entry.Date);
            var bytes = log.TryRead(lake, path);
            var wrong =
                bytes is null ? "it is missing"
                : bytes.Length != file.Size
                    ? string.Create(CultureInfo.InvariantCulture, $"it has {bytes.Length} bytes, and had {file.Size}")
                : Sum(bytes) != file.Sha256 ? "it is not as it was published"
                : null;
            if (wrong is not null)
            {
                damaged.Add((file, path, wrong));
            }
        }

        return damaged;
    }

    /// <summary>Makes files again as they were; false when the date is to be restated.</summary>
    bool MakeAgain(
        DateEntry entry,
        List<(FileEntry File, string Path, string Wrong)> damaged,
        CancellationToken cancellationToken
    )
    {
        if (incomplete.Contains(entry.Date))
        {
            foreach (var (_, path, wrong) in damaged)
            {
                log.CannotMend(path, wrong, "slices of its date are not whole: mend these first");
            }

            return true;
        }

        if (log.IsDryRun)
        {
            foreach (var (_, path, wrong) in damaged)
            {
                log.Mend(path, wrong, "made again from the slices of its date", () => { });
            }

            return true;
        }

        var tables = Compute(entry, cancellationToken);
        var isSame = damaged.TrueForAll(file =>
            tables?.GetValueOrDefault(file.File.Table) is { } bytes && Sum(bytes) == file.File.Sha256
        );
        foreach (var (file, path, wrong) in damaged)
        {
            log.Mend(
                path,
                wrong,
                isSame
                    ? "made again from the slices of its date"
                    : "restated: the songs, users or settings of when its date was computed are not there any more",
                () =>
                {
                    if (isSame)
                    {
                        lake.Put([(path, tables![file.Table])]);
                    }
                }
            );
        }

        return isSame;
    }

    /// <summary>The tables of a date as they were computed; null where what they were computed from is not there any more.</summary>
    Dictionary<string, byte[]>? Compute(DateEntry entry, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var slices = state.SlicesByDate().GetValueOrDefault(entry.Date)?.ConvertAll(slice => slice.Slice) ?? [];
        if (
            entry.Shape != run.Options.Kpis.Shape
            || entry.Inputs != LakeState.Inputs(slices.Select(slice => slice.Path))
        )
        {
            return null;
        }

        try
        {
            if (
                Find("songs", entry.Songs, run.Ledger.State.Songs) is not { } songs
                || Find("users", entry.Users, run.Ledger.State.Users) is not { } users
            )
            {
                return null;
            }

            var day = new Day(
                entry.Date,
                run.Zone,
                run.OpenSlices(state.PathsToRead(entry.Date, slices)),
                run.Options.Workers
            );
            var counts = day.Count(
                SongsFile.Read(lake.OpenBytes(songs)),
                new SliceReader(lake.OpenBytes(users)),
                run.Options.Workers,
                cancellationToken
            );
            return KpiTables
                .Compute(counts, run.Options.Kpis)
                .Append(
                    QualityDaily.Of(
                        entry.Date,
                        entry.Quality.Select(check => (check.Check, check.Value, check.Threshold, check.Status))
                    )
                )
                .ToDictionary(table => table.Schema.Name, table => table.ToCsv(), StringComparer.Ordinal);
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            return null; // Whoever computes the date anew says what is wrong.
        }
    }

    string? Find(string what, int version, CatalogueEntry? now) =>
        now?.Version == version ? now.Path : CatalogueRepair.Versions(lake, what, version).FirstOrDefault()?.Path;

    /// <summary>Deletes files of dates that have no listens, when all dates are computed.</summary>
    public void DeleteSuperfluous(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var slices = state.SlicesByDate(); // A date that could not be computed has slices, and keeps what there is.
        var tables = KpiTables.Published.Select(schema => schema.Name).ToHashSet(StringComparer.Ordinal);
        var superfluous = lake.List(LakePaths.Kpis, cancellationToken)
            .Where(file =>
                DateOf(file.Path, tables) is { } date && !state.Dates.ContainsKey(date) && !slices.ContainsKey(date)
            )
            .Select(file => file.Path)
            .ToList();
        if (superfluous.Count == 0)
        {
            return;
        }

        if (!log.IsDryRun)
        {
            // As a sweep does it: whoever wrote them and comes back late finds out.
            run.Ledger.Commit(_ => LakeLedger.Facts with { Swept = superfluous });
        }

        foreach (var path in superfluous)
        {
            log.Mend(path, "no date of the ledger has it", "deleted", () => lake.Delete(path));
        }
    }

    static DateOnly? DateOf(string path, HashSet<string> tables)
    {
        const string Before = "date=";
        const string Behind = ".csv";
        return
            path.Split('/') is [_, var table, var name]
            && tables.Contains(table)
            && name.StartsWith(Before, StringComparison.Ordinal)
            && name.EndsWith(Behind, StringComparison.Ordinal)
            && DateOnly.TryParseExact(
                name[Before.Length..^Behind.Length],
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var date
            )
            ? date
            : null;
    }

    static string Sum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
