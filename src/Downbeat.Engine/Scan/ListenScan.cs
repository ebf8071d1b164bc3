using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Reads the listens of a CSV file: rows that are listens go to a sort buffer, rows that are none are rejected with
/// their reason. The definition of both is in <c>docs/kpis.md</c>.
/// </summary>
public sealed class ListenScan
{
    internal const int UserColumn = 0;
    internal const int TrackColumn = 1;
    internal const int TimeColumn = 2;
    internal const int LikedColumn = 3;
    internal const int SharedColumn = 4;

    static readonly int LastDay = ListenDate.ToDay(DateOnly.MaxValue);

    readonly LakeZone zone;
    readonly long lastInstant;
    readonly SortBuffer buffer;
    readonly RejectHandler onReject;
    readonly ScanKernel kernel;
    readonly long[] rejects = new long[RejectReasons.Count];
    int rowsOneByOne = 1;

    // Dates whose every instant has one offset: most of them in any zone, all of them in most.
    long plainFrom = long.MaxValue;
    long plainTo = long.MinValue;
    int plainOffset;

    /// <summary>Sets up the scan of one file.</summary>
    /// <param name="zone">The lake's time zone, for times without an offset and for dates.</param>
    /// <param name="arrivedSecond">When the file arrived, in seconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="buffer">Takes the listens, and was begun for this file.</param>
    /// <param name="onReject">Takes the rejects.</param>
    public ListenScan(LakeZone zone, long arrivedSecond, SortBuffer buffer, RejectHandler onReject)
        : this(zone, arrivedSecond, buffer, onReject, ScanKernels.Chosen) { }

    /// <summary>As above, by a kernel named. The scalar twin of all of it takes row by row and byte by byte.</summary>
    internal ListenScan(LakeZone zone, long arrivedSecond, SortBuffer buffer, RejectHandler onReject, ScanKernel kernel)
    {
        this.kernel = kernel;
        this.zone = zone;
        lastInstant = arrivedSecond + ListenDate.SecondsPerDay;
        this.buffer = buffer;
        this.onReject = onReject;
    }

    /// <summary>The columns that a file of listens must have.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } = ["user_id", "track_id", "listen_time"];

    /// <summary>The columns that it may have.</summary>
    public static IReadOnlyList<string> OptionalColumns { get; } = ["liked", "shared"];

    /// <summary>How many rows were read: accepted, duplicates and rejects.</summary>
    public long Rows { get; private set; }

    /// <summary>How many line ends were passed.</summary>
    public long Lines { get; private set; }

    /// <summary>How many rows were rejected.</summary>
    public long Rejected { get; private set; }

    /// <summary>How many rows were rejected, by <see cref="RejectReason"/>.</summary>
    public ReadOnlySpan<long> RejectsByReason => rejects;

    /// <summary>The file's header as it stands there; empty when it has none.</summary>
    public byte[] Header { get; private set; } = [];

    /// <summary>Reads a file to its end. What the buffer still holds then is for the caller to seal.</summary>
    /// <param name="csv">The file's bytes, decompressed.</param>
    /// <param name="onProgress">Called now and then with the rows read so far.</param>
    /// <param name="cancellationToken">Stops between two rows.</param>
    /// <returns>Why none of its rows counts, or null.</returns>
    public FileFault? Scan(Stream csv, Action<long>? onProgress = null, CancellationToken cancellationToken = default)
    {
        var reader = new CsvReader(csv) { Kernel = kernel };
        var header = ReadHeader(reader, out var fault);
        if (header is null)
        {
            return fault;
        }

        Header = header.Raw;
        return TakeAll(reader, header, onProgress, cancellationToken);
    }

