using System.ComponentModel;
using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Reading numbers and times, by a word at a time where rows are as usual, and in general.</summary>
[Description("A user id of 1 to 6 digits, or a time; by `Digits` only the clock of the time, whose date is looked up.")]
public class DigitsBenchmarks
{
    const int Texts = 4096;
    const int TimeLength = 19;

    readonly int[] ends = new int[Texts];
    byte[] users = [];
    byte[] times = [];

    /// <summary>Writes the texts.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var userText = new StringBuilder(new string(' ', Digits.MaxDigits));
        var timeText = new StringBuilder();
        for (var text = 0; text < Texts; text++)
        {
            userText.Append(CultureInfo.InvariantCulture, $"{random.Next(Samples.Users)}");
            ends[text] = userText.Length;
            userText.Append(',');
            timeText.Append(
                CultureInfo.InvariantCulture,
                $"2024-06-{random.Next(1, 31):00} {TimeSpan.FromSeconds(random.Next(86_400)):c}"
            );
        }

        users = Encoding.ASCII.GetBytes(userText.ToString());
        times = Encoding.ASCII.GetBytes(timeText.ToString());
    }

    /// <summary>User ids, quickly.</summary>
    [Benchmark(OperationsPerInvoke = Texts)]
    public ulong UserByDigits()
    {
        var sum = 0UL;
        var start = Digits.MaxDigits;
        foreach (var end in ends)
        {
            Must(Digits.TryParse(ref users[end], end - start, out var user));
            sum += user;
            start = end + 1;
        }

        return sum;
    }

    /// <summary>User ids, in general.</summary>
    [Benchmark(OperationsPerInvoke = Texts)]
    public ulong UserById()
    {
        var sum = 0UL;
        var start = Digits.MaxDigits;
        foreach (var end in ends)
        {
            Must(UserId.TryParse(users.AsSpan(start..end), out var user));
            sum += user.Value;
            start = end + 1;
        }

        return sum;
    }

    /// <summary>Clock times, quickly.</summary>
    [Benchmark(OperationsPerInvoke = Texts)]
    public ulong ClockByDigits()
    {
        var sum = 0UL;
        for (var at = 0; at < times.Length; at += TimeLength)
        {
            Must(Digits.TryParseClock(Digits.Word(ref times[at + 11]), out var second));
            sum += second;
        }

        return sum;
    }

    /// <summary>Dates and times, in general.</summary>
    [Benchmark(OperationsPerInvoke = Texts)]
    public long TimeByListenTime()
    {
        var sum = 0L;
        for (var at = 0; at < times.Length; at += TimeLength)
        {
            Must(ListenTime.TryParse(times.AsSpan(at, TimeLength), out var time));
            sum += time.LocalSecond;
        }

        return sum;
    }

    static void Must(bool isRead)
    {
        if (!isRead)
        {
            throw new InvalidOperationException("A sample was not read.");
        }
    }
}
