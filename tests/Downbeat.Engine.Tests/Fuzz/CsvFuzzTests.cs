using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Tests.Scan;
using Downbeat.Testing;
using Downbeat.Testing.Fuzz;
using Downbeat.Testing.Oracle;
using CsvReader = Downbeat.Engine.Scan.CsvReader;
using OtherOptions = CsvHelper.CsvReaderOptions;
using OtherReader = CsvHelper.CsvReader;

namespace Downbeat.Engine.Tests.Fuzz;

/// <summary>
/// Whatever a file of listens holds: every kernel says of it what the scalar twin says, and that is what an oracle says which shares no
/// code; every byte belongs to a row or to a line end; and what a row is and what its fields are, CsvHelper finds too.
/// </summary>
public sealed class CsvFuzzTests
{
    static readonly DateTimeOffset Arrived = DateTimeOffset.FromUnixTimeSeconds(1_719_792_000);
    static readonly ListenRows Oracle = new(new ZoneClock("UTC"));

    static long comparedWithCsvHelper;

    [Fact]
    public void EveryFileIsScannedAsTheDefinitionSays()
    {
        Fuzzer.Run("csv", 800, HostileCsv.File, HostileCsv.Tokens, Check);
        Assert.True(comparedWithCsvHelper > 100, "Hardly any file could be compared with CsvHelper.");
        TestReport.Add("fuzz", ("csv files compared with CsvHelper", comparedWithCsvHelper));
    }

    /// <summary>Records longer than a record may be, and so many columns that a header is hardly one.</summary>
    [Theory]
    [InlineData("1048576 in one field", 1, CsvReader.MaxRecordBytes - 26)]
    [InlineData("1048577 in one field", 1, CsvReader.MaxRecordBytes - 25)]
    [InlineData("a million columns", 1_000_000, 0)]
    [InlineData("more columns than a record has bytes", 1_100_000, 0)]
    public void RecordsMayBeAsLongAsTheyMayBe(string what, int columns, int filler)
    {
        var commas = new string(',', columns);
        var row = "1,t,2024-06-25 12:00:00" + commas;
        byte[] file =
        [
            .. Encoding.ASCII.GetBytes("user_id,track_id,listen_time" + commas + "\n"),
            .. Encoding.ASCII.GetBytes(row + "\n"),
            .. Encoding.ASCII.GetBytes(row + new string('x', filler) + "\n"),
            .. Encoding.ASCII.GetBytes(row + "\n"),
        ];
        Assert.NotEqual("", Check(file, new(what.Length)));
        TestReport.Add("fuzz", ("csv executions", 1));
    }

    /// <summary>Where Downbeat's definition (docs/kpis.md) is another than CsvHelper's, on purpose.</summary>
    [Theory]
    [InlineData("a\rb,c\n", "[a\rb][c]", "[a]|[b][c]")] // A CR without LF is a letter.
    [InlineData("a,b\r\r\nc\n", "[a][b\r]|[c]", "[a][b]|[c]")]
    [InlineData("\"a\"b,c\n", "text_after_quote", "[ab][c]")] // Is rejected.
    [InlineData("\"a\n", "unclosed_quote", "[a\n]")] // The file is quarantined.
    [InlineData("a\"b,c\n", "[a\"b][c]", "[a\"b][c]")] // Both take it, though the RFC does not.
    [InlineData("a\0b,c\n", "[a\0b][c]", "[a\0b][c]")] // A NUL is a letter for both.
    [InlineData("\"\"\na\n", "[]|[a]", "[]|[a]")] // An empty field in quotes is no blank line.
    [InlineData(" \na\n", "[ ]|[a]", "[ ]|[a]")] // A space is no blank line.
    public void DifferencesFromCsvHelperAreKnown(string file, string downbeat, string csvHelper)
    {
        var read = ReadFile.Of(Encoding.UTF8.GetBytes(file));
        var said =
            read.Fault?.Kind.Text()
            ?? string.Join('|', read.Records.Select(record => record.Fault?.Text() ?? record.Fields));
        Assert.Equal(downbeat, said);
        Assert.Equal(
            csvHelper,
            string.Join('|', ReadWithCsvHelper(Encoding.UTF8.GetBytes(file)).Select(record => record.Fields))
        );
    }

    /// <returns>What was observed, in few words.</returns>
    static string Check(byte[] file, Random random)
    {
        var arrived = Arrived.ToUnixTimeSeconds();
        var known = new TrackIndex(Given.Texts("t1", "t2", "t4"));
        var scalar = ScannedFile.Of(new MemoryStream(file), ScanKernel.Scalar, LakeZone.Utc, arrived, null);
        foreach (var kernel in ScanKernels.Available)
        {
            scalar.AssertSame(ScannedFile.Of(new MemoryStream(file), kernel, LakeZone.Utc, arrived, known));
        }

        var most = random.Next(2) == 0 ? 3 : 5000;
        if (file.Length < 100_000)
        {
            var pieces = new PieceStream(file, () => random.Next(1, most));
            scalar.AssertSame(ScannedFile.Of(pieces, ScanKernels.Best, LakeZone.Utc, arrived, known));
        }

        AssertOracleAgrees(scalar, file);
        var read = ReadFile.Of(file);
        if (read.Fault is null)
        {
            AssertTiles(read, file);
            Assert.True(scalar.Fault is not null || scalar.Rows == read.Records.Count - 1);
        }

        CompareWithCsvHelper(read, file);
        var reasons = scalar.RejectReasons.Select(count => Math.Min(count, 2));
        var size = file.Length >> 14;
        return $"{scalar.Fault?.Kind} {string.Join("", reasons)} {Math.Min(3, scalar.Rows)} {Math.Min(size, 2)} {(read.Fault is null ? Math.Min(8, read.Records.Count > 0 ? read.Records[0].FieldCount : 0) : -1)}";
    }

