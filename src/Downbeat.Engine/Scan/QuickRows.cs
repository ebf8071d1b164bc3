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

    // By day of the month and the last bit of the month: neighbouring dates have slots of their own.
    readonly QuickDate[] dates = new QuickDate[64];
    int placesVersion = -1;

    public QuickRows(ListenScan scan, SortBuffer buffer, CsvHeader header)
    {
        this.scan = scan;
        this.buffer = buffer;
        this.header = header;
        Array.Fill(dates, QuickDate.None);
    }

    /// <summary>Takes rows, all of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(in PlainRows rows)
    {
        ForgetOldPlaces(); // Rows with quotes were taken otherwise since.
        var bytes = rows.Bytes;
        var ends = rows.Ends;
        ref var first = ref MemoryMarshal.GetReference(bytes);
        ref var place = ref MemoryMarshal.GetReference(ends);
        var userColumn = header[ListenScan.UserColumn];
        var trackColumn = header[ListenScan.TrackColumn];
        var timeColumn = header[ListenScan.TimeColumn];
        var fields = header.FieldCount;
        var hasFlags = header[ListenScan.LikedColumn] >= 0 || header[ListenScan.SharedColumn] >= 0;

        // Ids are read 24 bytes at a time, and numbers 8 or 16 backwards: rows at the edges go the slow way.
        var lastStart = bytes.Length - TrackIndex.MaxBytes;
        var line = rows.FirstLineNumber;
        var taken = 0;
        for (var at = 0; at + 1 < ends.Length; line++)
        {
            // ends[at] is the place before the row, ends[at + fields] its line feed, if it has as many fields as it should.
            var last = at + fields;
            if (last < ends.Length && HasCommas(ref first, ref place, at, fields))
            {
                var lineEnd = Unsafe.Add(ref place, last);
                lineEnd -= Unsafe.Add(ref first, lineEnd - 1) == '\r' ? 1 : 0;
                var userStart = Unsafe.Add(ref place, at + userColumn) + 1;
                var userEnd = userColumn + 1 == fields ? lineEnd : Unsafe.Add(ref place, at + userColumn + 1);
                var trackStart = Unsafe.Add(ref place, at + trackColumn) + 1;
                var trackEnd = trackColumn + 1 == fields ? lineEnd : Unsafe.Add(ref place, at + trackColumn + 1);
                var timeStart = Unsafe.Add(ref place, at + timeColumn) + 1;
                var timeEnd = timeColumn + 1 == fields ? lineEnd : Unsafe.Add(ref place, at + timeColumn + 1);
                var trackLength = trackEnd - trackStart;
                if (
                    timeEnd - timeStart == TimeLength
                    && (uint)(trackLength - 1) < Listen.MaxTrackBytes
                    && userEnd >= Digits.MaxDigits
                    && trackStart <= lastStart
                    && Digits.TryParse(ref Unsafe.Add(ref first, userEnd), userEnd - userStart, out var user)
                    && TryFindMoment(ref Unsafe.Add(ref first, timeStart), out var moment)
                    && (!hasFlags || TryAddFlags(bytes, ends[at..(last + 1)], ref moment))
                )
                {
                    batch.Add(user, moment, trackStart, trackLength);
                    if (batch.IsFull)
                    {
                        buffer.Add(batch, bytes);
                    }

                    taken++;
                    at = last;
                    continue;
                }
            }

            at = TakeSlowly(rows, at, line);
        }

        buffer.Add(batch, bytes);
        scan.Count(taken);
    }

    /// <summary>Whether the row's fields end in commas and the last in a line feed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool HasCommas(ref byte first, ref int place, int at, int fields)
    {
        for (var field = 1; field < fields; field++)
        {
            if (Unsafe.Add(ref first, Unsafe.Add(ref place, at + field)) != ',')
            {
                return false;
            }
        }

        return Unsafe.Add(ref first, Unsafe.Add(ref place, at + fields)) == '\n';
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

        // Sealing the buffer gives dates new places; those of the batch are old.
        buffer.Add(batch, rows.Bytes);
        scan.Take(row, header, line, rows.ByteOffset + row.Start);
        Learn(row);
        ForgetOldPlaces();
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
        var (yearAndMonth, day) = (Digits.Word(ref text), Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref text, 8)));
        dates[QuickDate.SlotOf(yearAndMonth, day)] = new(
            yearAndMonth,
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

    /// <summary>Reads the 19 bytes of a time; false when it is not as usual, or its date not known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool TryFindMoment(ref byte time, out ulong moment)
    {
        var yearAndMonth = Digits.Word(ref time);
        var day = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref time, 8));
        ref var date = ref Unsafe.Add(
            ref MemoryMarshal.GetArrayDataReference(dates),
            QuickDate.SlotOf(yearAndMonth, day)
        );
        var isTime = Digits.TryParseClock(Digits.Word(ref Unsafe.Add(ref time, 11)), out var second);
        moment = date.Moment + ((ulong)second << Listen.SecondShift);
        return isTime
            & date.YearAndMonth == yearAndMonth
            & date.Day == day
            & (Unsafe.Add(ref time, 10) == ' ' | Unsafe.Add(ref time, 10) == 'T');
    }

    bool TryAddFlags(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends, ref ulong moment)
    {
        var isRead = ListenScan.ReadFlags(new PlainRow(bytes, ends), header, out var flags) is null;
        moment |= (ulong)flags;
        return isRead;
    }

    /// <summary>A date on which every second is a listen's: no clocks change near it, and none of it is too early or too late.</summary>
    /// <param name="yearAndMonth">The text <c>yyyy-MM-</c>.</param>
    /// <param name="day">The text <c>dd</c>.</param>
    /// <param name="moment">Its place, and the second at which it begins, as an entry of the buffer holds them.</param>
    readonly struct QuickDate(ulong yearAndMonth, ushort day, ulong moment)
    {
        public readonly ulong YearAndMonth = yearAndMonth;
        public readonly ushort Day = day;
        public readonly ulong Moment = moment;

        /// <summary>Matches no text: the bytes are no letters.</summary>
        public static QuickDate None => new(ulong.MaxValue, ushort.MaxValue, 0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int SlotOf(ulong yearAndMonth, ushort day) =>
            (((day & 3) * 10) + ((day >> 8) & 15) + (int)((yearAndMonth >> 48 & 1) << 5)) & 63;
    }
}
