using System.Numerics;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Scan;

/// <summary>Gives a stream to write a sorted run of one date to; the buffer closes it.</summary>
public delegate Stream RunOpener(DateOnly date);

/// <summary>
/// Collects listens up to a fixed amount of memory, and turns what it holds into sorted runs without duplicates, one a
/// date, in the format of a slice. When it is full it does so by itself: then a date has several runs.
/// </summary>
public sealed class SortBuffer
{
    // The low word of an entry, from its highest bit: place of the date, second, track, flags.
    const int FlagBits = 2;
    const int TrackBits = 28;
    const int DateShift = FlagBits + TrackBits + ListenDate.SecondBits;
    const int MaxDates = 1 << (64 - DateShift);
    const int MaxTracks = 1 << TrackBits;

    /// <summary>Room for the tracks of any usual catalogue: runs of few tracks would be too many runs.</summary>
    const long MinDictionaryBytes = 16 << 20;

    readonly int maxEntries;
    readonly long maxDictionaryBytes;
    readonly TextNumbers tracks = new();
    readonly List<int> days = [];
    readonly Dictionary<int, int> dayPlaces = [];
    RunOpener openRun = _ => throw new InvalidOperationException("No file was begun.");

    // All of it at once: memory that is not written to costs nothing, and growing would need half as much again.
    readonly ulong[] users;
    readonly ulong[] rests;
    ulong usersSeen; // All user ids OR-ed: their highest bit is that of the largest.
    int count;
    int limit; // The entry before which the buffer is sealed.
    int tracksOfWidth; // The track number from which keys get wider.
    int lastDay = int.MinValue;
    int lastPlace = -1;

