using System.Globalization;
using System.Text;

namespace Downbeat.Engine.Tests.Fuzz;

/// <summary>Files of listens as nobody should send them: any header, any line ends, bytes that mean something elsewhere.</summary>
static class HostileCsv
{
    /// <summary>What mutations put in.</summary>
    public static readonly byte[][] Tokens =
    [
        .. new[]
        {
            ",",
            "\n",
            "\r",
            "\r\n",
            "\"",
            "\"\"",
            "\",\"",
            "\"\n",
            "\0",
            "\uFEFF",
            "é",
            "𝄞",
            "\u2028",
            "1,t,2024-06-25 12:00:00\n",
            "\"1\",\"t\",\"2024-06-25 12:00:00\"\r\n",
            "user_id,track_id,listen_time\n",
            "liked",
            "true",
            "-1",
            "9223372036854775808",
            "2024-02-30 00:00:00",
            "2024-06-25T23:59:59.999+14:00",
            "1969-12-31 23:59:59",
            "9999-12-31 23:59:59",
        }.Select(Encoding.UTF8.GetBytes),
        [0xED, 0xA0, 0x80], // A lone surrogate.
        [0xC0, 0x80], // A NUL in too many bytes.
        [0xFF, 0xFE],
        [0x80],
        [0xF0, 0x9D],
        Encoding.ASCII.GetBytes(new string('x', 70)),
        Encoding.ASCII.GetBytes(new string(',', 40)),
    ];

    static readonly string[] Names =
    [
        "user_id",
        "track_id",
        "listen_time",
        "liked",
        "shared",
        "x",
        "",
        " user_id",
        "user_id ",
        "\uFEFFuser_id",
        "user\u200b_id",
        "USER_ID",
        "uſer_id", // Its long s is an S to who asks a culture.
        "trac\u212a_id",
        "Listen_Time",
    ];

    static readonly string[] Times =
    [
        "2024-06-25 12:00:00",
        "2024-06-25T12:00:00Z",
        "2024-06-25 12:00:00.123456789",
        "2024-06-25 12:00:00+02:00",
        "2024-06-25 24:00:00",
        "2024-06-31 00:00:00",
        "1970-01-01 00:00:00",
        "1969-12-31 23:59:59",
        "2024-07-02 00:00:01",
        "",
    ];

    /// <summary>A file.</summary>
    public static byte[] File(Random random)
    {
        var file = new StringBuilder();
        if (random.Next(8) == 0)
        {
            file.Append('\uFEFF');
        }

        Blank(file, random);
        var columns = Columns(random);
        var quoting = random.Next(3);
        var lineEnd = random.Next(4) switch
        {
            0 => "\r\n",
            1 => "\r",
            _ => "\n",
        };
        Row(file, [.. columns.Select(name => random.Next(5) == 0 ? name.ToUpperInvariant() : name)]);
        for (var rows = random.Next(random.Next(5) == 0 ? 400 : 12); rows > 0; rows--)
        {
            Row(file, [.. columns.Select(name => Field(name, random))]);
            Blank(file, random);
        }

        if (random.Next(3) == 0 && file.Length > 0)
        {
            file.Length--;
        }

        return Encoding.UTF8.GetBytes(file.ToString());

        void Row(StringBuilder to, string[] fields)
        {
            var count = random.Next(20) == 0 ? random.Next(fields.Length + 2) : fields.Length;
            for (var field = 0; field < count; field++)
            {
                var text = field < fields.Length ? fields[field] : "more";
                to.Append(field > 0 ? "," : "").Append(Quoted(text, random.Next(8) < quoting * quoting, random));
            }

            to.Append(random.Next(12) == 0 ? "\r\n" : lineEnd);
        }
    }

    static string[] Columns(Random random)
    {
        List<string> columns = [.. Names[..(random.Next(6) == 0 ? random.Next(4) : 3)]];
        for (var more = random.Next(4); more > 0; more--)
        {
            columns.Add(Names[random.Next(Names.Length)]);
        }

        if (random.Next(100) == 0)
        {
            columns.AddRange(Enumerable.Repeat("", random.Next(20_000)));
        }

        var order = columns.ToArray();
        if (random.Next(2) == 0)
        {
            random.Shuffle(order);
        }

        return order;
    }

    static string Field(string column, Random random)
    {
        if (random.Next(25) == 0)
        {
            return random.Next(8) switch
            {
                0 => "",
                1 => "\0",
                2 => "a\"b",
                3 => "a\rb",
                4 => "é𝄞\u2028",
                5 => new('x', random.Next(20) == 0 ? random.Next(3000) : 65),
                6 => "a,\r\n\"b\"",
                _ => " 1 ",
            };
        }

        return column.Trim().ToUpperInvariant() switch
        {
            "USER_ID" => random.Next(random.Next(2) == 0 ? 4 : int.MaxValue).ToString(CultureInfo.InvariantCulture),
            "TRACK_ID" => $"t{random.Next(6)}",
            "LISTEN_TIME" => random.Next(3) == 0
                ? Times[random.Next(Times.Length)]
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"2024-06-{random.Next(1, 29):d2} 12:00:{random.Next(60):d2}"
                ),
            "LIKED" or "SHARED" => random.Next(2) == 0 ? "1" : "false",
            _ => "",
        };
    }

    static string Quoted(string text, bool always, Random random)
    {
        // Mostly as the RFC asks; sometimes as it comes.
        var mustBe = text.AsSpan().IndexOfAny(",\"\n") >= 0 && random.Next(10) > 0;
        return always || mustBe ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    static void Blank(StringBuilder file, Random random)
    {
        while (random.Next(15) == 0)
        {
            file.Append(random.Next(3) == 0 ? "\r\n" : "\n");
        }
    }
}
