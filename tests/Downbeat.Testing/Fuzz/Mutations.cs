namespace Downbeat.Testing.Fuzz;

/// <summary>What happens to bytes on their way, and what someone may do to them on purpose.</summary>
public static class Mutations
{
    /// <summary>The same bytes after a few changes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="tokens">What may be put in.</param>
    /// <param name="random">Chooses.</param>
    public static byte[] Of(byte[] bytes, IReadOnlyList<byte[]> tokens, Random random)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(random);
        List<byte> changed = [.. bytes];
        for (var times = 1 << random.Next(4); times > 0; times--)
        {
            Change(changed, tokens, random);
        }

        return [.. changed];
    }

    /// <summary>The begin of one and the end of another.</summary>
    public static byte[] Splice(byte[] first, byte[] second, Random random)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(random);
        return [.. first[..random.Next(first.Length + 1)], .. second[random.Next(second.Length + 1)..]];
    }

    static void Change(List<byte> bytes, IReadOnlyList<byte[]> tokens, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(bytes.Count - at, 1 << random.Next(10));
        switch (random.Next(8))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4 when random.Next(4) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5 when at + 4 <= bytes.Count:
                // A number that is as large, or as small, as can be.
                int[] telling = [0, 1, -1, int.MaxValue, int.MinValue, 1 << 28, random.Next()];
                var number = BitConverter.GetBytes(telling[random.Next(telling.Length)]);
                for (var place = 0; place < 4; place++)
                {
                    bytes[at + place] = number[place];
                }

                break;
            default:
                if (tokens.Count > 0)
                {
                    bytes.InsertRange(at, tokens[random.Next(tokens.Count)]);
                }

                break;
        }
    }
}
