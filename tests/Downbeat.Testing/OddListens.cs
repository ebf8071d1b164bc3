using System.Globalization;
using System.Text;

namespace Downbeat.Testing;

/// <summary>
/// Random CSV files of listens: any columns in any order, any line ends, quotes, rows that are nearly listens, and
/// bytes that nobody meant. How odd a file is, is random too: from rows of one shape to rows that are all odd.
/// </summary>
public sealed class OddListens
{
    const string Digit = "0123456789";

    static readonly string[] Zones =
    [
        "UTC",
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kolkata",
    ];

    /// <summary>Times that are nearly, or unusually, right; behind a date.</summary>
    static readonly string[] OddTimes =
    [
        "t12:30:00",
        "T12:30:00",
        "_12:30:00",
        " 24:00:00",
        " 23:59:59",
        " 23:60:00",
        " 23:59:60",
        " 00:00:00",
        " 2:30:000",
        " 12:30",
        " 12:30:0",
        " 12-30-00",
        " 12:3/:00",
        " 12:3::00",
        " 1\u00002:30:0",
        " 12:30:00.5",
        " 12:30:00.999999999999",
        " 12:30:00.",
        " 12:30:00,5",
        " 12:30:00Z",
        "T12:30:00.25Z",
        " 12:30:00z",
        " 12:30:00+00:00",
        " 12:30:00-14:00",
        " 12:30:00+14:00",
        " 12:30:00+14:01",
        " 12:30:00+1:00",
        " 12:30:00 ",
        " é:30:00",
        "",
    ];

    static readonly string[] OddDates =
    [
        "2024-02-30",
        "2023-02-29",
        "2024-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "1969-12-31",
        "1970-01-01",
        "1970-01-02",
        "2024-13-01",
        "2024-00-10",
        "2024-06-00",
        "2024-06-31",
        "2024-6-025",
        "2024/06/25",
        "24-06-2025",
        "٢٠٢٤-06",
    ];

    static readonly string[] OddUsers =
    [
        "",
        "0",
        "00",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1F",
        "NULL",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "99999999",
        "100000000",
        "9999999999999999",
        "10000000000000000",
        "0000000000000000000000001",
        "00000009223372036854775807",
        "1234567/",
        "1234567:",
        "/1234567",
        ":1234567",
        "123\0",
        "\u007F1",
        "1é",
        "１２",
    ];

    static readonly string[] OddFlags = ["2", "01", "yes", " 1", "TRUE", "false", "True", "tru", "truee", "\0", "é"];

    static readonly int[] FewSeconds = [0, 3601, 7202, 86_399];

    readonly Random random;
    readonly List<string> tracks = [];
    readonly List<string> dates = [];
    readonly List<string> columns = [];
    readonly double odd;
    readonly double quoted;
    readonly double blank;
    readonly int longestFiller;
    readonly int lineEnds; // 0: LF, 1: CRLF, 2: both.

    /// <summary>Chooses how odd the files are, and of what they tell.</summary>
    /// <param name="random">Chooses.</param>
    /// <param name="mayQuote">Whether fields may be quoted.</param>
    public OddListens(Random random, bool mayQuote = true)
    {
        ArgumentNullException.ThrowIfNull(random);
        this.random = random;
        Zone = Zones[random.Next(Zones.Length)];
        Arrived = DateTimeOffset.UnixEpoch.AddSeconds(
            random.Next(8) switch
            {
                0 => random.Next(-90_000, 200_000),
                1 => 253_402_300_799, // The last second that a date and time can tell.
                2 => (86_400 * 19_900L) + random.Next(-3, 4), // A day later some date has just begun or ended.
                _ => 1_719_792_000 + random.Next(86_400),
            }
        );
        odd = Share(0, 0.01, 0.1, 0.5, 1);
        quoted = mayQuote ? Share(0, 0, 0.002, 0.1, 1) : 0;
        blank = Share(0, 0, 0.02, 0.5);
        longestFiller = random.Next(4) == 0 ? 3000 : 12;
        lineEnds = random.Next(3);
        AddTracks();
        AddDates();
        AddColumns();
    }

    /// <summary>A time zone, of which clocks may change on dates of the file.</summary>
    public string Zone { get; }

    /// <summary>When the file arrived: mostly after its listens.</summary>
    public DateTimeOffset Arrived { get; }

