namespace Downbeat.Testing.Oracle;

/// <summary>
/// Computes the tables of docs/kpis.md from raw files the plain way, to be compared with the product. It shares no code
/// with it, keeps everything in memory, and was written from the definitions alone. Comments name the section of
/// docs/kpis.md whose rule the code below them follows.
/// </summary>
public static class KpiOracle
{
    /// <summary>Computes all tables of all dates.</summary>
    public static OracleAnswer Compute(
        IEnumerable<OracleFile> streams,
        IEnumerable<OracleFile> songs,
        IEnumerable<OracleFile> users,
        OracleSettings settings
    )
    {
        ArgumentNullException.ThrowIfNull(streams);
        ArgumentNullException.ThrowIfNull(songs);
        ArgumentNullException.ThrowIfNull(users);
        ArgumentNullException.ThrowIfNull(settings);

        var clock = new ZoneClock(settings.TimeZone);
        var catalogue = Catalogue.Read(songs, users);
        var listenRows = new ListenRows(clock);
        var sources = new List<OracleSource>();
        var rejects = new List<OracleReject>();

        // One dictionary over all files, because a repeated row adds no listen, only its like or share (docs/kpis.md,
        // A listen).
        var listens = new Dictionary<Listen, (bool Liked, bool Shared)>();

        foreach (var file in streams.OrderBy(file => file.Name, Utf8Order.Instance))
        {
            var read = listenRows.Read(file, settings.MaxRejectedShare);
            var accepted = read.Valid.Select(row => row.Listen).Distinct().LongCount();
            sources.Add(
                new(
                    file.Name,
                    read.Valid.Count + read.Rejects.Count,
                    accepted,
                    read.Valid.Count - accepted,
                    read.Rejects.Count,
                    read.Quarantined
                )
            );
            rejects.AddRange(read.Rejects);

            foreach (var row in read.Valid)
            {
                var (liked, shared) = listens.GetValueOrDefault(row.Listen);
                listens[row.Listen] = (liked || row.Liked, shared || row.Shared);
            }
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var date in listens.GroupBy(pair => DateOnly.FromDateTime(clock.LocalTime(pair.Key.Second))))
        {
            // The weights make up the engagement (docs/kpis.md, Engagement).
            var day = new DayTables(
                date.Key,
                settings,
                date.Select(pair => new DayListen(
                    pair.Key.UserId,
                    pair.Key.TrackId,
                    pair.Key.Second,
                    clock.LocalTime(pair.Key.Second).Hour,
                    1L + (pair.Value.Liked ? settings.LikeWeight : 0) + (pair.Value.Shared ? settings.ShareWeight : 0),
                    catalogue.FindTrack(pair.Key.TrackId),
                    catalogue.CountryOf(pair.Key.UserId)
                ))
            );

            foreach (var (table, text) in day.Compute())
            {
                files.Add($"{table}/date={day.Date}.csv", text);
            }
        }

        return new(files, sources, rejects);
    }
}