    /// <summary>Reads rows from the middle of a file to the end of a stream.</summary>
    /// <param name="rows">The bytes, from the begin of a row on.</param>
    /// <param name="header">The file's header.</param>
    /// <param name="firstByte">Where in the file they begin. Lines are counted from there.</param>
    /// <param name="onProgress">Called now and then with the rows read so far.</param>
    /// <param name="cancellationToken">Stops between two rows.</param>
    /// <returns>Why none of the file's rows counts, or null.</returns>
    public FileFault? ScanRows(
        Stream rows,
        CsvHeader header,
        long firstByte,
        Action<long>? onProgress = null,
        CancellationToken cancellationToken = default
    ) => TakeAll(new(rows, firstByte: firstByte) { Kernel = kernel }, header, onProgress, cancellationToken);

    /// <summary>Reads the header of a file of listens; null when it has no usable one.</summary>
    public static CsvHeader? ReadHeader(CsvReader reader, out FileFault? fault) =>
        CsvHeader.Read(reader, [.. RequiredColumns], [.. OptionalColumns], out fault);

    FileFault? TakeAll(
        CsvReader reader,
        CsvHeader header,
        Action<long>? onProgress,
        CancellationToken cancellationToken
    )
    {
        var quick = new QuickRows(this, buffer, header);
        while (TakeSome(reader, quick, header))
        {
            onProgress?.Invoke(Rows);
            cancellationToken.ThrowIfCancellationRequested();
        }

        onProgress?.Invoke(Rows);
        Lines = reader.LineEnds;
        return reader.FileFault;
    }

    /// <summary>Takes many records at once, or where one has a quote some one by one; false at the end.</summary>
    bool TakeSome(CsvReader reader, QuickRows quick, CsvHeader header)
    {
        const int FewRows = 32;
        const int ManyRows = 1024;
        if (kernel != ScanKernel.Scalar && reader.TryTakePlain(out var plain))
        {
            var before = Rows;
            quick.Take(plain);

            // Where quotes are rare, looking for plain records again pays at once; where they are not, it does not.
            rowsOneByOne = Rows - before > FewRows ? 1 : Math.Min(ManyRows, 2 * rowsOneByOne);
            return true;
        }

        for (var record = 0; record < rowsOneByOne; record++)
        {
            if (!reader.Read())
            {
                return false;
            }

            Rows++;
            if ((reader.Fault ?? TakeRow(reader, header)) is { } reason)
            {
                Reject(new(reason, reader.LineNumber, reader.ByteOffset, reader.ByteLength), reader.Raw);
            }
        }

        rowsOneByOne = Math.Min(ManyRows, 2 * rowsOneByOne);
        return true;
    }

    void Reject(in Reject reject, ReadOnlySpan<byte> raw)
    {
        Rejected++;
        rejects[(int)reject.Reason]++;
        onReject(reject, raw);
    }

    /// <summary>Counts rows that were taken otherwise.</summary>
    internal void Count(int rows) => Rows += rows;

    /// <summary>Takes a record without quotes.</summary>
    internal void Take(PlainRow row, CsvHeader header, long lineNumber, long byteOffset)
    {
        Rows++;
        if (TakeRow(row, header) is { } reason)
        {
            Reject(new(reason, lineNumber, byteOffset, row.Raw.Length), row.Raw);
        }
    }

    /// <summary>Reads the flags of a record; says why when they are none.</summary>
    internal static RejectReason? ReadFlags<TRow>(TRow row, CsvHeader header, out ListenFlags flags)
        where TRow : IRow, allows ref struct
    {
        flags = ListenFlags.None;
        if (header[LikedColumn] >= 0)
        {
            if (!TryParseFlag(row.Field(header[LikedColumn]), out var liked))
            {
                return RejectReason.BadLiked;
            }

            flags |= liked ? ListenFlags.Liked : ListenFlags.None;
        }

        if (header[SharedColumn] >= 0)
        {
            if (!TryParseFlag(row.Field(header[SharedColumn]), out var shared))
            {
                return RejectReason.BadShared;
            }

            flags |= shared ? ListenFlags.Shared : ListenFlags.None;
        }

        return null;
    }

