using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Takes rows of the usual shape quickly: a user id of up to 16 digits, a time <c>yyyy-MM-dd HH:mm:ss</c> on a date that was
/// met before. Whatever looks otherwise goes to <see cref="ListenScan.TakeRow"/>, which says the same more slowly and
/// decides what is a listen.
/// </summary>
sealed class QuickRows
{
    const int TimeLength = 19;

    readonly ListenScan scan;
    readonly SortBuffer buffer;
    readonly CsvHeader header;
    readonly ListenBatch batch = new();

    readonly QuickDate[] dates = new QuickDate[QuickDate.Slots];
    int placesVersion = -1;

    public QuickRows(ListenScan scan, SortBuffer buffer, CsvHeader header)
    {
        this.scan = scan;
        this.buffer = buffer;
        this.header = header;
        Array.Fill(dates, QuickDate.None);
    }

    /// <summary>Takes rows, all of them.</summary>
    public void Take(in PlainRows rows)
    {
        var isUsual =
            header.FieldCount == UsualColumns.Count
            && header[ListenScan.UserColumn] == default(UsualColumns).User
            && header[ListenScan.TrackColumn] == default(UsualColumns).Track
            && header[ListenScan.TimeColumn] == default(UsualColumns).Time;
        if (isUsual)
        {
            Take(rows, default(UsualColumns));
        }
        else
        {
            Take(rows, new GivenColumns(header));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Take<TColumns>(in PlainRows rows, TColumns columns)
        where TColumns : struct, IColumns
    {
        ForgetOldPlaces(); // Rows with quotes were taken otherwise since.
        var fields = columns.Fields;
        var line = rows.FirstLineNumber;
        for (var at = 0; at + 1 < rows.Ends.Length; )
        {
            var found = columns.HasFlags ? FindFlagged(rows, at, columns) : Find(rows, at, columns);
            batch.Parse(found);
            at += batch.Count * fields;
            line += batch.Count;
            var isCut = batch.Count < ListenBatch.Capacity;
            scan.Count(batch.Count);

            // Sealing the buffer gives dates new places; the next rows find them.
            buffer.Add(batch, rows.Bytes);
            if (isCut && at + 1 < rows.Ends.Length)
            {
                at = TakeSlowly(rows, at, line++);
            }

            ForgetOldPlaces();
        }
    }

    /// <summary>Finds out where the fields of the next rows are, up to the first row that is not as usual.</summary>
    /// <returns>How many rows were found.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int Find<TColumns>(in PlainRows rows, int at, TColumns columns)
        where TColumns : struct, IColumns
    {
        ref var first = ref MemoryMarshal.GetReference(rows.Bytes);
        ref var ends = ref Unsafe.Add(ref MemoryMarshal.GetReference(rows.Ends), at);
        ref var date = ref MemoryMarshal.GetArrayDataReference(dates);
        ref var put = ref batch.FirstRow;
        var index = buffer.Known;
        var fields = columns.Fields;

        // Ids are read 32 bytes at a time, and numbers 16 backwards: rows at the edges go the slow way.
        var lastStart = rows.Bytes.Length - TrackIndex.ReadBytes;
        var most = Math.Min(ListenBatch.Capacity, (rows.Ends.Length - 1 - at) / fields);
        for (var row = 0; row < most; row++)
        {
            // ends[0] is the place before the row, ends[fields] its line feed, if it has as many fields as it should.
            var other = 0;
            for (var field = 1; field < fields; field++)
            {
                other |= At(ref first, Unsafe.Add(ref ends, field)) ^ ',';
            }

            var lineEnd = Unsafe.Add(ref ends, fields);
            other |= At(ref first, lineEnd) ^ '\n';
            lineEnd -= At(ref first, lineEnd - 1) == '\r' ? 1 : 0;
            var userEnd = columns.User + 1 == fields ? lineEnd : Unsafe.Add(ref ends, columns.User + 1);
            var userLength = userEnd - Unsafe.Add(ref ends, columns.User) - 1;
            var trackStart = Unsafe.Add(ref ends, columns.Track) + 1;
            var trackEnd = columns.Track + 1 == fields ? lineEnd : Unsafe.Add(ref ends, columns.Track + 1);
            var trackLength = trackEnd - trackStart;
            var timeStart = Unsafe.Add(ref ends, columns.Time) + 1;
            var timeEnd = columns.Time + 1 == fields ? lineEnd : Unsafe.Add(ref ends, columns.Time + 1);
            other |= (timeEnd - timeStart) ^ TimeLength;
            if (
                other != 0
                || (uint)(trackLength - 1) >= Listen.MaxTrackBytes
                || (uint)(userLength - 1) >= Digits.MaxDigits
                || userEnd < Digits.MaxDigits
                || trackStart > lastStart
            )
            {
                return row;
            }

            ref var time = ref At(ref first, timeStart);
            var day = Digits.Word(ref Unsafe.Add(ref time, 2));
            var century = Unsafe.ReadUnaligned<ushort>(ref time);
            var separator = Unsafe.Add(ref time, 10);
            ref var known = ref Unsafe.Add(ref date, (nuint)QuickDate.SlotOf(day));
            if (known.Day != day | known.Century != century | (separator != ' ' & separator != 'T'))
            {
                return row;
            }

            ListenBatch.Put(
                ref put,
                row,
                ref At(ref first, userEnd),
                userLength,
                known.Moment,
                Digits.Word(ref Unsafe.Add(ref time, 11)),
                trackStart,
                trackLength,
                index.Expect(ref At(ref first, trackStart), trackLength)
            );
            ends = ref Unsafe.Add(ref ends, fields);
            put = ref Unsafe.Add(ref put, 1);
        }

        return most;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref byte At(ref byte first, int place) => ref Unsafe.Add(ref first, (nuint)(uint)place);

    /// <summary>The same of rows with flags, which are read one by one.</summary>
    int FindFlagged<TColumns>(in PlainRows rows, int at, TColumns columns)
        where TColumns : struct, IColumns
    {
        var found = Find(rows, at, columns);
        for (var row = 0; row < found; row++)
        {
            var from = at + (row * columns.Fields);
            var fields = new PlainRow(rows.Bytes, rows.Ends.Slice(from, columns.Fields + 1));
            if (ListenScan.ReadFlags(fields, header, out var flags) is not null)
            {
                return row;
            }

            batch.PutFlags(row, flags);
        }

        return found;
    }

    /// <summary>Takes the row behind <paramref name="at"/> the general way, and returns where it ends.</summary>
    int TakeSlowly(in PlainRows rows, int at, long line)
    {
        var last = at + 1;
        while (rows.Bytes[rows.Ends[last]] != '\n')
        {
            last++;
        }

        var row = new PlainRow(rows.Bytes, rows.Ends[at..(last + 1)]);
        if (row.Raw.IsEmpty)
        {
            return last; // A blank line is no record.
        }

        scan.Take(row, header, line, rows.ByteOffset + row.Start);
        Learn(row);
        return last;
    }

    /// <summary>Remembers the date of a row that went the slow way, so that the next ones need not.</summary>
    void Learn(PlainRow row)
    {
        if (row.FieldCount != header.FieldCount)
        {
            return;
        }

        var time = row.Field(header[ListenScan.TimeColumn]);
        if (time.Length != TimeLength || scan.FindPlainDate(time) is not { } date)
        {
            return;
        }

        var place = buffer.PlaceOf(date.Day);
        ForgetOldPlaces();
        ref var text = ref MemoryMarshal.GetReference(time);
        var day = Digits.Word(ref Unsafe.Add(ref text, 2));
        dates[QuickDate.SlotOf(day)] = new(
            Unsafe.ReadUnaligned<ushort>(ref text),
            day,
            SortBuffer.Moment(place, date.FirstSecond, ListenFlags.None)
        );
    }

    /// <summary>Whoever adds a listen to the buffer may give all dates new places.</summary>
    void ForgetOldPlaces()
    {
        if (buffer.PlacesVersion != placesVersion)
        {
            Array.Fill(dates, QuickDate.None);
            placesVersion = buffer.PlacesVersion;
        }
    }

    /// <summary>Which fields a row has.</summary>
    interface IColumns
    {
        int Fields { get; }

        int User { get; }

        int Track { get; }

        int Time { get; }

        bool HasFlags { get; }
    }

    /// <summary>A date on which every second is a listen's: no clocks change near it, and none of it is too early or too late.</summary>
    /// <param name="century">The text <c>yy</c> of <c>yyyy-MM-dd</c>.</param>
    /// <param name="day">The text <c>yy-MM-dd</c> behind it.</param>
    /// <param name="moment">Its place, and the second at which it begins, as an entry of the buffer holds them.</param>
    readonly struct QuickDate(ushort century, ulong day, ulong moment)
    {
        /// <summary>How many slots there are: by day of the month and the last bit of the month, so that neighbouring dates have slots of their own.</summary>
        public const int Slots = 1 << 7;

        public readonly ulong Day = day;
        public readonly ulong Moment = moment;
        public readonly ushort Century = century;

        /// <summary>Matches no text: the bytes are no letters.</summary>
        public static QuickDate None => new(ushort.MaxValue, ulong.MaxValue, 0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static uint SlotOf(ulong day)
        {
            // One bit of the month, two of the day's first digit and four of the second, moved to the top side by side.
            const ulong Telling = (1UL << 32) | (3UL << 48) | (15UL << 56);
            return (uint)((day & Telling) * ((1UL << 31) + (1UL << 13) + (1UL << 1)) >> 57);
        }
    }

    /// <summary>A user, a track and a time, and nothing else.</summary>
    readonly struct UsualColumns : IColumns
    {
        public const int Count = 3;

        public int Fields => Count;

        public int User => 0;

        public int Track => 1;

        public int Time => 2;

        public bool HasFlags => false;
    }

    readonly struct GivenColumns(CsvHeader header) : IColumns
    {
        public int Fields { get; } = header.FieldCount;

        public int User { get; } = header[ListenScan.UserColumn];

        public int Track { get; } = header[ListenScan.TrackColumn];

        public int Time { get; } = header[ListenScan.TimeColumn];

        public bool HasFlags { get; } = header[ListenScan.LikedColumn] >= 0 || header[ListenScan.SharedColumn] >= 0;
    }
}