    static void AssertOracleAgrees(ScannedFile scanned, byte[] file)
    {
        var expected = Oracle.Read(new("file.csv", file, Arrived), maxRejectedShare: 1);
        if (expected.Quarantined is not null || scanned.Fault is not null)
        {
            // A fault may be noticed before the block that is not UTF-8 is read.
            Assert.NotNull(scanned.Fault);
            Assert.True(
                expected.Quarantined == scanned.Fault.Kind.Text() || expected.Quarantined == "not_utf8",
                $"{expected.Quarantined} was expected, and {scanned.Fault} found."
            );
            return;
        }

        Assert.Equal(
            expected.Rejects.Select(reject => (reject.LineNumber, (long)reject.ByteOffset, reject.Reason)),
            scanned.RejectedRows.Select(reject => (reject.LineNumber, reject.ByteOffset, reject.Reason.Text()))
        );
        var listens = new SortedDictionary<(long, string, long), ListenFlags>();
        foreach (var row in expected.Valid)
        {
            var key = (row.Listen.UserId, Given.Latin1(Encoding.UTF8.GetBytes(row.Listen.TrackId)), row.Listen.Second);
            listens[key] =
                listens.GetValueOrDefault(key)
                | (row.Liked ? ListenFlags.Liked : ListenFlags.None)
                | (row.Shared ? ListenFlags.Shared : ListenFlags.None);
        }

        var found = scanned.Listens().OrderBy(listen => listen.Key).ToList();
        Assert.Equal(listens, found);

        // Accepted, duplicates and rejected are all rows.
        Assert.Equal(expected.Valid.Count + expected.Rejects.Count, scanned.Rows);
        Assert.Equal(scanned.Rows - scanned.Rejected - (expected.Valid.Count - listens.Count), found.Count);
    }

    /// <summary>Rows, the line ends behind them, and blank lines are all there is, in this order.</summary>
    static void AssertTiles(ReadFile read, byte[] file)
    {
        var at = file.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        var line = 1L;
        foreach (var record in read.Records)
        {
            SkipLineEnds(ref at, (int)record.ByteOffset);
            Assert.Equal((at, line), ((int)record.ByteOffset, record.LineNumber));
            at += (int)record.ByteLength;
            line += file.AsSpan((int)record.ByteOffset, (int)record.ByteLength).Count((byte)'\n');
            Assert.True(
                at == file.Length || LineEnd(at) > 0,
                $"Behind the row at {record.ByteOffset} stands no line end."
            );
        }

        SkipLineEnds(ref at, file.Length);
        Assert.Equal(file.Length, at);

        void SkipLineEnds(ref int from, int to)
        {
            for (; from < to && LineEnd(from) > 0; from += LineEnd(from))
            {
                line++;
            }
        }

        int LineEnd(int from) =>
            file.AsSpan(from) switch
            {
                [(byte)'\n', ..] => 1,
                [(byte)'\r', (byte)'\n', ..] => 2,
                _ => 0,
            };
    }

    static void CompareWithCsvHelper(ReadFile read, byte[] file)
    {
        var isLoneCr = false;
        for (var at = 0; at < file.Length; at++)
        {
            isLoneCr |= file[at] == '\r' && (at + 1 == file.Length || file[at + 1] != '\n');
        }

        if (isLoneCr || read.Fault is not null || read.Records.Any(record => record.Fault is not null))
        {
            return; // See DifferencesFromCsvHelperAreKnown.
        }

        Interlocked.Increment(ref comparedWithCsvHelper);
        Assert.Equal(
            ReadWithCsvHelper(file),
            read.Records.Select(record => (record.LineNumber, record.ByteOffset, record.Fields, record.Raw))
        );
    }

    /// <summary>Line, offset, fields and all bytes of every record.</summary>
    static IEnumerable<(long Line, long Offset, string Fields, string Raw)> ReadWithCsvHelper(byte[] file)
    {
        var options = OtherOptions.Default with
        {
            Separator = ',',
            HasHeader = false,
            DetectSeparatorHint = false,
            TrackLineNumbers = true,
        };
        var reader = OtherReader.Create(file, options);
        while (reader.Read())
        {
            var fields = new StringBuilder();
            for (var field = 0; field < reader.FieldCount; field++)
            {
                fields.Append('[').Append(Given.Latin1(reader.Current.GetSpan(field))).Append(']');
            }

            yield return (
                reader.LineNumber,
                reader.ByteOffset,
                ReadRecord.Shown(fields.ToString()),
                ReadRecord.Shown(Given.Latin1(reader.RawRecord))
            );
        }
    }
}
