using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Corrections;

/// <summary>
/// The rows of a CSV file whose <c>user_id</c> is one of some users, listens or not, as ranges of its bytes: what is left when
/// they are cut out is the rest of the file as it stands.
/// </summary>
sealed class UserRows
{
    const string Column = "user_id";

    readonly List<(long From, long Until, long Line, long Lines)> ranges = [];

    UserRows() { }

    /// <summary>The file's header, without its line end.</summary>
    public byte[] Header { get; private set; } = [];

    /// <summary>How many rows there are.</summary>
    public long Count { get; private set; }

    /// <summary>Why it cannot be told which rows there are; null when it can.</summary>
    public string? Unclear { get; private set; }

    /// <summary>Finds the rows.</summary>
    /// <param name="csv">The file, decompressed.</param>
    /// <param name="users">The users.</param>
    /// <param name="onFound">Called with the user of each row.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    public static UserRows Find(
        Stream csv,
        SliceUsers users,
        Action<ulong> onFound,
        CancellationToken cancellationToken = default
    )
    {
        var rows = new UserRows();
        var reader = new CsvReader(csv);
        if (!reader.Read())
        {
            rows.Unclear = reader.FileFault?.Detail; // A file without any row holds nobody.
            return rows;
        }

        var columns = ColumnsOf(reader);
        if (columns.Length == 0)
        {
            rows.Unclear = $"its header names no column {Column}";
            return rows;
        }

        rows.Header = reader.Raw.ToArray();
        while (reader.Read())
        {
            if ((reader.LineNumber & 0xFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (FindUser(reader, columns, users) is { } user)
            {
                onFound(user);
                rows.Add(reader);
            }
        }

        rows.Unclear = reader.FileFault?.Detail;
        return rows;
    }

    /// <summary>Which columns of a header, the record at hand, are those of users.</summary>
    public static int[] ColumnsOf(CsvReader header) =>
        header.Fault is not null
            ? []
            :
            [
                .. Enumerable
                    .Range(0, header.FieldCount)
                    .Where(field =>
                        System.Text.Ascii.EqualsIgnoreCase(
                            header.Field(field),
                            System.Text.Encoding.ASCII.GetBytes(Column)
                        )
                    ),
            ];

    /// <summary>Which of the users the record at hand names; null for none of them.</summary>
    public static ulong? FindUser(CsvReader row, int[] columns, SliceUsers users)
    {
        if (row.Fault == RejectReason.RecordTooLong)
        {
            return FindUserOfLong(row.Raw.ToArray(), columns, users);
        }

        foreach (var column in columns)
        {
            if (column < row.FieldCount && Parse(row.Field(column), users) is { } user)
            {
                return user;
            }
        }

        return null;
    }

    /// <summary>
    /// One of the users, if a text is the id of one. What programs add to numbers, for which the row is rejected, does not hide it: spaces,
    /// quotes, a plus, <c>.0</c>, a byte order mark.
    /// </summary>
    public static ulong? Parse(ReadOnlySpan<byte> text, SliceUsers users)
    {
        text = text.TrimStart("\uFEFF"u8).Trim(" \t\r\n\"'"u8).TrimStart((byte)'+');
        if (text.IndexOf((byte)'.') is >= 0 and var point && !text[(point + 1)..].ContainsAnyExcept((byte)'0'))
        {
            text = text[..point];
        }

        return UserId.TryParse(text, out var user) && users.Contains(user.Value) ? user.Value : null;
    }

    /// <summary>Whether one of the users' ids may stand anywhere in bytes, in whatever text: a number like it does.</summary>
    public static bool MayHold(Stream bytes, SliceUsers users)
    {
        var buffer = new byte[64 * 1024];
        var (number, isNumber, isTooLarge) = (0UL, false, false);
        for (int read; (read = bytes.Read(buffer)) > 0; )
        {
            foreach (var one in buffer.AsSpan(0, read))
            {
                if (char.IsAsciiDigit((char)one))
                {
                    isTooLarge |= number > (ulong.MaxValue / 10) - 1;
                    (number, isNumber) = ((number * 10) + one - '0', true);
                }
                else if (one != 0) // UTF-16 has them between digits.
                {
                    if (isNumber && !isTooLarge && users.Contains(number))
                    {
                        return true;
                    }

                    (number, isNumber, isTooLarge) = (0, false, false);
                }
            }
        }

        return isNumber && !isTooLarge && users.Contains(number);
    }

    /// <summary>Copies a file without the rows.</summary>
    /// <param name="csv">The file in which they were found, from its begin on.</param>
    /// <param name="kept">Where the rest goes.</param>
    /// <param name="cut">Where the rows go, each with a line end.</param>
    public void Cut(Stream csv, Stream kept, Stream cut)
    {
        var buffer = new byte[256 * 1024];
        var at = 0L;
        foreach (var (from, until, _, _) in ranges)
        {
            Copy(from, kept);
            Copy(until, cut);
            cut.WriteByte((byte)'\n'); // The last row of a file may have none, and blank lines are no rows.
        }

        Copy(long.MaxValue, kept);

        void Copy(long until, Stream to)
        {
            while (at < until)
            {
                var read = csv.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, until - at)));
                if (read == 0)
                {
                    return;
                }

                to.Write(buffer.AsSpan(0, read));
                at += read;
            }
        }
    }

    /// <summary>Where a byte and a line of the file are when the rows are cut out.</summary>
    public (long ByteOffset, long LineNumber) Shift(long byteOffset, long lineNumber)
    {
        var (bytes, lines) = (0L, 0L);
        foreach (var (from, until, line, count) in ranges)
        {
            bytes += from < byteOffset ? until - from : 0;
            lines += line < lineNumber ? count : 0;
        }

        return (byteOffset - bytes, lineNumber - lines);
    }

    void Add(CsvReader row)
    {
        var line = row.LineNumber;
        var lines = row.LineEnds - (line - 1);
        Count++;
        if (ranges is [.., var last] && last.Until == row.ByteOffset)
        {
            ranges[^1] = last with { Until = row.NextByteOffset, Lines = last.Lines + lines };
        }
        else
        {
            ranges.Add((row.ByteOffset, row.NextByteOffset, line, lines));
        }
    }

    /// <summary>Of a record that is too long the first MiB is at hand, which may end within quotes.</summary>
    static ulong? FindUserOfLong(byte[] begin, int[] columns, SliceUsers users)
    {
        foreach (var record in (byte[][])[begin, [.. begin, (byte)'"']])
        {
            var reader = new CsvReader(new MemoryStream(record), 2 * CsvReader.MaxRecordBytes);
            if (reader.Read())
            {
                return FindUser(reader, columns, users);
            }
        }

        return null;
    }
}
