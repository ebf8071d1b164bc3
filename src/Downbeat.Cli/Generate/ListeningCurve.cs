namespace Downbeat.Cli.Generate;

/// <summary>
/// When people listen: the hours of a period, each weighed, with straight lines between the full hours.
/// </summary>
sealed class ListeningCurve
{
    const int HourSeconds = 3600;
    const int Highest = 210;

    readonly byte[] hours;

    public ListeningCurve(DateOnly from, int days)
    {
        Seconds = days * 24 * HourSeconds;
        hours = new byte[days * 24 + 1]; // And the midnight after.
        for (var hour = 0; hour < hours.Length; hour++)
        {
            var weekend = from.AddDays(hour / 24).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
            hours[hour] = (weekend ? Weekend : Weekday)[hour % 24];
        }
    }

    /// <summary>The length of the period.</summary>
    public int Seconds { get; }

    /// <summary>A night's sleep, the way to work, a long afternoon, the evening.</summary>
    static ReadOnlySpan<byte> Weekday =>
        [
            40,
            20,
            12,
            9,
            11,
            24,
            65,
            118,
            140,
            110,
            96,
            94, // Noon.
            104,
            106,
            100,
            104,
            122,
            158,
            182,
            196,
            200,
            184,
            140,
            80,
        ];

    /// <summary>Everything later, and more of it.</summary>
    static ReadOnlySpan<byte> Weekend =>
        [
            62,
            44,
            30,
            19,
            13,
            12,
            20,
            36,
            62,
            92,
            120,
            140, // Noon.
            150,
            155,
            156,
            156,
            160,
            170,
            186,
            202,
            Highest,
            204,
            178,
            118,
        ];

    /// <summary>A second of the period, from <paramref name="start"/> to below <paramref name="end"/>.</summary>
    public int Draw(ref SplitMix random, int start, int end)
    {
        while (true)
        {
            var second = start + random.Below(end - start);
            var (hour, rest) = Math.DivRem(second, HourSeconds);
            var weight = hours[hour] * (HourSeconds - rest) + hours[hour + 1] * rest;
            if (random.Below(Highest * HourSeconds) < weight)
            {
                return second;
            }
        }
    }

    /// <summary>The second before which the given share, 0 to 1, of all listening takes place.</summary>
    public int SecondAt(double share)
    {
        // An hour's listening is the mean of its ends; twice that is a whole number.
        long Twice(int hour) => hours[hour] + hours[hour + 1];
        var hourCount = hours.Length - 1;
        var total = 0L;
        for (var hour = 0; hour < hourCount; hour++)
        {
            total += Twice(hour);
        }
        var wanted = share * total;
        for (var hour = 0; hour < hourCount; hour++)
        {
            if (wanted < Twice(hour))
            {
                return hour * HourSeconds + (int)(wanted / Twice(hour) * HourSeconds);
            }
            wanted -= Twice(hour);
        }
        return Seconds;
    }
}
