using System.Globalization;

namespace Downbeat.Cli.Generate;

/// <summary>
/// The listeners. Nothing is kept of them: which one listens, and who that is, are formulas of numbers.
/// </summary>
sealed class SyntheticUsers
{
    readonly SyntheticOptions options;
    readonly long stride;
    readonly ulong idMask;
    readonly ulong idShift;

    public SyntheticUsers(SyntheticOptions options)
    {
        this.options = options;

        // Steps of a golden section, and no divisor in common, lead from any user to all others.
        stride = Math.Max(1, (long)(options.Users * 0.6180339887498949));
        while (GreatestCommonDivisor(stride, options.Users) != 1)
        {
            stride++;
        }
        idMask = (1ul << options.UserIdBits) - 1;
        idShift = new SplitMix(options.Seed, Subject.UserIds, 0).Next();
    }

    /// <summary>Draws the id of a listener: some listen a lot, most a little.</summary>
    public long DrawId(ref SplitMix random) => IdOf(random.Skewed(options.Users) * stride % options.Users);

    /// <summary>Writes them as CSV.</summary>
    public void Write(CsvOutput output)
    {
        output.Write("user_id,user_name,user_age,user_country,created_at\n");
        for (var number = 0L; number < options.Users; number++)
        {
            var random = new SplitMix(options.Seed, Subject.User, number);
            var fate = random.Below(400);
            if (options.DirtShare > 0 && fate < 2)
            {
                continue; // Listens, but is unknown.
            }
            output.Field(IdOf(number));
            output.Field($"{random.Pick(Names.First)} {random.Pick(Names.Last)}");
            output.Field(13 + random.Below(12) + random.Skewed(60));
            var country = Names.Countries[random.Skewed(Names.Countries.Length)];
            output.Field(options.DirtShare > 0 && fate == 2 ? "" : country);
            var created = options.From.AddDays(-1 - random.Skewed(1_500));
            output.Field(created.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            output.EndRow();
        }
    }

    /// <summary>The id of a user, 0 to below <see cref="SyntheticOptions.Users"/>. No two have the same.</summary>
    long IdOf(long number)
    {
        if (options.UserIdBits == 0)
        {
            return number + 1;
        }
        // Each step is one-to-one on that many bits: adding, an odd factor, folding the upper half onto the lower.
        var id = ((ulong)number + idShift) & idMask;
        var half = (options.UserIdBits + 1) / 2;
        for (var round = 0; round < 3; round++)
        {
            id = (id * 0x9E3779B97F4A7C15) & idMask;
            id ^= id >> half;
        }
        return (long)id;
    }

    static long GreatestCommonDivisor(long a, long b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}
