using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// Counts listens that come sorted, one user after the other, so that of distinct listeners only the user who passes by has
/// to be remembered.
/// </summary>
/// <remarks>
/// A listen touches the line of its track, which is not near and therefore fetched ahead, and else only what always is:
/// counters of hours, genres and the country. Whether a listener is new to an hour or a genre cannot be guessed, so it is
/// calculated: a branch that is taken every other time costs more than all of this.
/// </remarks>
sealed class ListenCounter
{
    const uint SessionGapSeconds = 30 * 60;

    /// <summary>How many listens ahead lines are fetched.</summary>
    const int Ahead = 32;

    readonly DayCounts counts;
    readonly UserCountries userCountries;
    readonly DayHours hours;
    readonly TrackGenres genres;
    readonly GenreListeners[] listenersOfGenre; // The last one is of no genre.

    // Of the user who passes by.
    long userOrdinal;
    ulong user = ulong.MaxValue;
    uint lastSecond;
    int hoursOfUser;
    CountryCounts country = new(0);

    public ListenCounter(DayCounts counts, SliceReader users, DayHours hours, TrackGenres genres)
    {
        this.counts = counts;
        userCountries = new(users);
        this.hours = hours;
        this.genres = genres;
        listenersOfGenre = new GenreListeners[counts.Songs.Genres.Count + 1];
    }

    /// <summary>Counts the next listens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<Listen> listens)
    {
        foreach (ref readonly var listen in listens[..Math.Min(Ahead, listens.Length)])
        {
            Cache.Prefetch(ref Unsafe.Add(ref counts.Tracks.First, listen.Track));
        }

        for (var at = 0; at < listens.Length; )
        {
            if (listens[at].User != user)
            {
                StartUser(listens[at]);
            }

            at += AddOfUser(listens[at..]);
        }
    }

    /// <summary>What was counted. Nothing can be added any more.</summary>
    public DayCounts Finish()
    {
        for (var genre = 0; genre < counts.ListenersByGenre.Length; genre++)
        {
            counts.ListenersByGenreSums[genre] = listenersOfGenre[genre].Listeners;
        }

        return counts;
    }

    /// <summary>Counts those listens at the begin that are of the user, and says how many they were.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int AddOfUser(ReadOnlySpan<Listen> listens)
    {
        ref var first = ref MemoryMarshal.GetReference(listens);
        ref var lines = ref counts.Tracks.First;
        var fetchable = listens.Length - 1;
        var listenersByHour = counts.ListenersByHourSums.AsSpan();
        var ofGenres = new GenresOfUser(country, listenersOfGenre, userOrdinal);
        var hourOf = hours;
        var (thisUser, hoursBefore, secondBefore) = (user, hoursOfUser, lastSecond);
        var (sessions, timeMs) = (0L, 0L);
        var at = 0;
        do
        {
            Cache.Prefetch(ref Unsafe.Add(ref lines, Unsafe.Add(ref first, Math.Min(at + Ahead, fetchable)).Track));
            ref readonly var listen = ref Unsafe.Add(ref first, at);
            Debug.Assert(listen.Track < counts.Tracks.Count);
            var second = listen.Second;
            sessions += second - secondBefore >= SessionGapSeconds ? 1 : 0;
            secondBefore = second;

            var hour = hourOf[second];
            listenersByHour[hour] += ~(hoursBefore >> hour) & 1;
            hoursBefore |= 1 << hour;

            ref var line = ref Unsafe.Add(ref lines, listen.Track);
            if (++line.ListensByHour[hour] == 0)
            {
                counts.Tracks.AddCarry(listen.Track, hour);
            }

            counts.Tracks.AddFlags(listen.Track, listen.Flags);
            timeMs += line.DurationMs;
            if (line.Genres >= 0)
            {
                ofGenres.Add(TrackGenres.First(line.Genres));
                ofGenres.Add(TrackGenres.Second(line.Genres));
            }
            else
            {
                foreach (var genre in genres.Several(line.Genres))
                {
                    ofGenres.Add(genre);
                }
            }
        } while (++at < listens.Length && Unsafe.Add(ref first, at).User == thisUser);

        (hoursOfUser, lastSecond) = (hoursBefore, secondBefore);
        counts.Listens += at;
        counts.Sessions += sessions;
        country.Listens += at;
        country.ListeningTimeMs += timeMs;
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void StartUser(in Listen first)
    {
        user = first.User;
        userOrdinal++;
        hoursOfUser = 0;
        lastSecond = first.Second - SessionGapSeconds; // The first listen begins a session.
        counts.Listeners++;
        var isKnown = userCountries.Find(user);
        counts.UnknownUsers += isKnown ? 0 : 1;
        country = counts.CountsOf(isKnown ? userCountries.Country : counts.UnknownCountry);
        country.Listeners++;
    }

    /// <summary>Distinct listeners of a genre, and the ordinal of the last one.</summary>
    struct GenreListeners
    {
        public long Listeners;
        public long Last;
    }

    /// <summary>Counts the genres of one user's listens.</summary>
    readonly ref struct GenresOfUser(CountryCounts country, GenreListeners[] listeners, long ordinal)
    {
        readonly ref long listens = ref MemoryMarshal.GetArrayDataReference(country.ListensByGenreSums);
        readonly ref GenreListeners listeners = ref MemoryMarshal.GetArrayDataReference(listeners);
        readonly long ordinal = ordinal;
        readonly int last = listeners.Length - 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(int genre)
        {
            Debug.Assert(genre <= last);
            Unsafe.Add(ref listens, genre)++;
            ref var ofGenre = ref Unsafe.Add(ref listeners, genre);
            ofGenre.Listeners += ofGenre.Last != ordinal ? 1 : 0;
            ofGenre.Last = ordinal;
        }
    }
}
