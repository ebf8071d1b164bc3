namespace Downbeat.Cli.Generate;

/// <summary>
/// Draws a number with the given weights in one look-up (Walker's method, built as by Vose 1991): each slot holds its
/// own number up to a threshold, and another one, its alias, above it.
/// </summary>
sealed class AliasTable
{
    /// <summary>Threshold in the upper, alias in the lower 32 bits: one cache line a draw.</summary>
    readonly ulong[] slots;

    public AliasTable(double[] weights)
    {
        slots = new ulong[weights.Length];
        var sum = 0.0;
        foreach (var weight in weights)
        {
            sum += weight; // In this order on every runtime: a vectorised sum would round otherwise.
        }
        var scale = weights.Length / sum;
        var share = Array.ConvertAll(weights, weight => weight * scale); // 1 is a slot's worth.

        // Slots still to be filled: the poor from the front, the rich from the back of one array.
        var open = new int[weights.Length];
        var (poor, rich) = (0, weights.Length);
        for (var i = 0; i < share.Length; i++)
        {
            open[share[i] < 1 ? poor++ : --rich] = i;
        }
        while (poor > 0 && rich < open.Length)
        {
            var (taker, giver) = (open[--poor], open[rich]);
            slots[taker] = ((ulong)(share[taker] * uint.MaxValue) << 32) | (uint)giver;
            share[giver] -= 1 - share[taker];
            if (share[giver] < 1)
            {
                open[poor++] = giver;
                rich++;
            }
        }
        // What rounding leaves over is a slot's worth, but for a few units in the last place.
        foreach (var left in open[..poor].Concat(open[rich..]))
        {
            slots[left] = ((ulong)uint.MaxValue << 32) | (uint)left;
        }
    }

    /// <summary>The number that 64 random bits stand for.</summary>
    public int Draw(ulong random)
    {
        var index = (int)((random >> 32) * (ulong)slots.Length >> 32);
        var slot = slots[index];
        return (uint)random <= (uint)(slot >> 32) ? index : (int)(uint)slot;
    }
}
