namespace Downbeat.Cli.Generate;

/// <summary>
/// Picks exactly so many out of so many rows, any of them as likely as any other (Knuth's algorithm S).
/// </summary>
struct Quota
{
    long wanted;
    long rows;

    public Quota(long wanted, long rows) => (this.wanted, this.rows) = (wanted, rows);

    /// <summary>Whether the next row is one of them.</summary>
    public bool Take(ref SplitMix random)
    {
        if (wanted == 0)
        {
            return false;
        }
        var taken = random.Below(rows--) < wanted;
        wanted -= taken ? 1 : 0;
        return taken;
    }
}