    /// <summary>Some of the tracks of the file, sorted by their bytes and without repetition.</summary>
    public IReadOnlyList<byte[]> SomeTracks()
    {
        var some = new SortedSet<string>(StringComparer.Ordinal); // A letter a byte here: sorted as their bytes are.
        for (var track = random.Next(2); track < tracks.Count; track += 1 + random.Next(3))
        {
            some.Add(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(tracks[track])));
        }

        some.Remove("");
        return [.. some.Select(Encoding.Latin1.GetBytes)];
    }

    /// <summary>A header, with its line end.</summary>
    public string Header()
    {
        var text = string.Join(',', columns.Select(name => random.Next(4) == 0 ? name.ToUpperInvariant() : name));
        return (random.Next(20) == 0 ? "\uFEFF" : "") + text + LineEnd();
    }

    /// <summary>A row, with its line end. Of a file of one shape all rows are alike.</summary>
    /// <param name="filler">How long a field that nobody reads is, if there is such a column; negative for any length.</param>
    public string Row(int filler = -1)
    {
        var row = new StringBuilder();
        var fields = columns.Count + (IsOdd(0.1) ? random.Next(-columns.Count + 1, 3) : 0);
        for (var column = 0; column < fields; column++)
        {
            row.Append(column > 0 ? "," : "");
            var field = column < columns.Count ? Field(columns[column], filler) : "more";
            if (random.NextDouble() < quoted)
            {
                field =
                    $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}{(IsOdd(0.1) ? "\r\n,\"\"" : "")}\"{(IsOdd(0.02) ? "x" : "")}";
            }

            row.Append(field);
        }

        row.Append(LineEnd());
        while (random.NextDouble() < blank)
        {
            row.Append(LineEnd());
        }

        return row.ToString();
    }

    /// <summary>A file of so many bytes at least, with few rows if it has a column that nobody reads.</summary>
    public byte[] File(int minBytes)
    {
        var file = new MemoryStream();
        file.Write(Encoding.UTF8.GetBytes(Header()));
        while (file.Length < minBytes)
        {
            file.Write(Encoding.UTF8.GetBytes(Row()));
        }

        if (random.Next(3) == 0)
        {
            file.SetLength(file.Length - (lineEnds == 1 ? 2 : 1)); // The last row ends without a line end.
        }

        return file.ToArray();
    }

    /// <summary>The same file with some bytes flipped, replaced by telling ones, cut out or doubled.</summary>
    /// <param name="file">A file.</param>
    /// <param name="validOnly">Whether only ASCII bytes are touched, and replaced by such, so that UTF-8 stays UTF-8.</param>
    public byte[] Mutate(byte[] file, bool validOnly)
    {
        ArgumentNullException.ThrowIfNull(file);
        List<byte> bytes = [.. file];
        var header = random.Next(10) == 0 ? 0 : Math.Max(0, bytes.IndexOf((byte)'\n') + 1);
        for (var times = random.Next(1, 6); times > 0 && bytes.Count > header + 1; times--)
        {
            var at = random.Next(header, bytes.Count);
            var length = Math.Min(bytes.Count - at, 1 << random.Next(8));
            if (validOnly && bytes.GetRange(at, length).Exists(value => value >= 0x80))
            {
                continue;
            }

            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(validOnly ? 7 : 8));
                    break;
                case 1:
                    var telling = validOnly ? ",,\n\r\"0:\0"u8 : [.. ",\n\r\"0:\0"u8, 0x80, 0xC3, 0xFF, 0xF0];
                    bytes[at] = telling[random.Next(telling.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                default:
                    bytes.InsertRange(random.Next(2) == 0 ? at : at + length, bytes.GetRange(at, length));
                    break;
            }
        }

        return [.. bytes];
    }

    double Share(params double[] shares) => shares[random.Next(shares.Length)];

    bool IsOdd(double share) => random.NextDouble() < odd * share;

    string LineEnd() => lineEnds == 0 || (lineEnds == 2 && random.Next(2) == 0) ? "\n" : "\r\n";

    string Digits(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => Digit[random.Next(10)]));

    void AddColumns()
    {
        columns.AddRange(["user_id", "track_id", "listen_time"]);
        foreach (var optional in (string[])["liked", "shared", "x", "y"])
        {
            if (random.Next(2) == 0)
            {
                columns.Add(optional);
            }
        }

        if (random.Next(2) == 0)
        {
            var order = columns.ToArray();
            random.Shuffle(order);
            columns.Clear();
            columns.AddRange(order);
        }
    }

    /// <summary>Of one length or any, some that begin with others, some that end in zeros, and of 24 bytes and one more.</summary>
    void AddTracks()
    {
        var length = random.Next(3) == 0 ? random.Next(1, 40) : 22;
        for (var track = 0; track < 40; track++)
        {
            tracks.Add(Digits(length));
        }

        if (random.Next(2) == 0)
        {
            return;
        }

        for (var track = 0; track < 20; track++)
        {
            var some = tracks[track] + Digits(70);
            tracks.Add(some[..random.Next(1, 71)]);
            tracks.Add(some[..random.Next(23, 27)]);
            tracks.Add(tracks[track][..random.Next(1, length + 1)] + new string('\0', random.Next(1, 4)));
            tracks.Add(some[..random.Next(10)] + "é𝄞 x"[random.Next(4)..]);
        }

        tracks.AddRange(["\0", "\0\0", "", new('t', 64), new('t', 65), "a\rb", "\r"]);
    }

    /// <summary>Few dates, so that they are met again; some near a change of clocks, near 1970 or near the arrival.</summary>
    void AddDates()
    {
        string[] near =
        [
            "2024-03-31",
            "2023-10-29",
            "2024-03-10",
            "2024-04-07",
            "2023-10-01",
            "2024-06-25",
            "2011-12-30",
        ];
        for (var count = 1 + random.Next(random.Next(2) == 0 ? 3 : 12); count > 0; count--)
        {
            var from = random.Next(4) switch
            {
                0 => DateTimeOffset.UnixEpoch,
                1 => Arrived,
                _ => DateTimeOffset.Parse(near[random.Next(near.Length)], CultureInfo.InvariantCulture),
            };
            var days = random.Next(3) == 0 ? random.Next(-400, 400) : random.Next(-3, 4);
            dates.Add(
                from.AddDays(from.Year == 9999 ? Math.Min(days, 0) : days)
                    .ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            );
        }
    }

    string Field(string column, int filler) =>
        column switch
        {
            "user_id" => User(),
            "track_id" => tracks[random.Next(IsOdd(1) ? tracks.Count : 40)],
            "listen_time" => Time(),
            "liked" or "shared" => IsOdd(0.1) ? OddFlags[random.Next(OddFlags.Length)]
            : random.Next(8) == 0 ? ""
            : random.Next(2) == 0 ? "1"
            : "0",
            _ => filler >= 0 ? new('x', filler) : Filler(),
        };

    string Filler() =>
        IsOdd(0.2)
            ? "é \t\0'`\r𝄞"[..random.Next(7)] + new string('"', random.NextDouble() < quoted ? 1 : 0)
            : new('f', random.Next(longestFiller));

    string User() =>
        IsOdd(0.3) ? OddUsers[random.Next(OddUsers.Length)]
        : random.Next(6) == 0 ? Digits(random.Next(1, 26))
        : Digits(random.Next(1, 3));

    string Time()
    {
        var date = IsOdd(0.1) ? OddDates[random.Next(OddDates.Length)] : dates[random.Next(dates.Count)];
        if (IsOdd(0.3))
        {
            return date + OddTimes[random.Next(OddTimes.Length)];
        }

        // Few seconds, so that listens are the same.
        var second = random.Next(4) == 0 ? random.Next(86_400) : FewSeconds[random.Next(FewSeconds.Length)];
        var time = string.Create(
            CultureInfo.InvariantCulture,
            $"{date} {second / 3600:d2}:{second / 60 % 60:d2}:{second % 60:d2}"
        );
        return IsOdd(0.3) ? WithOtherLetter(time) : time;
    }

    /// <summary>A bit of a letter is another one: mostly what was a digit is none, or is not where it should be.</summary>
    string WithOtherLetter(string text)
    {
        var at = random.Next(text.Length);
        var other = (char)(text[at] ^ (1 << random.Next(7)));
        return $"{text[..at]}{(other is '"' or ',' or '\n' ? 'x' : other)}{text[(at + 1)..]}";
    }
}
