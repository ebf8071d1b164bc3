using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// What the KPIs of a date need to know of its listens: counts by track and hour, from which all else about tracks,
/// genres and artists follows, and distinct listeners, which are counted while they pass by in order. The counts of
/// disjoint ranges of users add up.
/// </summary>
public sealed class DayCounts
{
    /// <summary>Hours in a date's calendar; a day of 25 hours has one of them twice.</summary>
    public const int Hours = 24;

    const uint SessionGapSeconds = 30 * 60;

    readonly int[] songOfTrack;
    readonly UserCountries userCountries;
    readonly uint[] byTrackAndHour;
    readonly uint[] likes;
    readonly uint[] shares;
    readonly long[] listenersByHour = new long[Hours];
    readonly long[] listenersByGenre;
    readonly CountryCounts?[] countries;
    readonly int unknownCountry;
    readonly int offsetSeconds;
    readonly bool isPlain;

    // Of the user who passes by.
    readonly long[] lastListenerOfGenre; // The ordinal of the user who listened to the genre last.
    long userOrdinal;
    ulong user = ulong.MaxValue;
    uint lastSecond;
    int hoursOfUser;
    CountryCounts country = new(0);

    internal DayCounts(Day day, Songs songs, int[] songOfTrack, SliceReader users)
    {
        Day = day;
        Songs = songs;
        this.songOfTrack = songOfTrack;
        userCountries = new(users);
        byTrackAndHour = new uint[day.Tracks.Count * Hours];
        likes = new uint[day.Tracks.Count];
        shares = new uint[day.Tracks.Count];
        listenersByGenre = new long[songs.Genres.Count];
        lastListenerOfGenre = new long[songs.Genres.Count];
        CountryNames = users.Tracks;
        var known = users.Tracks.Find(UserCountries.Unknown);
        unknownCountry = known >= 0 ? known : users.Tracks.Count;
        countries = new CountryCounts?[users.Tracks.Count + 1];
        var start = ListenDate.SpanStart(ListenDate.ToDay(day.Date)) + ListenDate.MaxOffsetSeconds;
        isPlain = day.Zone.IsPlain(start - ListenDate.SecondsPerDay, start + (2 * ListenDate.SecondsPerDay));
        offsetSeconds = day.Zone.OffsetAt(start);
    }

    /// <summary>The day.</summary>
    public Day Day { get; }

    /// <summary>The songs it was counted under.</summary>
    public Songs Songs { get; }

    /// <summary>The countries' names, sorted; a number behind them stands for <c>unknown</c>.</summary>
    public Texts CountryNames { get; }

    /// <summary>All listens.</summary>
    public long Listens { get; private set; }

    /// <summary>Distinct users.</summary>
    public long Listeners { get; private set; }

    /// <summary>Runs of one user's listens without a gap of 30 minutes or more.</summary>
    public long Sessions { get; private set; }

    /// <summary>Distinct users who are not in the users.</summary>
    public long UnknownUsers { get; private set; }

    /// <summary>Distinct users by hour.</summary>
    public ReadOnlySpan<long> ListenersByHour => listenersByHour;

    /// <summary>Distinct users by genre.</summary>
    public ReadOnlySpan<long> ListenersByGenre => listenersByGenre;

    /// <summary>Counts by country; null for one without listeners.</summary>
    public IReadOnlyList<CountryCounts?> Countries => countries;

    /// <summary>A track's number in the songs, or -1 when they do not know it.</summary>
    public int SongOf(int track) => songOfTrack[track];

    /// <summary>A track's listens by hour.</summary>
    public ReadOnlySpan<uint> ListensByHour(int track) => byTrackAndHour.AsSpan(track * Hours, Hours);

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
    public long LikesOf(int track) => likes[track];

    /// <summary>How many listens of a track were shared.</summary>
    public long SharesOf(int track) => shares[track];

    /// <summary>Counts listens, which come sorted.</summary>
    internal bool Add(ReadOnlySpan<Listen> listens)
    {
        foreach (ref readonly var listen in listens)
        {
            if (listen.User != user)
            {
                StartUser(listen);
            }
            else if (listen.Second - lastSecond >= SessionGapSeconds)
            {
                Sessions++;
            }

            lastSecond = listen.Second;
            var hour = HourOf(listen.Second);
            if ((hoursOfUser & (1 << hour)) == 0)
            {
                hoursOfUser |= 1 << hour;
                listenersByHour[hour]++;
            }

            byTrackAndHour[(listen.Track * Hours) + hour]++;
            if (listen.Flags != ListenFlags.None)
            {
                likes[listen.Track] += (uint)listen.Flags & 1;
                shares[listen.Track] += (uint)listen.Flags >> 1;
            }

            country.Listens++;
            var song = songOfTrack[listen.Track];
            if (song < 0)
            {
                continue;
            }

            country.ListeningTimeMs += Songs.DurationMs[song];
            foreach (var genre in Songs.GenresOfTrack[song])
            {
                country.ListensByGenre[genre]++;
                if (lastListenerOfGenre[genre] != userOrdinal)
                {
                    lastListenerOfGenre[genre] = userOrdinal;
                    listenersByGenre[genre]++;
                }
            }
        }

        Listens += listens.Length;
        return true;
    }

    /// <summary>Adds the counts of other users.</summary>
    internal void Add(DayCounts other)
    {
        Listens += other.Listens;
        Listeners += other.Listeners;
        Sessions += other.Sessions;
        UnknownUsers += other.UnknownUsers;
        AddAll(byTrackAndHour, other.byTrackAndHour);
        AddAll(likes, other.likes);
        AddAll(shares, other.shares);
        AddAll(listenersByHour, other.listenersByHour);
        AddAll(listenersByGenre, other.listenersByGenre);
        for (var number = 0; number < countries.Length; number++)
        {
            if (other.countries[number] is not { } added)
            {
                continue;
            }

            var sum = countries[number] ??= new(Songs.Genres.Count);
            sum.Listens += added.Listens;
            sum.Listeners += added.Listeners;
            sum.ListeningTimeMs += added.ListeningTimeMs;
            AddAll(sum.ListensByGenre, added.ListensByGenre);
        }
    }

    void StartUser(in Listen first)
    {
        user = first.User;
        userOrdinal++;
        hoursOfUser = 0;
        Listeners++;
        Sessions++;
        var number = unknownCountry;
        if (userCountries.Find(user))
        {
            number = userCountries.Country;
        }
        else
        {
            UnknownUsers++;
        }

        country = countries[number] ??= new(Songs.Genres.Count);
        country.Listeners++;
    }

    int HourOf(uint second)
    {
        var local = second + (isPlain ? offsetSeconds : OffsetWithin(second)) - ListenDate.MaxOffsetSeconds;

        // A listen stays in the date it was scanned into, even if the time zone database has changed its mind since.
        return (int)Math.Clamp(local / 3600, 0, Hours - 1);
    }

    long OffsetWithin(uint second) => Day.Zone.OffsetAt(ListenDate.SpanStart(ListenDate.ToDay(Day.Date)) + second);

    static void AddAll(Span<uint> sums, ReadOnlySpan<uint> added)
    {
        for (var at = 0; at < sums.Length; at++)
        {
            sums[at] += added[at];
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
    public long[] ListensByGenre { get; } = new long[genres];
}
