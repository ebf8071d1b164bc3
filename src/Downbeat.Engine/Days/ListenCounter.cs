using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// Counts listens that come sorted, one user after the other, so that of distinct listeners only the user who passes by has to be
/// remembered.
/// </summary>
/// <remarks>
/// Most of the time of a run's second half is spent in <see cref="AddOfUser"/>. A listen touches the line of its track,
/// which is not near and therefore fetched ahead, and else only what always is: counters of hours, genres and
/// the country. Whether a listener is new to an hour or a genre is a guess that fails half of the time: it is calculated.
/// </remarks>
sealed class ListenCounter
{
    const uint SessionGapSeconds = 30 * 60;

    /// <summary>How many listens ahead lines are fetched: 16 to 64 are equal, none costs four times as much.</summary>
    const int Ahead = 32;

    readonly UserCountries userCountries;
    readonly DayHours hours;
    readonly TrackGenres genres;

    // Of the user who passes by. Genres remember the ordinal of the user who listened to them last.
    readonly long[] lastListenerOfGenre;
    long userOrdinal;
    ulong user = ulong.MaxValue;
    uint lastSecond;
    int hoursOfUser;
    CountryCounts country = new(0);

    public ListenCounter(DayCounts counts, SliceReader users, DayHours hours, TrackGenres genres)
    {
        Counts = counts;
        userCountries = new(users);
        this.hours = hours;
        this.genres = genres;
        lastListenerOfGenre = new long[counts.Songs.Genres.Count];
    }

    /// <summary>What was counted.</summary>
    public DayCounts Counts { get; }

    /// <summary>Counts the next listens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Add(ReadOnlySpan<Listen> listens)
    {
        foreach (ref readonly var listen in listens[..Math.Min(Ahead, listens.Length)])
        {
            Fetch(listen);
        }

        for (var at = 0; at < listens.Length; )
        {
            if (listens[at].User != user)
            {
                StartUser(listens[at]);
            }

            at += AddOfUser(listens[at..]);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Fetch(in Listen listen) => Cache.Prefetch(ref Unsafe.Add(ref Counts.Tracks.First, listen.Track));

    /// <summary>Counts those listens at the begin that are of the user, and says how many they were.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int AddOfUser(ReadOnlySpan<Listen> listens)
    {
        ref var first = ref MemoryMarshal.GetReference(listens);
        ref var lines = ref Counts.Tracks.First;
        var last = listens.Length - 1;
        var listenersByHour = Counts.ListenersByHourSums;
        var (thisUser, hoursBefore, secondBefore) = (user, hoursOfUser, lastSecond);
        var (sessions, timeMs) = (0L, 0L);
        var at = 0;
        do
        {
            Cache.Prefetch(ref Unsafe.Add(ref lines, Unsafe.Add(ref first, Math.Min(at + Ahead, last)).Track));
            ref readonly var listen = ref Unsafe.Add(ref first, at);
            Debug.Assert(listen.Track < Counts.Tracks.Count);
            var second = listen.Second;
            sessions += second - secondBefore >= SessionGapSeconds ? 1 : 0;
            secondBefore = second;

            var hour = hours[second];
            listenersByHour[hour] += ~(hoursBefore >> hour) & 1;
            hoursBefore |= 1 << hour;

            ref var line = ref Unsafe.Add(ref lines, listen.Track);
            if (++line.ListensByHour[hour] == 0)
            {
                Counts.Tracks.AddCarry(listen.Track, hour);
            }

            line.LikesAndShares += TrackLine.Of(listen.Flags);
            timeMs += line.DurationMs;
            if (line.Genre >= 0)
            {
                AddGenre(line.Genre);
            }
            else
            {
                foreach (var genre in genres.Several(line.Genre))
                {
                    AddGenre(genre);
                }
            }
        } while (++at < listens.Length && Unsafe.Add(ref first, at).User == thisUser);

        (hoursOfUser, lastSecond) = (hoursBefore, secondBefore);
        Counts.Listens += at;
        Counts.Sessions += sessions;
        country.Listens += at;
        country.ListeningTimeMs += timeMs;
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void AddGenre(int genre)
    {
        country.ListensByGenre[genre]++;
        ref var lastListener = ref lastListenerOfGenre[genre];
        Counts.ListenersByGenreSums[genre] += lastListener != userOrdinal ? 1 : 0;
        lastListener = userOrdinal;
    }

    void StartUser(in Listen first)
    {
        user = first.User;
        userOrdinal++;
        hoursOfUser = 0;
        lastSecond = first.Second - SessionGapSeconds; // The first listen begins a session.
        Counts.Listeners++;
        var isKnown = userCountries.Find(user);
        Counts.UnknownUsers += isKnown ? 0 : 1;
        country = Counts.CountsOf(isKnown ? userCountries.Country : Counts.UnknownCountry);
        country.Listeners++;
    }
}