    /// <summary>Sets up a buffer that takes so many bytes at most.</summary>
    /// <param name="memoryBytes">At least 1 MiB.</param>
    public SortBuffer(long memoryBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryBytes, 1 << 20);
        maxDictionaryBytes = Math.Max(memoryBytes / 4, MinDictionaryBytes);
        maxEntries = (int)Math.Min(1 << 30, memoryBytes * 3 / 4 / (2 * sizeof(ulong)));
        users = GC.AllocateUninitializedArray<ulong>(maxEntries);
        rests = GC.AllocateUninitializedArray<ulong>(maxEntries);
        limit = maxEntries;
    }

    /// <summary>Runs written since <see cref="Begin"/>, in the order of writing.</summary>
    public List<SliceSummary> Runs { get; } = [];

    /// <summary>Starts with the next file: the buffer is empty then, and writes its runs where this says.</summary>
    public void Begin(RunOpener openRun)
    {
        this.openRun = openRun;
        Runs.Clear();
        Clear();
    }

    /// <summary>Takes a listen.</summary>
    /// <param name="user">The user's id.</param>
    /// <param name="day">The date, as days since 1970-01-01.</param>
    /// <param name="second">Seconds since <see cref="ListenDate.SpanStart"/> of the date.</param>
    /// <param name="trackId">1 to 64 bytes.</param>
    /// <param name="flags">What the listener did besides.</param>
    public void Add(UserId user, int day, uint second, ReadOnlySpan<byte> trackId, ListenFlags flags)
    {
        if (day != lastDay)
        {
            FindPlace(day);
        }

        var track = tracks.FindOrAdd(trackId);
        if ((user.Value | usersSeen) != usersSeen || track >= tracksOfWidth || count == limit)
        {
            MakeRoom(user, day, trackId, ref track);
        }

        users[count] = user.Value;
        rests[count] =
            ((ulong)lastPlace << DateShift)
            | ((ulong)second << (FlagBits + TrackBits))
            | ((ulong)track << FlagBits)
            | (ulong)flags;
        count++;
        if (tracks.Count == MaxTracks || tracks.MemoryBytes > maxDictionaryBytes)
        {
            Seal();
        }
    }

    /// <summary>Writes what the buffer holds as one run a date, and empties it.</summary>
    public void Seal()
    {
        if (count == 0)
        {
            return;
        }

        var sorted = tracks.Sort(out var ranks);
        foreach (ref var rest in rests.AsSpan(0, count))
        {
            var track = (int)(rest >> FlagBits) & (MaxTracks - 1);
            rest = (rest & ~((ulong)(MaxTracks - 1) << FlagBits)) | ((ulong)ranks[track] << FlagBits);
        }

        if (NarrowBits <= 64)
        {
            SealNarrow(sorted);
        }
        else
        {
            SealWide(sorted);
        }

        Clear();
    }

    int RankBits => BitOperations.Log2((uint)Math.Max(1, tracks.Count - 1)) + 1;

    int UserBits => BitOperations.Log2(Math.Max(1, usersSeen)) + 1;

    /// <summary>How many bits date, user, second, track and flags take together.</summary>
    int NarrowBits =>
        BitOperations.Log2((uint)Math.Max(1, days.Count - 1))
        + 1
        + UserBits
        + ListenDate.SecondBits
        + RankBits
        + FlagBits;

    void Clear()
    {
        count = 0;
        usersSeen = 0;
        tracksOfWidth = 0;
        tracks.Clear();
        days.Clear();
        dayPlaces.Clear();
        lastDay = int.MinValue;
        lastPlace = -1;
        limit = maxEntries;
    }

    void FindPlace(int day)
    {
        if (!dayPlaces.TryGetValue(day, out var place))
        {
            if (days.Count == MaxDates)
            {
                Seal();
            }

            place = days.Count;
            days.Add(day);
            dayPlaces.Add(day, place);
            limit = count; // Keys may get wider.
        }

        lastDay = day;
        lastPlace = place;
    }

    /// <summary>
    /// Keys of up to 64 bits are sorted within the buffer; wider ones need its other half for it. So a buffer that is
    /// more than half full is sealed before keys may become wider. One more bit for the tracks and one for the dates
    /// are left free, because those of the listen at hand count already.
    /// </summary>
    void MakeRoom(UserId user, int day, ReadOnlySpan<byte> trackId, ref int track)
    {
        var seenBefore = usersSeen;
        usersSeen |= user.Value;
        var room = NarrowBits + 2 <= 64 ? maxEntries : maxEntries / 2;
        if (count >= room)
        {
            usersSeen = seenBefore;
            Seal();
            usersSeen = user.Value;
            FindPlace(day);
            track = tracks.FindOrAdd(trackId);
            room = NarrowBits + 2 <= 64 ? maxEntries : maxEntries / 2;
        }

        limit = room;
        tracksOfWidth = 1 << RankBits;
    }

    void SealNarrow(Texts sorted)
    {
        var rankBits = RankBits;
        var secondShift = FlagBits + rankBits;
        var userShift = secondShift + ListenDate.SecondBits;
        var dateShift = userShift + UserBits;
        var keys = users.AsSpan(0, count);
        var scratch = rests.AsSpan(0, count);
        for (var at = 0; at < keys.Length; at++)
        {
            var rest = scratch[at];
            var second = (rest >> (FlagBits + TrackBits)) & ((1UL << ListenDate.SecondBits) - 1);
            keys[at] =
                (rest >> DateShift << dateShift)
                | (keys[at] << userShift)
                | (second << secondShift)
                | (rest & ((1UL << secondShift) - 1));
        }

        ReadOnlySpan<ulong> ordered = RadixSort.Sort(keys, scratch) ? scratch : keys;
        for (var from = 0; from < ordered.Length; )
        {
            var place = (int)(ordered[from] >> dateShift);
            var to = from + 1;
            while (to < ordered.Length && (int)(ordered[to] >> dateShift) == place)
            {
                to++;
            }

            var date = new NarrowRun(ordered[from..to], rankBits, UserBits);
            Write(days[place], sorted, to - from, date);
            from = to;
        }
    }

    void SealWide(Texts sorted)
    {
        // The date goes first: one pass over the entries for each, as a file with wide keys rarely has many dates.
        var half = count;
        SortByDate(half);
        for (var from = 0; from < count; )
        {
            var place = (int)(rests[from] >> DateShift);
            var to = from + 1;
            while (to < count && (int)(rests[to] >> DateShift) == place)
            {
                to++;
            }

            var length = to - from;
            var high = users.AsSpan(from, length);
            var low = rests.AsSpan(from, length);
            var scratchHigh = users.AsSpan(half, length);
            var scratchLow = rests.AsSpan(half, length);
            var swapped = RadixSort.Sort(high, low, scratchHigh, scratchLow);
            Write(days[place], sorted, length, swapped ? new WideRun(scratchHigh, scratchLow) : new WideRun(high, low));
            from = to;
        }
    }

    /// <summary>Brings the entries of each date together.</summary>
    void SortByDate(int half)
    {
        if (days.Count == 1)
        {
            return;
        }

        var places = new int[days.Count + 1];
        for (var at = 0; at < count; at++)
        {
            places[(int)(rests[at] >> DateShift) + 1]++;
        }

        for (var place = 1; place < places.Length; place++)
        {
            places[place] += places[place - 1];
        }

        for (var at = 0; at < count; at++)
        {
            var to = half + places[(int)(rests[at] >> DateShift)]++;
            users[to] = users[at];
            rests[to] = rests[at];
        }

        users.AsSpan(half, count).CopyTo(users);
        rests.AsSpan(half, count).CopyTo(rests);
    }

    /// <summary>Writes the sorted listens of one date, each once, with only the tracks that occur.</summary>
    void Write<TRun>(int day, Texts sorted, int length, TRun run)
        where TRun : IRun, allows ref struct
    {
        var occurs = new bool[sorted.Count];
        for (var at = 0; at < length; at++)
        {
            occurs[run[at].Track] = true;
        }

        var renumbered = new int[sorted.Count];
        var date = ListenDate.FromDay(day);
        using var output = openRun(date);
        var slice = new SliceWriter(output, date, sorted.Where(occurs, renumbered));
        for (var at = 0; at < length; )
        {
            var listen = run[at++];
            while (at < length && run[at] is var next && next.IsSame(listen))
            {
                listen = listen with { Flags = listen.Flags | next.Flags };
                at++;
            }

            slice.Add(listen with { Track = renumbered[listen.Track] });
        }

        Runs.Add(slice.Finish());
    }

    interface IRun
    {
        Listen this[int at] { get; }
    }

    /// <summary>Sorted listens of one date, in 64 bits each.</summary>
    readonly ref struct NarrowRun(ReadOnlySpan<ulong> keys, int rankBits, int userBits) : IRun
    {
        readonly ReadOnlySpan<ulong> keys = keys;

        public Listen this[int at]
        {
            get
            {
                var key = keys[at];
                var track = (int)(key >> FlagBits) & ((1 << rankBits) - 1);
                var second = (uint)(key >> (FlagBits + rankBits)) & ((1u << ListenDate.SecondBits) - 1);
                var user = (key >> (FlagBits + rankBits + ListenDate.SecondBits)) & (ulong.MaxValue >> (64 - userBits));
                return new(user, second, track, (ListenFlags)(key & ((1 << FlagBits) - 1)));
            }
        }
    }

    /// <summary>Sorted listens of one date, in 128 bits each.</summary>
    readonly ref struct WideRun(ReadOnlySpan<ulong> users, ReadOnlySpan<ulong> rests) : IRun
    {
        readonly ReadOnlySpan<ulong> users = users;
        readonly ReadOnlySpan<ulong> rests = rests;

        public Listen this[int at]
        {
            get
            {
                var rest = rests[at];
                var track = (int)(rest >> FlagBits) & (MaxTracks - 1);
                var second = (uint)(rest >> (FlagBits + TrackBits)) & ((1u << ListenDate.SecondBits) - 1);
                return new(users[at], second, track, (ListenFlags)(rest & ((1 << FlagBits) - 1)));
            }
        }
    }
}
