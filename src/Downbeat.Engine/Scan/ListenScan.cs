using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Reads the listens of a CSV file: rows that are listens go to a sort buffer, rows that are none are rejected with
/// their reason. The definition of both is in <c>docs/kpis.md</c>.
/// </summary>
public sealed class ListenScan
{
    const int UserColumn = 0;
    const int TrackColumn = 1;
    const int TimeColumn = 2;
    const int LikedColumn = 3;
    const int SharedColumn = 4;

    readonly LakeZone zone;
    readonly long lastInstant;
    readonly SortBuffer buffer;
    readonly RejectHandler onReject;
    readonly long[] rejects = new long[RejectReasons.Count];

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
    {
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
        var reader = new CsvReader(csv);
        var header = CsvHeader.Read(reader, [.. RequiredColumns], [.. OptionalColumns], out var fault);
        if (header is null)
        {
            return fault;
        }

        Header = header.Raw;
        while (reader.Read())
        {
            Rows++;
            if (TakeRow(reader, header) is { } reason)
            {
                Rejected++;
                rejects[(int)reason]++;
                onReject(new(reason, reader.LineNumber, reader.ByteOffset, reader.ByteLength), reader.Raw);
            }

            if ((Rows & 0xFFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                onProgress?.Invoke(Rows);
            }
        }

        return reader.FileFault;
    }

    RejectReason? TakeRow(CsvReader row, CsvHeader header)
    {
        if (row.Fault is { } broken)
        {
            return broken;
        }

        if (row.FieldCount != header.FieldCount)
        {
            return RejectReason.WrongFieldCount;
        }

        var flags = ListenFlags.None;
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

        if (instant > lastInstant)
        {
            return RejectReason.AfterArrival;
        }

        var day = LakeZone.DayOf(local);
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
