using System.Globalization;
using System.Security.Cryptography;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Pipeline.Runs;

/// <summary>Finds the dates whose published tables are not what they should be, and says why.</summary>
static class StaleDates
{
    const string Forgotten = "users were forgotten";

    /// <summary>
    /// What makes a date stale apart from the catalogue: its slices, the settings, its files, or a wish. Dates whose files were
    /// written by someone else since, and hold what they should all the same, are said too.
    /// </summary>
    public static (List<PlannedDate> Stale, List<SeenEntry> Touched) Find(
        ILake lake,
        LakeState state,
        RunOptions options
    )
    {
        var slicesByDate = state.SlicesByDate();
        var files = lake.List(LakePaths.Kpis).ToDictionary(file => file.Path, StringComparer.Ordinal);
        var stale = new List<PlannedDate>();
        var touched = new List<SeenEntry>();
        var newestArrival = state.NewestArrival();
        foreach (var date in slicesByDate.Keys.Union(state.Dates.Keys).Union(DatesOf(files.Keys)).Order())
        {
            var slices = slicesByDate.GetValueOrDefault(date) ?? [];
            var why = WhyStale(date, slices, state, options, newestArrival, files);
            if (why is null && state.Dates[date].Entry is var entry && IsTouched(entry, files))
            {
                why = WhyOther(lake, entry, files);
                if (why is null)
                {
                    touched.Add(
                        new(date, [.. entry.Files.Select(file => file.As(files[LakePaths.Kpi(file.Table, date)]))])
                    );
                }
            }

            if (why is not null)
            {
                stale.Add(new(date, why));
            }
        }

        return (stale, touched);
    }

    static bool IsTouched(DateEntry entry, Dictionary<string, LakeObject> files) =>
        entry.Files.Any(file => file.IsTouched(files[LakePaths.Kpi(file.Table, entry.Date)]));

    /// <summary>Why files that someone else has written are not what they should be; null when they are.</summary>
    static string? WhyOther(ILake lake, DateEntry entry, Dictionary<string, LakeObject> files)
    {
        foreach (var file in entry.Files)
        {
            var path = LakePaths.Kpi(file.Table, entry.Date);
            if (!file.IsTouched(files[path]))
            {
                continue;
            }

            try
            {
                using var bytes = lake.Open(path);
                if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == file.Sha256)
                {
                    continue;
                }
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                // Computing it puts it right, whatever it is.
            }

            return $"{path} is not as it was published";
        }

