using System.Runtime.CompilerServices;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Kpis;

/// <summary>What several tables need of a day: sums and rankings by genre and by artist, made once from its counts.</summary>
public sealed class DayTotals
{
    readonly long[] listensByHour = new long[DayCounts.Hours];
    readonly long[] tracksByHour = new long[DayCounts.Hours];

    /// <summary>Sums up a day.</summary>
    public DayTotals(DayCounts day, KpiOptions options)
    {
        Day = day;
        Options = options;
        var genres = new GenreTotals?[day.Songs.Genres.Count];
        var artists = new ArtistTotals(day.Songs.Artists.Count);
        AddTracks(genres, artists);
        Genres = genres;
        var topGenres = new Ranking(options.TopGenres, ByNumber);
        for (var genre = 0; genre < genres.Length; genre++)
        {
            topGenres.Add(genres[genre]?.Listens ?? 0, genre);
            if (genres[genre] is { } totals)
            {
                totals.Listeners = day.ListenersByGenre[genre];
            }
        }

        TopGenres = topGenres.Best;
        (TopArtists, TopArtistsByHour) = artists.Rank(options.TopArtistsDaily, options.TopArtistsHourly);
    }

    /// <summary>The day.</summary>
    public DayCounts Day { get; }

    /// <summary>What shapes the tables.</summary>
    public KpiOptions Options { get; }

    /// <summary>The songs the day was counted under.</summary>
    public Songs Songs => Day.Songs;

    /// <summary>The sum of the known tracks' durations over all listens, in milliseconds.</summary>
    public long ListeningTimeMs { get; private set; }

    /// <summary>Totals by genre; null for one without listens.</summary>
    public IReadOnlyList<GenreTotals?> Genres { get; }

    /// <summary>The date's genres by listens.</summary>
    public IReadOnlyList<(long Measure, int Candidate)> TopGenres { get; }

    /// <summary>The date's artists by listens.</summary>
    public IReadOnlyList<(long Measure, int Candidate)> TopArtists { get; }

    /// <summary>Every hour's artists by listens.</summary>
    public IReadOnlyList<IReadOnlyList<(long Measure, int Candidate)>> TopArtistsByHour { get; }

    /// <summary>Listens by hour.</summary>
    public ReadOnlySpan<long> ListensByHour => listensByHour;

    /// <summary>Distinct tracks listened to by hour.</summary>
    public ReadOnlySpan<long> TracksByHour => tracksByHour;

    /// <summary>The summed engagement of a track's listens, by its number in the day.</summary>
    public long EngagementOf(int track) => EngagementOf(track, Day.ListensOf(track));

    /// <summary>A track's number in the songs, by its number in the day.</summary>
    public int SongOf(int track) => Day.SongOf(track);

    /// <summary>Names, joined as in list-valued columns.</summary>
    internal static byte[] Join(
        IReadOnlyList<(long Measure, int Candidate)> ranking,
        Texts names,
        Func<int, int>? numberOf = null
    )
    {
        var joined = new List<byte>();
        for (var place = 0; place < ranking.Count; place++)
        {
            joined.AddRange(place > 0 ? ", "u8 : []);
            var candidate = ranking[place].Candidate;
            joined.AddRange(names[numberOf?.Invoke(candidate) ?? candidate]);
        }

        return [.. joined];
    }

    /// <summary>Genres and artists are numbered in the order of their names.</summary>
    static int ByNumber(int left, int right) => left.CompareTo(right);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void AddTracks(GenreTotals?[] genres, ArtistTotals artists)
    {
        var songs = Songs;
        for (var track = 0; track < Day.Day.Tracks.Count; track++)
        {
            var hours = Day.ListensByHour(track);
            hours.AddTo(listensByHour, tracksByHour);
            if (Day.SongOf(track) is var song && song < 0)
            {
                continue;
            }

            var listens = hours.Sum();
            var engagement = EngagementOf(track, listens);
            ListeningTimeMs += listens * songs.DurationMs[song];
            foreach (var genre in songs.GenresOfTrack[song])
            {
                (genres[genre] ??= new(this)).Add(track, song, listens, engagement);
            }

            foreach (var artist in songs.ArtistsOfTrack[song])
            {
                artists.Add(artist, hours);
            }
        }
    }

    long EngagementOf(int track, long listens) =>
        listens + (Options.LikeWeight * Day.LikesOf(track)) + (Options.ShareWeight * Day.SharesOf(track));
}

/// <summary>What a day holds of one genre.</summary>
public sealed class GenreTotals
{
    readonly DayTotals day;
    readonly Ranking topTracks;
    readonly Ranking mostPopular;

    internal GenreTotals(DayTotals day)
    {
        this.day = day;
        topTracks = new(day.Options.TopTracks, ByNameThenId);
        mostPopular = new(1, ByNameThenId);
    }

    /// <summary>Listens of the genre's tracks.</summary>
    public long Listens { get; private set; }

    /// <summary>Distinct users among them.</summary>
    public long Listeners { get; internal set; }

    /// <summary>Distinct tracks of the genre listened to.</summary>
    public long Tracks { get; private set; }

    /// <summary>The sum of the durations over the listens, in milliseconds.</summary>
    public long ListeningTimeMs { get; private set; }

    /// <summary>The sum of the durations over the distinct tracks, in milliseconds.</summary>
    public long TrackTimeMs { get; private set; }

    /// <summary>The sum of engagement x popularity over the listens.</summary>
    public long WeightedPopularity { get; private set; }

    /// <summary>The tracks by listens; a candidate is a track's number in the day.</summary>
    public IReadOnlyList<(long Measure, int Candidate)> TopTracks => topTracks.Best;

    /// <summary>The track with the highest engagement, by its number in the day.</summary>
    public int MostPopularTrack => mostPopular.Best[0].Candidate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(int track, int song, long listens, long engagement)
    {
        var songs = day.Songs;
        Listens += listens;
        Tracks++;
        ListeningTimeMs += listens * songs.DurationMs[song];
        TrackTimeMs += songs.DurationMs[song];
        WeightedPopularity += engagement * songs.Popularity[song];
        topTracks.Add(listens, track);
        mostPopular.Add(engagement, track);
    }

    /// <summary>Tracks are numbered in the order of their ids.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int ByNameThenId(int left, int right)
    {
        var names = day.Songs.Names;
        var order = names[day.Day.SongOf(left)].SequenceCompareTo(names[day.Day.SongOf(right)]);
        return order != 0 ? order : left.CompareTo(right);
    }
}