    /// <summary>
    /// The date of a time of day that stands before 19 bytes are over, where every second of it is a listen's and the clocks change neither on
    /// it nor near it; null of any other.
    /// </summary>
    internal (int Day, uint FirstSecond)? FindPlainDate(ReadOnlySpan<byte> text)
    {
        if (!ListenTime.TryParse(text, out var time) || time.OffsetSeconds is not null)
        {
            return null;
        }

        RememberIfPlain(time.LocalSecond);
        var isWhole =
            time.LocalSecond >= plainFrom
            && time.LocalSecond < plainTo
            && plainFrom - plainOffset >= 0
            && plainTo - plainOffset - 1 <= lastInstant;
        var day = LakeZone.DayOf(time.LocalSecond);
        return isWhole ? (day, (uint)(plainFrom - plainOffset - ListenDate.SpanStart(day))) : null;
    }

    /// <summary>Takes a record; says why when it is no listen.</summary>
    RejectReason? TakeRow<TRow>(TRow row, CsvHeader header)
        where TRow : IRow, allows ref struct
    {
        if (row.FieldCount != header.FieldCount)
        {
            return RejectReason.WrongFieldCount;
        }

        if (ReadFlags(row, header, out var flags) is { } badFlag)
        {
            return badFlag;
        }

        if (!UserId.TryParse(row.Field(header[UserColumn]), out var user))
        {
            return RejectReason.BadUserId;
        }

        // The track comes last: a field's value is valid only until the next one is asked for.
        var hasTrack = row.Field(header[TrackColumn]).Length is > 0 and <= Listen.MaxTrackBytes;
        if (!hasTrack)
        {
            return RejectReason.BadTrackId;
        }

        if (!ListenTime.TryParse(row.Field(header[TimeColumn]), out var time))
        {
            return RejectReason.BadListenTime;
        }

        if (!TryFindInstant(time, out var instant, out var local))
        {
            return RejectReason.NonexistentLocalTime;
        }

        if (instant < 0)
        {
            return RejectReason.Before1970;
        }

        // At the end of the year 9999 there is no next date, though the zone's clocks may show it.
        var day = LakeZone.DayOf(local);
        if (instant > lastInstant || day > LastDay)
        {
            return RejectReason.AfterArrival;
        }

        buffer.Add(user, day, (uint)(instant - ListenDate.SpanStart(day)), row.Field(header[TrackColumn]), flags);
        return null;
    }

    bool TryFindInstant(ListenTime time, out long instant, out long local)
    {
        local = time.LocalSecond;
        if (time.OffsetSeconds is { } stated)
        {
            instant = time.LocalSecond - stated;
            local = zone.LocalSecond(instant);
            return true;
        }

        if (local >= plainFrom && local < plainTo)
        {
            instant = local - plainOffset;
            return true;
        }

        if (!zone.TryFindInstant(local, out instant))
        {
            return false;
        }

        RememberIfPlain(local);
        return true;
    }

    /// <summary>Where the clocks change neither on a date nor near it, the rest of the date needs no looking up.</summary>
    void RememberIfPlain(long local)
    {
        var from = (long)LakeZone.DayOf(local) * ListenDate.SecondsPerDay;
        var to = from + ListenDate.SecondsPerDay;
        var offset = zone.OffsetAt(from);
        if (zone.IsPlain(from - ListenDate.SecondsPerDay, to + ListenDate.SecondsPerDay))
        {
            (plainFrom, plainTo, plainOffset) = (from, to, offset);
        }
    }

    static bool TryParseFlag(ReadOnlySpan<byte> text, out bool flag)
    {
        flag = text is [(byte)'1'] || System.Text.Ascii.EqualsIgnoreCase(text, "true"u8);
        return flag || text.IsEmpty || text is [(byte)'0'] || System.Text.Ascii.EqualsIgnoreCase(text, "false"u8);
    }
}
