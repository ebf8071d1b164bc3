using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    // An entry is a listen with the place of its date above the second, in bits that seconds of a date never use.
    internal const int PlaceShift = Listen.SecondShift + ListenDate.SecondBits;

    /// <summary>The most dates a buffer holds at a time.</summary>
    const int MaxDates = 1 << (64 - PlaceShift);

    /// <summary>Room for the tracks of any usual catalogue: runs of few tracks would be too many runs.</summary>
    const long MinDictionaryBytes = 16 << 20;

    readonly int capacity; // Of listens whose sort keys are narrow; half of it of others.
    readonly long maxDictionaryBytes;
    readonly TrackIndex known;
    readonly TextNumbers others = new(); // Tracks that are not known: their numbers come behind.
    readonly List<int> days = [];
    readonly Dictionary<int, int> places = [];
    readonly int mostDates;
    readonly RunWriter writer;
    RunOpener openRun = _ => throw new InvalidOperationException("No file was begun.");

    // All of it at once: memory that is not written to costs nothing, and growing would need half as much again.
    readonly ulong[] memory;
    int count;

    // The first half of the memory holds keys, or where they do not fit in 64 bits entries; the other is there to sort them.
    bool isWide;
    KeyLayout layout;
    ulong usersSeen; // All ids OR-ed.
    ListenFlags flagsSeen;

    /// <summary>Sets up a buffer that takes so many bytes at most.</summary>
    /// <param name="memoryBytes">At least 1 MiB.</param>
    /// <param name="known">Tracks that are likely, which are found faster. What comes out does not depend on them.</param>
    /// <param name="mostDates">Of so many dates of a file runs are written; further ones are counted.</param>
    public SortBuffer(long memoryBytes, TrackIndex? known = null, int mostDates = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryBytes, 1 << 20);
        this.mostDates = mostDates;
        this.known = known ?? TrackIndex.Empty;
        maxDictionaryBytes = Math.Max(memoryBytes / 8, MinDictionaryBytes);
        capacity = (int)Math.Min(1 << 29, memoryBytes / 8 * 7 / (2 * sizeof(ulong)));
        memory = LargeArray.Make<ulong>(2 * capacity);
        writer = new(this.known.Tracks, others);
    }

    /// <summary>Runs written since <see cref="Begin"/>, in the order of writing.</summary>
    public List<SliceSummary> Runs { get; } = [];

    /// <summary>The dates of all listens since <see cref="Begin"/> that were sealed. When they are too many, some have no run.</summary>
    public HashSet<DateOnly> Dates { get; } = [];

    /// <summary>Changes when the places of all dates change.</summary>
    public int PlacesVersion { get; private set; }

    /// <summary>Tracks that are found faster.</summary>
    internal TrackIndex Known => known;

    Span<Listen> Entries => MemoryMarshal.Cast<ulong, Listen>(memory.AsSpan());

    int TrackCount => known.Tracks.Count + others.Count;

    /// <summary>Starts with the next file: the buffer is empty then, and writes its runs where this says.</summary>
    public void Begin(RunOpener openRun)
    {
        this.openRun = openRun;
        Runs.Clear();
        Dates.Clear();
        Clear();
        ForgetPlaces();
        isWide = false;
        layout = new(TrackCount, hasFlags: false);
        usersSeen = 0;
        flagsSeen = ListenFlags.None;
    }

    /// <summary>The place under which a date's listens are kept.</summary>
    /// <param name="day">The date, as days since 1970-01-01.</param>
    public int PlaceOf(int day)
    {
        if (places.TryGetValue(day, out var place))
        {
            return place;
        }

        if (days.Count == MaxDates)
        {
            Seal();
            ForgetPlaces();
        }

        days.Add(day);
        places.Add(day, days.Count - 1);
        return days.Count - 1;
    }

    /// <summary>Takes a listen.</summary>
    /// <param name="user">The user's id.</param>
    /// <param name="day">The date, as days since 1970-01-01.</param>
    /// <param name="second">Seconds since <see cref="ListenDate.SpanStart"/> of the date.</param>
    /// <param name="trackId">1 to 64 bytes.</param>
    /// <param name="flags">What the listener did besides.</param>
    public void Add(UserId user, int day, uint second, ReadOnlySpan<byte> trackId, ListenFlags flags)
    {
        var place = PlaceOf(day);
        MakeRoom(1, user.Value, flags);
        Put(count++, place, new(user.Value, second, NumberOf(trackId), flags));
        SealIfManyTracks();
    }

    /// <summary>Takes the listens of a batch, and empties it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="bytes">Where its track ids lie; from the begin of each <see cref="TrackIndex.ReadBytes"/> may be read.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Add(ListenBatch batch, ReadOnlySpan<byte> bytes)
    {
        MakeRoom(batch.Count, batch.UsersSeen, batch.FlagsSeen);
        var numbers = batch.Tracks;
        known.FindExpected(bytes, batch.TrackStarts, batch.TrackLengths, numbers);
        for (var at = 0; at < numbers.Length; at++)
        {
            if (numbers[at] < 0)
            {
                var trackId = bytes.Slice(batch.TrackStarts[at], batch.TrackLengths[at]);
                numbers[at] = known.Tracks.Count + others.FindOrAdd(trackId);
            }
        }

        var first = 0;
        if (!isWide)
        {
            first = layout.Pack(batch.Users, batch.Moments, numbers, memory.AsSpan(count, numbers.Length));
        }

        for (var at = first; at < numbers.Length; at++)
        {
            var moment = batch.Moments[at];
            var rest = (moment & ((1UL << PlaceShift) - 1)) | ((ulong)numbers[at] << Listen.TrackShift);
            Put(count + at, (int)(moment >> PlaceShift), new(batch.Users[at], rest));
        }

        count += numbers.Length;
        batch.Clear();
        SealIfManyTracks();
    }

    /// <summary>Place, second and flags as an entry holds them.</summary>
    internal static ulong Moment(int place, uint second, ListenFlags flags) =>
        ((ulong)place << PlaceShift) | ((ulong)second << Listen.SecondShift) | (ulong)flags;

    /// <summary>Writes what the buffer holds as one run a date, and empties it.</summary>
    public void Seal()
    {
        if (count > 0)
        {
            writer.Begin();
            if (isWide)
            {
                SealWide();
            }
            else
            {
                SealNarrow();
            }
        }

        Clear();
    }

    void Clear()
    {
        count = 0;
        others.Clear();
    }

    void ForgetPlaces()
    {
        days.Clear();
        places.Clear();
        PlacesVersion++;
    }

    int NumberOf(ReadOnlySpan<byte> trackId) =>
        known.Find(trackId) is var number and >= 0 ? number : known.Tracks.Count + others.FindOrAdd(trackId);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Put(int at, int place, in Listen listen)
    {
        if (isWide)
        {
            Entries[at] = new(listen.User, listen.Rest | ((ulong)place << PlaceShift));
        }
        else
        {
            memory[at] = layout.Pack(place, listen);
        }
    }

    void MakeRoom(int more, ulong users, ListenFlags flags)
    {
        // Whether the tracks are new is not known yet.
        usersSeen |= users;
        flagsSeen |= flags;
        if (!isWide && !(layout.Fits(usersSeen, flagsSeen, TrackCount + more) && days.Count <= KeyLayout.Places))
        {
            Widen(TrackCount + more);
        }

        if (count + more > (isWide ? capacity / 2 : capacity))
        {
            Seal();
        }
    }

    /// <summary>Makes room in the keys for what does not fit, in another layout, or by keeping entries as they are.</summary>
    void Widen(int tracks)
    {
        var wider = new KeyLayout((int)Math.Min(2L * tracks, Listen.MaxTracks), flagsSeen != ListenFlags.None);
        if (wider.Fits(usersSeen, flagsSeen, tracks) && days.Count <= KeyLayout.Places)
        {
            foreach (ref var key in memory.AsSpan(0, count))
            {
                key = wider.Pack(KeyLayout.PlaceOf(key), layout.Unpack(key));
            }

            layout = wider;
            return;
        }

        if (count > capacity / 2)
        {
            Seal();
        }

        // From the last on: an entry takes the room of two keys, its own and one that was unpacked before.
        isWide = true;
        for (var at = count - 1; at >= 0; at--)
        {
            Put(at, KeyLayout.PlaceOf(memory[at]), layout.Unpack(memory[at]));
        }
    }

    void SealIfManyTracks()
    {
        if (TrackCount >= Listen.MaxTracks - ListenBatch.Capacity || others.MemoryBytes > maxDictionaryBytes)
        {
            Seal();
        }
    }

    void SealNarrow()
    {
        var keys = memory.AsSpan(0, count);
        var scratch = memory.AsSpan(capacity, count);
        ReadOnlySpan<ulong> sorted = RadixSort.Sort(keys, scratch) ? scratch : keys;
        for (var from = 0; from < sorted.Length; )
        {
            var to = from + KeyLayout.CountOfPlace(sorted[from..]);
            Write(KeyLayout.PlaceOf(sorted[from]), new NarrowRun(sorted[from..to], layout));
            from = to;
        }
    }

    void SealWide()
    {
        var parted = Entries.Slice(count, count);
        var ends = PartByDate(Entries[..count], parted);
        var from = 0;
        for (var place = 0; place < ends.Length; place++)
        {
            var listens = parted[from..ends[place]];
            var scratch = Entries.Slice(from, listens.Length);
            if (listens.Length > 0)
            {
                Write(place, new WideRun(RadixSort.Sort(listens, scratch) ? scratch : listens));
            }

            from = ends[place];
        }
    }

    /// <summary>Brings the listens of each date together, without its place.</summary>
    /// <returns>Where each date's listens end.</returns>
    int[] PartByDate(ReadOnlySpan<Listen> entries, Span<Listen> parted)
    {
        var ends = new int[days.Count];
        foreach (ref readonly var entry in entries)
        {
            ends[(int)(entry.Rest >> PlaceShift)]++;
        }

        var sum = 0;
        foreach (ref var end in ends.AsSpan())
        {
            (end, sum) = (sum, sum + end);
        }

        foreach (ref readonly var entry in entries)
        {
            ref var place = ref ends[(int)(entry.Rest >> PlaceShift)];
            parted[place++] = new(entry.User, entry.Rest & ((1UL << PlaceShift) - 1));
        }

        return ends;
    }

    void Write<TRun>(int place, TRun run)
        where TRun : IRun, allows ref struct
    {
        var date = ListenDate.FromDay(days[place]);
        Dates.Add(date);
        if (Dates.Count > mostDates)
        {
            return; // The file is quarantined whole, and only how many dates it has is still to be told.
        }

        using var output = openRun(date);
        Runs.Add(writer.Write(output, date, run));
    }

    /// <summary>Sorted listens of one date, in 64 bits each.</summary>
    readonly ref struct NarrowRun(ReadOnlySpan<ulong> keys, KeyLayout layout) : IRun
    {
        readonly ReadOnlySpan<ulong> keys = keys;
        readonly KeyLayout layout = layout;

        public int Count => keys.Length;

        public Listen this[int at]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => layout.Unpack(keys[at]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int TrackOf(int at) => layout.TrackOf(keys[at]);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool IsRepeated(int at) => layout.AreSame(keys[at], keys[at + 1]);
    }

    /// <summary>Sorted listens of one date, in 128 bits each.</summary>
    readonly ref struct WideRun(ReadOnlySpan<Listen> listens) : IRun
    {
        readonly ReadOnlySpan<Listen> listens = listens;

        public int Count => listens.Length;

        public Listen this[int at]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => listens[at];
        }

        public int TrackOf(int at) => listens[at].Track;

        public bool IsRepeated(int at) => listens[at].IsSame(listens[at + 1]);
    }
}
