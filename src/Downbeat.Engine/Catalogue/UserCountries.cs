using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// Finds the countries of users who are asked for in ascending order, reading the users as kept by
/// <see cref="UsersScan.Merge"/> along with them: no table of users is ever in memory.
/// </summary>
public sealed class UserCountries(SliceReader users)
{
    byte[] buffer = new byte[Math.Min(256 * 1024, users.Summary.Bytes)];
    readonly Listen[] entries = new Listen[1024];
    int firstBlock;
    int endBlock;
    int block = -1;
    int at;
    int count;

    /// <summary>What stands for the country of a user who has none or is not known.</summary>
    public static ReadOnlySpan<byte> Unknown => "unknown"u8;

    /// <summary>The number of the country of the user found last, in the dictionary of the users.</summary>
    public int Country { get; private set; }

    /// <summary>The version of the users that first knew the user found last.</summary>
    public uint KnownSince { get; private set; }

    /// <summary>Looks for a user, whose id must not be lower than the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Find(ulong user)
    {
        if (users.BlockCount == 0)
        {
            return false;
        }

        if (block < 0 || (block + 1 < users.BlockCount && users.FirstUser(block + 1) <= user))
        {
            Open(FindBlock(user));
        }

        while (at < count && entries[at].User < user)
        {
            at++;
        }

        if (at == count || entries[at].User != user)
        {
            return false;
        }

        Country = entries[at].Track;
        KnownSince = entries[at].Second;
        return true;
    }

    /// <summary>Users are unique: the block is the last one that begins with the user or before.</summary>
    int FindBlock(ulong user)
    {
        // The next block nearly always.
        var next = block + 1;
        if (next < users.BlockCount && (next + 1 == users.BlockCount || users.FirstUser(next + 1) > user))
        {
            return next;
        }

        var found = users.FindBlock(user);
        return found + 1 < users.BlockCount && users.FirstUser(found + 1) <= user ? found + 1 : found;
    }

    void Open(int wanted)
    {
        if (wanted >= endBlock || block < 0)
        {
            firstBlock = wanted;
            endBlock = users.ReadBlocks(wanted, ref buffer);
        }

        block = wanted;
        count = users.Decode(wanted, buffer, firstBlock, entries);
        at = 0;
    }
}
