namespace Downbeat.Cli.Generate;

/// <summary>
/// What a stream of random numbers is for: streams of different subjects have nothing to do with each other.
/// </summary>
enum Subject
{
    Track = 1,
    Song,
    Artist,
    User,
    UserIds,
    Sessions,
    BrokenSessions,
    Rows,
}

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014). Not System.Random, whose numbers may change with the runtime.
/// What is derived here uses only + - * /, which give the same bits on every processor; the functions of libm do not.
/// </summary>
struct SplitMix
{
    const ulong Gamma = 0x9E3779B97F4A7C15;

    ulong state;

    public SplitMix(ulong seed, Subject subject, long number) =>
        state = Mix(Mix(seed + (ulong)subject * Gamma) + (ulong)number * Gamma);

    public ulong Next() => Mix(state += Gamma);

    /// <summary>A whole number from 0 to below <paramref name="limit"/>.</summary>
    public long Below(long limit) => (long)Math.BigMul(Next(), (ulong)limit, out _);

    /// <summary>A whole number from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)Below((long)limit);

    /// <summary>One of the words.</summary>
    public string Pick(string[] words) => words[Below(words.Length)];

    /// <summary>True in <paramref name="percent"/> of 100 cases.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>From 0 to below 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1L << 53));

    /// <summary>
    /// A whole number from 0 to below <paramref name="limit"/>, small ones more often: the first 1 % get 14 % of the
    /// draws, the first 10 % get 44 %, the last half gets 21 %. The very first gets 20 times the average, as a person
    /// can only do so much.
    /// </summary>
    public long Skewed(long limit)
    {
        var unit = Unit();
        return Math.Min((long)(unit * (0.05 + 0.95 * unit * unit) * limit), limit - 1);
    }

    /// <summary>A whole number from 0 to below <paramref name="limit"/>, small ones more often.</summary>
    public int Skewed(int limit) => (int)Skewed((long)limit);

    /// <summary>
    /// About normally distributed around 0 with a deviation of 1: the sum of 12 uniform numbers has just that.
    /// </summary>
    public double Normal()
    {
        var sum = -6.0;
        for (var i = 0; i < 12; i++)
        {
            sum += Unit();
        }
        return sum;
    }

    /// <summary>About e to the power of a normal number with the given deviation, so 1 at its median.</summary>
    public double LogNormal(double deviation)
    {
        var power = 1 + Normal() * deviation / 1024;
        for (var i = 0; i < 10; i++)
        {
            power *= power;
        }
        return power;
    }

    /// <summary>A one-to-one scrambling of 64 bits.</summary>
    static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
