using System.Runtime.CompilerServices;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// What the KPIs of a date need to know of its listens: counts by track and hour, from which all else about tracks,
/// genres and artists follows, and distinct listeners. The counts of disjoint ranges of users add up.
/// </summary>
public sealed class DayCounts
{
    /// <summary>Hours in a date's calendar; a day of 25 hours has one of them twice.</summary>
    public const int Hours = 24;

    readonly int[] songOfTrack;
    readonly CountryCounts?[] countries;

    internal DayCounts(Day day, Songs songs, int[] songOfTrack, SliceReader users, TrackCounts tracks)
    {
        Day = day;
        Songs = songs;
        this.songOfTrack = songOfTrack;
        Tracks = tracks;
        ListenersByGenreSums = new long[songs.Genres.Count];
        CountryNames = users.Tracks;
        var known = users.Tracks.Find(UserCountries.Unknown);
        UnknownCountry = known >= 0 ? known : users.Tracks.Count;
        countries = new CountryCounts?[users.Tracks.Count + 1];
    }

    /// <summary>The day.</summary>
    public Day Day { get; }

    /// <summary>The songs it was counted under.</summary>
    public Songs Songs { get; }

    /// <summary>The countries' names, sorted; a number behind them stands for <c>unknown</c>.</summary>
    public Texts CountryNames { get; }

    /// <summary>All listens.</summary>
    public long Listens { get; internal set; }

    /// <summary>Distinct users.</summary>
    public long Listeners { get; internal set; }

    /// <summary>Runs of one user's listens without a gap of 30 minutes or more.</summary>
    public long Sessions { get; internal set; }

    /// <summary>Distinct users who are not in the users.</summary>
    public long UnknownUsers { get; internal set; }

    /// <summary>Distinct users by hour.</summary>
    public ReadOnlySpan<long> ListenersByHour => ListenersByHourSums;

    /// <summary>Distinct users by genre.</summary>
    public ReadOnlySpan<long> ListenersByGenre => ListenersByGenreSums;

    /// <summary>Counts by country; null for one without listeners.</summary>
    public IReadOnlyList<CountryCounts?> Countries => countries;

    /// <summary>How many ranges of users were counted.</summary>
    internal int Ranges { get; set; }

    internal TrackCounts Tracks { get; }

    internal long[] ListenersByHourSums { get; } = new long[Hours];

    internal long[] ListenersByGenreSums { get; }

    /// <summary>The number of the country of a user who has none.</summary>
    internal int UnknownCountry { get; }

    /// <summary>A track's number in the songs, or -1 when they do not know it.</summary>
    public int SongOf(int track) => songOfTrack[track];

    /// <summary>A track's listens by hour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HourCounts ListensByHour(int track) => Tracks.ListensByHour(track);

    /// <summary>A track's listens.</summary>
    public long ListensOf(int track)
    {
        var sum = 0L;
        foreach (var listens in ListensByHour(track))
        {
            sum += listens;
        }

        return sum;
    }

    /// <summary>How many listens of a track were liked.</summary>
    public long LikesOf(int track) => (uint)Tracks.LikesAndShares(track);

    /// <summary>How many listens of a track were shared.</summary>
    public long SharesOf(int track) => (long)(Tracks.LikesAndShares(track) >> 32);

    /// <summary>The counts of a country.</summary>
    internal CountryCounts CountsOf(int country) => countries[country] ??= new(Songs.Genres.Count);

    /// <summary>Adds the counts of other users.</summary>
    internal void Add(DayCounts other)
    {
        Ranges += other.Ranges;
        Listens += other.Listens;
        Listeners += other.Listeners;
        Sessions += other.Sessions;
        UnknownUsers += other.UnknownUsers;
        Tracks.Add(other.Tracks);
        AddAll(ListenersByHourSums, other.ListenersByHourSums);
        AddAll(ListenersByGenreSums, other.ListenersByGenreSums);
        for (var number = 0; number < countries.Length; number++)
        {
            if (other.countries[number] is not { } added)
            {
                continue;
            }

            var sum = CountsOf(number);
            sum.Listens += added.Listens;
            sum.Listeners += added.Listeners;
            sum.ListeningTimeMs += added.ListeningTimeMs;
            AddAll(sum.ListensByGenreSums, added.ListensByGenreSums);
        }
    }

    static void AddAll(Span<long> sums, ReadOnlySpan<long> added)
    {
        for (var at = 0; at < sums.Length; at++)
        {
            sums[at] += added[at];
        }
    }
}

/// <summary>What is counted of the listens of one country's users.</summary>
public sealed class CountryCounts(int genres)
{
    /// <summary>All listens.</summary>
    public long Listens { get; internal set; }

    /// <summary>Distinct users.</summary>
    public long Listeners { get; internal set; }

    /// <summary>The sum of the known tracks' durations over the listens, in milliseconds.</summary>
    public long ListeningTimeMs { get; internal set; }

    /// <summary>Listens by genre.</summary>
    public ReadOnlySpan<long> ListensByGenre => ListensByGenreSums.AsSpan(0, ListensByGenreSums.Length - 1);

    /// <summary>Listens by genre, and last those of no genre.</summary>
    internal long[] ListensByGenreSums { get; } = new long[genres + 1];
}
