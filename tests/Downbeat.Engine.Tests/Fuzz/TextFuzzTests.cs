using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Testing.Fuzz;
using Downbeat.Testing.Oracle;
using Ascii = Downbeat.Testing.Oracle.Ascii;
using ListenTime = Downbeat.Engine.Listens.ListenTime;
using OracleTime = Downbeat.Testing.Oracle.ListenTime;

namespace Downbeat.Engine.Tests.Fuzz;

/// <summary>Times and users of any bytes are what the definition says, or none.</summary>
public sealed class TextFuzzTests
{
    static readonly ZoneClock Clock = new("UTC");

    static readonly byte[][] TimeTokens =
    [
        .. new[]
        {
            "Z",
            "T",
            " ",
            ":",
            "-",
            ".",
            "+14:00",
            "-14:01",
            "+02:00",
            "99",
            "00",
            "60",
            "29",
            "\0",
            "٣",
            "+",
            "1",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    static readonly byte[][] UserTokens =
    [
        .. new[] { "0", "9", "9223372036854775807", "-", "+", " ", ".", "e", "_", "\0", "٣", "00000000" }.Select(
            Encoding.UTF8.GetBytes
        ),
    ];

    [Fact]
    public void EveryTextIsATimeOrNone() => Fuzzer.Run("time", 30_000, Time, TimeTokens, CheckTime);

    [Fact]
    public void EveryTextIsAUserOrNone() => Fuzzer.Run("user", 30_000, User, UserTokens, CheckUser);

    static byte[] Time(Random random)
    {
        var year = random.Next(3) == 0 ? random.Next(10_000) : random.Next(1968, 2101);
        var text =
            $"{year:d4}-{random.Next(14):d2}-{random.Next(33):d2}{(random.Next(2) == 0 ? ' ' : 'T')}{random.Next(25):d2}:{random.Next(61):d2}:{random.Next(61):d2}";
        text += random.Next(4) == 0 ? $".{random.Next()}" : "";
        text += random.Next(4) switch
        {
            0 => "Z",
            1 => $"{(random.Next(2) == 0 ? '+' : '-')}{random.Next(16):d2}:{random.Next(62):d2}",
            _ => "",
        };
        return Encoding.ASCII.GetBytes(text);
    }

    static string CheckTime(byte[] text, Random random)
    {
        var isTime = ListenTime.TryParse(text, out var time);
        var why = OracleTime.TryRead(Given.Latin1(text), Clock, DateTimeOffset.UnixEpoch, out var instant);
        Assert.Equal(why != "bad_listen_time", isTime);
        if (isTime)
        {
            Assert.Equal(instant, time.LocalSecond - (time.OffsetSeconds ?? 0));
        }

        return $"{why} {Math.Min(40, text.Length)}";
    }

    static byte[] User(Random random) =>
        Encoding.ASCII.GetBytes(
            $"{(random.Next(3) == 0 ? random.NextInt64() : random.Next(100))}{(random.Next(4) == 0 ? random.Next(100) : "")}"
        );

    static string CheckUser(byte[] text, Random random)
    {
        var isUser = UserId.TryParse(text, out var user);
        Assert.Equal(Ascii.TryParse(Given.Latin1(text), 0, long.MaxValue, out var expected), isUser);
        if (isUser)
        {
            Assert.Equal((ulong)expected, (ulong)user.Value);
        }

        return $"{isUser} {Math.Min(24, text.Length)}";
    }
}
