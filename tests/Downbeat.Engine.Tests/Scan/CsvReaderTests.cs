using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class CsvReaderTests
{
    const int Max = CsvReader.MaxRecordBytes;
    const int Block = 256 * 1024; // What the reader asks for at a time.
    const int Located = 16 * 1024; // In how much of it delimiters are located at a time.

    [Theory]
    [InlineData("", "")]
    [InlineData("a,b\nc,d\n", "[a][b] [c][d]")]
    [InlineData("a,b\r\nc,d\r\n", "[a][b] [c][d]")]
    [InlineData("a,b\nc,d", "[a][b] [c][d]")]
    [InlineData("a", "[a]")]
    [InlineData("a,\n,b\n,\n", "[a][] [][b] [][]")]
    [InlineData("a,", "[a][]")]
    [InlineData(" a , b \n", "[ a ][ b ]")]
    public void CommasEndFieldsAndLineEndsEndRecords(string file, string expected) => AssertFields(expected, file);

    [Theory]
    [InlineData("a\rb,c\n", "[a\rb][c]")]
    [InlineData("a,b\r", "[a][b\r]")]
    [InlineData("a,\r,b\n", "[a][\r][b]")]
    [InlineData("\ra\n", "[\ra]")]
    [InlineData("\r\r\n", "[\r]")]
    [InlineData("\r", "[\r]")]
    public void ALoneCarriageReturnIsText(string file, string expected) => AssertFields(expected, file);

    [Theory]
    [InlineData("\n\r\na\n\n\r\n\nb\n\n", "[a] [b]")]
    [InlineData("\n\n\n", "")]
    [InlineData("\r\n", "")]
    [InlineData("\"\"\n\na", "[] [a]")]
    public void BlankLinesAreNoRecords(string file, string expected) => AssertFields(expected, file);

    [Theory]
    [InlineData("\"a,b\",c\n", "[a,b][c]")]
    [InlineData("\"a\nb\r\nc\rd\",e\n", "[a\nb\r\nc\rd][e]")]
    [InlineData("\"\",\"\"\n", "[][]")]
    [InlineData("\"a\"\"b\",\"\"\"\",\"\"\"c\"\"\"\n", "[a\"b][\"][\"c\"]")]
    [InlineData("a,\"b\"", "[a][b]")]
    [InlineData("a,\"b\"\"\"", "[a][b\"]")]
    [InlineData("a,\"b\"\r\nc", "[a][b] [c]")]
    [InlineData("a,\"\n\n\"\r\n\r\nc", "[a][\n\n] [c]")]
    public void QuotedFieldsHoldCommasLineEndsAndDoubledQuotes(string file, string expected) =>
        AssertFields(expected, file);

    [Theory]
    [InlineData("a\"b,c\n", "[a\"b][c]")]
    [InlineData("a\"\"b\n", "[a\"\"b]")]
    [InlineData(" \"a,b\"\n", "[ \"a][b\"]")]
    [InlineData("a\"", "[a\"]")]
    public void AQuoteWithinAnUnquotedFieldIsText(string file, string expected) => AssertFields(expected, file);

    [Theory]
    [InlineData("\"a\"b")]
    [InlineData("\"a\" ")]
    [InlineData("\"a\"b,c")]
    [InlineData("c,\"a\"b\"c")]
    [InlineData("\"a\"\rb")]
    [InlineData("\"\"a\"\"")]
    [InlineData("\"a\"b,\"c\nd\"")]
    [InlineData("\"a\"b,\"c\nd\"e,f")]
    public void TextAfterAClosingQuoteSpoilsItsRecordOnly(string record)
    {
        foreach (var lineEnd in (string[])["\n", "\r\n"])
        {
            var read = ReadFile.Of(Encoding.UTF8.GetBytes($"x,y{lineEnd}{record}{lineEnd}z{lineEnd}"));
            Assert.Null(read.Fault);
            Assert.Equal([null, RejectReason.TextAfterQuote, null], read.Records.Select(row => row.Fault));
            Assert.Equal(["x,y", record, "z"], read.Records.Select(row => row.Raw));
            Assert.Equal(3 + record.Count('\n'), read.Records[2].LineNumber);
        }

        var last = Assert.Single(ReadFile.Of(Encoding.UTF8.GetBytes(record)).Records);
        Assert.Equal((RejectReason.TextAfterQuote, record), (last.Fault, last.Raw));
    }

    [Fact]
    public void ACarriageReturnAfterAClosingQuoteAtTheEndIsText()
    {
        var record = Assert.Single(ReadFile.Of("a,\"b\"\r"u8.ToArray()).Records);
        Assert.Equal((RejectReason.TextAfterQuote, 6), (record.Fault, record.ByteLength));
    }

    [Fact]
    public void RecordsKnowTheirLineOffsetLengthAndText()
    {
        var read = ReadFile.Of("\uFEFFa,b\r\n\n\"c\nd\",é\r\n\r\n\"x\"y\ne"u8.ToArray());
        Assert.Null(read.Fault);
        Assert.Equal(
            [
                new(1, 3, 3, null, 2, "[a][b]", "a,b"),
                new(3, 9, 8, null, 2, "[c\nd][\u00C3\u00A9]", "\"c\nd\",\u00C3\u00A9"),
                new(6, 21, 4, RejectReason.TextAfterQuote, 0, "", "\"x\"y"),
                new(7, 26, 1, null, 1, "[e]", "e"),
            ],
            read.Records
        );
    }

    [Fact]
    public void AByteOrderMarkIsSkippedHoweverTheFirstBytesArrive()
    {
        var file = "\uFEFFa\n"u8.ToArray();
        Assert.Equal("[a]", Assert.Single(ReadFile.Of(file).Records).Fields);
        Assert.Empty(ReadFile.Of("\uFEFF"u8.ToArray()).Records);
        for (var size = 1; size <= 3; size++)
        {
            Assert.Equal("[a]", Assert.Single(ReadFile.Of(new PieceStream(file, () => size)).Records).Fields);
        }
    }

    [Fact]
    public void AByteOrderMarkElsewhereIsText() =>
        Assert.Equal("[a] [\u00EF\u00BB\u00BFb]", Fields(ReadFile.Of("a\n\uFEFFb\n"u8.ToArray())));

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC3, (byte)'a' })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xF8, 0x88, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    public void AFileThatIsNotUtf8SaysWhichByte(byte[] wrong)
    {
        foreach (var before in (int[])[1, 5, Block - 2, Block - 1, Block, (2 * Block) - 1])
        {
            // Rows of text before; at the end of the file and in the middle of it.
            var rows = Rows(before);
            foreach (var after in (string[])["", "\nmore\n"])
            {
                byte[] file = [.. rows, .. wrong, .. Encoding.UTF8.GetBytes(after)];
                var expected = new FileFault(FileFaultKind.NotUtf8, $"byte {before} is not UTF-8");
                Assert.Equal(expected, ReadFile.Of(file).Fault);
                Assert.Equal(expected, ReadFile.Of(new PieceStream(file, () => before < 10 ? 1 : 99_991)).Fault);
            }
        }
    }

    [Fact]
    public void Utf16IsCalledByItsNameHoweverTheFirstBytesArrive()
    {
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            byte[] file = [.. encoding.GetPreamble(), .. encoding.GetBytes("user_id,track_id\n")];
            foreach (var size in (int[])[1000, 2, 1])
            {
                var fault = ReadFile.Of(new PieceStream(file, () => size)).Fault;
                Assert.Equal(FileFaultKind.NotUtf8, fault?.Kind);
                Assert.Contains("UTF-16", fault!.Detail, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("\"")]
    [InlineData("\"a")]
    [InlineData("a,\"b\n\nc,d\n")]
    [InlineData("\"a\"\"")]
    [InlineData("\"a\"\"\n")]
    public void AQuoteThatNeverClosesIsAFaultOfTheFile(string record)
    {
        var read = ReadFile.Of(Encoding.UTF8.GetBytes($"x\n\n{record}"));
        Assert.Equal("[x]", Fields(read));
        Assert.Equal(
            new FileFault(FileFaultKind.UnclosedQuote, "the quote that opens in the record of line 3 never closes"),
            read.Fault
        );
    }

    [Fact]
    public void NothingComesAfterAFaultOfTheFile()
    {
        var reader = new CsvReader(new MemoryStream("\"a\nb\n"u8.ToArray()));
        Assert.False(reader.Read());
        Assert.False(reader.Read());
    }

    [Theory]
    [InlineData("{0}\n")]
    [InlineData("{0}\r\n")]
    [InlineData("{0}")]
    [InlineData("\"{0}\"\n")]
    [InlineData("\"{0}\"\r\n")]
    [InlineData("\"{0}\"")]
    [InlineData("a,\"\n{0}\",b\r\n")]
    public void ARecordOfOneMebibyteIsReadAndOneByteMoreIsNot(string layout)
    {
        var around = layout.TrimEnd('\r', '\n').Length - 3;
        var next = layout.EndsWith('\n') ? "last" : "";
        foreach (
            var (length, fault) in ((int, RejectReason?)[])
                [(Max - 1, null), (Max, null), (Max + 1, RejectReason.RecordTooLong)]
        )
        {
            var record = layout.Replace("{0}", new('x', length - around), StringComparison.Ordinal);
            var file = Encoding.UTF8.GetBytes($"first\n{record}{next}");
            var read = ReadFile.Of(file);
            NaiveCsv.AssertAgreesWith(read, file);
            Assert.Equal(
                (2, 6, length, fault),
                (
                    read.Records[1].LineNumber,
                    read.Records[1].ByteOffset,
                    read.Records[1].ByteLength,
                    read.Records[1].Fault
                )
            );
        }
    }

    [Fact]
    public void ARecordFarTooLongIsSkippedToTheNextLineFeed()
    {
        var file = Encoding.UTF8.GetBytes($"a\n{new string('x', (5 * Max) + 3)}\r\nb\n");
        var read = ReadFile.Of(file);
        Assert.Null(read.Fault);
        Assert.Equal("[a]  [b]", Fields(read));
        Assert.Equal(
            (RejectReason.RecordTooLong, (5 * Max) + 3, 2),
            (read.Records[1].Fault, read.Records[1].ByteLength, read.Records[1].LineNumber)
        );
        Assert.Equal(ReadRecord.Shown(new string('x', Max)), read.Records[1].Raw);
        Assert.Equal(3, read.Records[2].LineNumber);
    }

    [Fact]
    public void ARecordFarTooLongMayEndTheFile()
    {
        var read = ReadFile.Of(Encoding.UTF8.GetBytes($"a\n{new string('x', 3 * Max)}"));
        Assert.Null(read.Fault);
        Assert.Equal([1, 3 * Max], read.Records.Select(record => record.ByteLength));
    }

    [Fact]
    public void ATooLongRecordOfAnyTextIsSkipped()
    {
        // Letters of three bytes: block ends fall between their bytes.
        var file = Encoding.UTF8.GetBytes($"a\n{new string('€', Max)}\nb\n");
        var read = ReadFile.Of(file);
        Assert.Null(read.Fault);
        Assert.Equal("[a]  [b]", Fields(read));
        Assert.Equal(3 * Max, read.Records[1].ByteLength);
    }

    [Theory]
    [InlineData("abcdé", 4, "abcd")]
    [InlineData("abcdé", 5, "abcd")]
    [InlineData("abé", 3, "ab")]
    [InlineData("😀", 3, "")]
    [InlineData("a😀", 4, "a")]
    [InlineData("a😀b", 5, "a😀")]
    [InlineData("\"é,é\"", 2, "\"")]
    public void OfATooLongRecordWholeLettersAreKept(string record, int maxRecordBytes, string kept)
    {
        foreach (var end in (string[])["", "\n", "\r\nb"])
        {
            var read = ReadFile.Of(Encoding.UTF8.GetBytes(record + end), maxRecordBytes);
            Assert.Equal(RejectReason.RecordTooLong, read.Records[0].Fault);
            Assert.Equal(Encoding.UTF8.GetByteCount(record), read.Records[0].ByteLength);
            Assert.Equal(Given.Latin1(Encoding.UTF8.GetBytes(kept)), read.Records[0].Raw);
        }
    }

    [Fact]
    public void ATooLongRecordThatIsNotUtf8IsAFaultOfTheFile()
    {
        byte[] file = [.. Encoding.UTF8.GetBytes(new string('x', 2 * Max)), 0xFF, .. "\nb\n"u8];
        Assert.Equal(new FileFault(FileFaultKind.NotUtf8, $"byte {2 * Max} is not UTF-8"), ReadFile.Of(file).Fault);
    }

    [Fact]
    public void ATooLongRecordResumesAtALineFeedWithinItsQuotes()
    {
        // 1 MiB is full within the quoted field, which holds line feeds before and after.
        var file = Encoding.UTF8.GetBytes($"h\n\"{new string('x', 1000)}\n{new string('y', Max)}\nb\",c\nd\n");
        var read = ReadFile.Of(file);
        NaiveCsv.AssertAgreesWith(read, file);
        Assert.Equal(
            (RejectReason.RecordTooLong, 1 + 1000 + 1 + Max),
            (read.Records[1].Fault, read.Records[1].ByteLength)
        );
        Assert.Equal((4, "b\",c"), (read.Records[2].LineNumber, read.Records[2].Raw));
        Assert.Equal((5, "d"), (read.Records[3].LineNumber, read.Records[3].Raw));
    }

    [Theory]
    [InlineData(Max)]
    [InlineData(Max + 1)]
    [InlineData(Max + 2)]
    [InlineData(Max + 3)]
    [InlineData((2 * Max) + 1)]
    public void ARecordOverOneMebibyteIsTooLongWhetherItsQuoteClosesOrNot(int length)
    {
        var file = Encoding.UTF8.GetBytes($"h\n\"{new string('x', length - 1)}");
        var read = ReadFile.Of(file);
        NaiveCsv.AssertAgreesWith(read, file);
        Assert.Equal(length > Max ? null : FileFaultKind.UnclosedQuote, read.Fault?.Kind);
    }

    [Fact]
    public void TheLengthOfATooLongRecordDoesNotDependOnWhereABlockEnds()
    {
        // The CR is the last byte of a block, or the second-last, or the first of the next.
        for (var shift = -1; shift <= 1; shift++)
        {
            var length = (6 * Block) - 1 + shift;
            var file = Encoding.UTF8.GetBytes($"{new string('x', length)}\r\nb\n");
            Assert.Equal([length, 1], ReadFile.Of(file).Records.Select(record => record.ByteLength));
        }
    }

    [Fact]
    public void AMebibyteOfCommasIsOneRecord()
    {
        var reader = new CsvReader(new MemoryStream(Encoding.UTF8.GetBytes(new string(',', Max) + "\na\n")));
        Assert.True(reader.Read());
        Assert.Equal(Max + 1, reader.FieldCount);
        Assert.True(reader.Field(Max).IsEmpty);
        Assert.True(reader.Read());
        Assert.Equal("a"u8, reader.Field(0));
    }

    /// <summary>Every text that means something, at every place around the end of a block.</summary>
    [Theory]
    [InlineData("\"x\"\"y\"\r\nz")]
    [InlineData("\"x\"\r\nz")]
    [InlineData("\"x\",\"y\"\nz")]
    [InlineData("\"x\"t,u\r\nz")]
    [InlineData("\"x\"\rt\nz")]
    [InlineData("a\r\n\r\n\n\"b\n\"\n")]
    [InlineData("é€😀,é\n\"😀\"\n")]
    [InlineData("\"x\"")]
    [InlineData("\"x\"\r")]
    [InlineData("\"x\"t")]
    [InlineData("x\r")]
    [InlineData("x\r\n")]
    [InlineData("x,")]
    [InlineData("\"x")]
    public void TextReadsTheSameAcrossTheEndOfABlock(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var end in (int[])[Located, 2 * Located, Block])
        {
            for (var before = end - bytes.Length - 1; before <= end + 1; before++)
            {
                byte[] file = [.. Rows(before), .. bytes];
                NaiveCsv.AssertAgreesWith(ReadFile.Of(file), file);
            }
        }
    }

    [Fact]
    public void RecordsWithAndWithoutQuotesReadTheSameAcrossManyBlocks() =>
        RandomRounds.Run(
            20,
            random =>
            {
                // From quotes in every record to none in a whole block; now and then a record longer than what is located at a time.
                var share = Math.Pow(random.NextDouble(), 3);
                var file = new StringBuilder();
                while (file.Length < 60_000)
                {
                    var field = new string('é', random.Next(20) == 0 ? random.Next(Located) : random.Next(9));
                    file.Append("a,,").Append(field);
                    file.Append(random.NextDouble() < share ? ",\"b,\"\"\r\n\"" : ",b\"c");
                    file.Append(random.NextDouble() < share ? ",\"\"x" : ",");
                    file.Append(random.Next(2) == 0 ? "\n" : "\r\n").Append('\n', random.Next(5) / 4);
                }

                var bytes = Encoding.UTF8.GetBytes(file.ToString());
                var most = random.Next(2) == 0 ? Max : random.Next(1, 2 * Located);
                NaiveCsv.AssertAgreesWith(ReadFile.Of(bytes, most), bytes, most);
            }
        );

    [Fact]
    public void TheReaderAgreesWithTheNaiveOneOnRandomText() =>
        RandomRounds.Run(
            1500,
            random =>
            {
                var file = RandomFile(random, random.Next(60));
                NaiveCsv.AssertAgreesWith(ReadFile.Of(file), file);
            }
        );

    [Fact]
    public void TheReaderAgreesWithTheNaiveOneOnRecordsOfAnyLength() =>
        RandomRounds.Run(
            1500,
            random =>
            {
                var file = RandomFile(random, random.Next(60));
                var most = random.Next(1, 40);
                NaiveCsv.AssertAgreesWith(ReadFile.Of(file, most), file, most);
            }
        );

    [Fact]
    public void TheSizesOfReadsDoNotMatter() =>
        RandomRounds.Run(
            800,
            random =>
            {
                // Records may be too long or not.
                var file = RandomFile(random, random.Next(200));
                var maxRecordBytes = random.Next(2) == 0 ? Max : random.Next(1, 60);
                var most = random.Next(1, 9);
                AssertSame(
                    ReadFile.Of(file, maxRecordBytes),
                    ReadFile.Of(new PieceStream(file, () => random.Next(1, most + 1)), maxRecordBytes)
                );
            }
        );

    [Fact]
    public void TheSizesOfReadsDoNotMatterForLongFiles() =>
        RandomRounds.Run(
            12,
            random =>
            {
                var file = new MemoryStream();
                while (file.Length < 3 * Block)
                {
                    file.Write(RandomFile(random, random.Next(60), isDamaged: false));
                    file.Write(Encoding.UTF8.GetBytes(new string('x', random.Next(random.Next(2) == 0 ? 20 : Block))));
                    file.Write(random.Next(2) == 0 ? "\n"u8 : "\"\n"u8);
                }

                var bytes = file.ToArray();
                var read = ReadFile.Of(bytes);
                NaiveCsv.AssertAgreesWith(read, bytes);
                AssertEveryByteHasItsPlace(read, bytes);
                AssertSame(read, ReadFile.Of(new PieceStream(bytes, () => random.Next(1, Block))));
            }
        );

    [Fact]
    public void TheSizesOfReadsDoNotMatterForTooLongRecords() =>
        RandomRounds.Run(
            12,
            random =>
            {
                // A unit of text again and again: line feeds, quotes and long letters fall anywhere around 1 MiB.
                var unit = RandomFile(random, random.Next(1, 8), isDamaged: false);
                var file = new MemoryStream();
                file.Write("h\n\""u8);
                file.Write(Encoding.UTF8.GetBytes(new string('é', random.Next(Max / 2))));
                while (file.Length < Max + (random.Next(8) * 1000))
                {
                    file.Write(unit.Length == 0 ? "x"u8 : unit);
                    file.Write(Encoding.UTF8.GetBytes(new string('y', random.Next(3000))));
                }

                file.Write("\"\r\nlast,row\n"u8);
                var bytes = file.ToArray();
                var read = ReadFile.Of(bytes);
                NaiveCsv.AssertAgreesWith(read, bytes);
                AssertSame(read, ReadFile.Of(new PieceStream(bytes, () => random.Next(1, 2 * Block))));
            }
        );

    [Fact]
    public void EveryByteBelongsToARecordOrALineEndOrABlankLine() =>
        RandomRounds.Run(
            500,
            random =>
            {
                var file = RandomFile(random, random.Next(60), isDamaged: false);
                var read = ReadFile.Of(file);
                if (read.Fault is null)
                {
                    AssertEveryByteHasItsPlace(read, file);
                }
            }
        );

    static void AssertEveryByteHasItsPlace(ReadFile read, byte[] file)
    {
        var at = file.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        var line = 1;
        foreach (var record in read.Records)
        {
            line += SkipBlankLines(file, ref at);
            Assert.Equal((at, line), (record.ByteOffset, record.LineNumber));
            var length = (int)record.ByteLength;
            Assert.Equal(ReadRecord.Shown(Given.Latin1(file.AsSpan(at, length))), record.Raw);
            line += file.AsSpan(at, length).Count((byte)'\n');
            at += length;
            Assert.True(at == file.Length || file.AsSpan(at) is [(byte)'\n', ..] or [(byte)'\r', (byte)'\n', ..]);
            if (at < file.Length)
            {
                at += file[at] == '\n' ? 1 : 2;
                line++;
            }
        }

        if (read.Fault is null)
        {
            SkipBlankLines(file, ref at);
            Assert.Equal(file.Length, at);
        }
    }

    static int SkipBlankLines(byte[] file, ref int at)
    {
        var lines = 0;
        for (; file.AsSpan(at) is [(byte)'\n', ..] or [(byte)'\r', (byte)'\n', ..]; lines++)
        {
            at += file[at] == '\n' ? 1 : 2;
        }

        return lines;
    }

    static void AssertSame(ReadFile expected, ReadFile found)
    {
        Assert.Equal(expected.Fault, found.Fault);

        // How many records come before the bytes that are not UTF-8 depends on the buffer, and nobody minds.
        if (expected.Fault?.Kind != FileFaultKind.NotUtf8)
        {
            Assert.Equal(expected.Records, found.Records);
        }
    }

    /// <summary>Text made of all that means something to CSV; now and then with bytes changed, dropped or put in.</summary>
    static byte[] RandomFile(Random random, int length, bool isDamaged = true)
    {
        string[] tokens =
        [
            "a",
            "b",
            ",",
            ",",
            "\n",
            "\n",
            "\r\n",
            "\r",
            "\"",
            "\"\"",
            "\"a\"",
            "\"b,c\"",
            "\"d\ne\"",
            "\"f\r\ng\"\"\"",
            ",\"h\",",
            "\n\"i\"\n",
            "\"j\"k",
            "é",
            "€",
            "😀",
            " ",
            "\uFEFF",
        ];
        List<byte> file = [.. Encoding.UTF8.GetBytes(random.Next(4) == 0 ? "\uFEFF" : "")];
        for (var token = 0; token < length; token++)
        {
            file.AddRange(Encoding.UTF8.GetBytes(tokens[random.Next(tokens.Length)]));
        }

        for (var changes = isDamaged ? Math.Max(0, random.Next(8) - 4) : 0; changes > 0 && file.Count > 0; changes--)
        {
            var at = random.Next(file.Count);
            var letter = random.Next(3) == 0 ? (byte)random.Next(256) : ",\"\r\nx"u8[random.Next(5)];
            switch (random.Next(3))
            {
                case 0:
                    file[at] = letter;
                    break;
                case 1:
                    file.Insert(at, letter);
                    break;
                default:
                    file.RemoveAt(at);
                    break;
            }
        }

        return [.. file];
    }

    /// <summary>So many bytes of short rows; the last row may lack its end.</summary>
    static byte[] Rows(int length)
    {
        var rows = new byte[length];
        for (var at = 0; at < length; at++)
        {
            rows[at] = at % 1000 == 999 ? (byte)'\n' : (byte)'x';
        }

        return rows;
    }

    static void AssertFields(string expected, string file)
    {
        var read = ReadFile.Of(Encoding.UTF8.GetBytes(file));
        Assert.Null(read.Fault);
        Assert.Equal(expected, Fields(read));
    }

    static string Fields(ReadFile read) => string.Join(' ', read.Records.Select(record => record.Fields));
}