        return null;
    }

    /// <summary>The dates of published files: a run that stood still may have put some when their date had no listens any more.</summary>
    static IEnumerable<DateOnly> DatesOf(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            if (
                path.Split('/') is [_, var table, var name]
                && name.Length == "date=2024-06-25.csv".Length
                && DateOnly.TryParseExact(
                    name.AsSpan(5, 10),
                    "yyyy-MM-dd",
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.None,
                    out var date
                )
                && KpiTables.Published.Any(schema => schema.Name == table)
                && path == LakePaths.Kpi(table, date)
            )
            {
                yield return date;
            }
        }
    }

    /// <summary>
    /// Dates with unknown tracks or users that a newer catalogue knows. The other dates that were looked at are said too,
    /// so that nobody looks again.
    /// </summary>
    public static (List<PlannedDate> Stale, List<CheckedEntry> Checked) FindKnownNow(
        RunContext run,
        CancellationToken cancellationToken
    )
    {
        var state = run.Ledger.State;
        var (songs, users) = (state.Songs!.Version, state.Users!.Version);
        var slicesByDate = state.SlicesByDate();
        var stale = new List<PlannedDate>();
        var seen = new List<CheckedEntry>();
        foreach (var (date, known) in state.Dates)
        {
            var lookForTracks = known.Entry.UnknownTracks > 0 && known.SongsChecked < songs;
            var lookForUsers = known.Entry.UnknownUsers > 0 && known.UsersChecked < users;
            if ((!lookForTracks && !lookForUsers) || !slicesByDate.TryGetValue(date, out var slices))
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var day = new Day(
                    date,
                    run.Zone,
                    run.OpenSlices(state.PathsToRead(date, slices.ConvertAll(slice => slice.Slice)))
                );
                if (lookForTracks && day.HasTrackKnownSince(run.Songs(), known.SongsChecked))
                {
                    stale.Add(
                        new(
                            date,
                            state.Songs.FirstVersion > known.SongsChecked
                                ? "the songs were read anew, as they were no longer kept"
                                : "the songs know tracks now that they did not know before"
                        )
                    );
                }
                else if (lookForUsers && day.HasUserKnownSince(run.Users(), known.UsersChecked, cancellationToken))
                {
                    stale.Add(
                        new(
                            date,
                            state.Users.FirstVersion > known.UsersChecked
                                ? "the users were read anew, as they were no longer kept"
                                : "the users hold listeners now who were unknown before"
                        )
                    );
                }
                else
                {
                    seen.Add(new(date, songs, users));
                }
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                run.Fail(
                    $"{Engine.Listens.ListenDate.Text(date)} was not looked at for tracks and users that are known now",
                    error
                );
            }
        }

        return (stale, seen);
    }

    static string? WhyStale(
        DateOnly date,
        List<(SliceEntry Slice, SourceState Source)> slices,
        LakeState state,
        RunOptions options,
        DateTimeOffset? newestArrival,
        Dictionary<string, LakeObject> files
    )
    {
        if (!state.Dates.TryGetValue(date, out var known))
        {
            return slices.Count == 0
                ? "it has no listens any more"
                : $"new: {Sources(slices.Select(slice => slice.Source))}";
        }

        if (known.Entry.Inputs != LakeState.Inputs(slices.Select(slice => slice.Slice.Path)))
        {
            var gone = state.Sources.Values.Where(source =>
                source.RetractedIn > known.ComputedIn && source.Entry.Slices.Any(slice => slice.Date == date)
            );
            var why = WhyChanged(known, slices.Select(slice => slice.Source).Concat(gone), state);
            return slices.Count == 0 ? $"it has no listens any more ({why})" : why;
        }

        if (known.Entry.Shape != options.Kpis.Shape)
        {
            return $"settings changed: {options.Kpis.Shape}, was {known.Entry.Shape}";
        }

        if (known.IsWanted)
        {
            return "rebuild was asked for";
        }

        if (known.Entry.OpenUntil <= newestArrival)
        {
            return "the date is over";
        }

        if (known.Entry.IsHeld)
        {
            var why =
                known.ApprovedAt is not null ? "it was approved"
                : known.Entry.JudgedBy != QualityOptions.JudgedBy(options.Quality, state)
                    ? "what it was held back by has changed: thresholds, songs or users"
                : state.ForgottenIn > known.ComputedIn && known.Entry.Files.Count > 1 ? Forgotten
                : null;
            if (why is not null)
            {
                return why;
            }
        }

        var missing = KpiTables.Published.FirstOrDefault(table =>
            files.GetValueOrDefault(LakePaths.Kpi(table.Name, date))?.Size
            != known.Entry.Files.FirstOrDefault(file => file.Table == table.Name)?.Size
        );
        return missing is null ? null : $"{LakePaths.Kpi(missing.Name, date)} is not as it was published";
    }

    static string WhyChanged(DateState known, IEnumerable<SourceState> sources, LakeState state)
    {
        var changed = sources.ToLookup(
            source =>
                source.RetractedIn > known.ComputedIn ? "retracted"
                : source.RestoredIn > known.ComputedIn ? "taken back in"
                : source.ScannedIn > known.ComputedIn ? "more files"
                : source.RewrittenIn > known.ComputedIn ? Forgotten
                : "",
            StringComparer.Ordinal
        );
        var whys = changed
            .Where(why => why.Key.Length > 0)
            .OrderBy(why => why.Key, StringComparer.Ordinal)
            .Select(why => why.Key == Forgotten ? Forgotten : $"{why.Key}: {Sources(why)}");
        return string.Join("; ", whys) is { Length: > 0 } text ? text
            : state.ForgottenIn > known.ComputedIn ? Forgotten // What a source held of the date is gone as a whole.
            : "its files have changed";
    }

    static string Sources(IEnumerable<SourceState> sources)
    {
        const int Shown = 3;
        var names = sources
            .Select(source => source.Entry.Key[(LakePaths.Streams.Length + 1)..])
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        var more = names.Count > Shown ? $" and {names.Count - Shown} more" : "";
        return string.Join(", ", names.Take(Shown)) + more;
    }
}
