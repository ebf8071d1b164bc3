using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Some users among those of slices: how much a slice holds of them, and what is left without them.</summary>
public sealed class SliceUsers
{
    const int BufferBytes = 64 * 1024;

    readonly ulong[] users;
    readonly HashSet<ulong> set;

    /// <summary>Names the users.</summary>
    public SliceUsers(IEnumerable<ulong> users)
    {
        set = [.. users];
        this.users = [.. set.Order()];
    }

    /// <summary>The users, each once, in ascending order.</summary>
    public IReadOnlyList<ulong> Users => users;

    /// <summary>Whether it is one of them.</summary>
    public bool Contains(ulong user) => set.Contains(user);

    /// <summary>How many listens of them a slice holds. Only blocks in which they may be are read.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="onFound">Called with each user that is in it, once a block.</param>
    public long Count(SliceReader slice, Action<ulong> onFound)
    {
        ArgumentNullException.ThrowIfNull(slice);
        ArgumentNullException.ThrowIfNull(onFound);
        var count = 0L;
        var (next, block, firstRead, endRead) = (0, 0, 0, 0);
        byte[] buffer = [];
        Listen[] listens = [];
        while (block < slice.BlockCount)
        {
            while (next < users.Length && users[next] < slice.FirstUser(block))
            {
                next++; // Nor in any block behind.
            }

            if (next == users.Length || users[next] > slice.Summary.LastUser)
            {
                break;
            }

            if (block + 1 < slice.BlockCount && slice.FirstUser(block + 1) < users[next])
            {
                block = Math.Max(block + 1, slice.FindBlock(users[next]));
                continue;
            }

            if (block < firstRead || block >= endRead)
            {
                buffer = buffer.Length == 0 ? new byte[Math.Min(BufferBytes, slice.Summary.Bytes)] : buffer;
                listens = listens.Length == 0 ? new Listen[SliceFormat.BlockListens] : listens;
                firstRead = block;
                endRead = slice.ReadBlocks(block, ref buffer);
            }

            var found = ulong.MaxValue; // No user has this id.
            foreach (ref readonly var listen in listens.AsSpan(0, slice.Decode(block, buffer, firstRead, listens)))
            {
                if (listen.User == found || set.Contains(listen.User))
                {
                    if (listen.User != found)
                    {
                        found = listen.User;
                        onFound(found);
                    }

                    count++;
                }
            }

            block++;
        }

        return count;
    }

    /// <summary>
    /// Writes what the slices of one source and one date hold without the users: the parts, to the byte, that scanning the source
    /// without their rows would make. There are none when nothing is left.
    /// </summary>
    /// <param name="slices">The slices.</param>
    /// <param name="bufferBytes">How much to read of all of them together at a time.</param>
    /// <param name="openPart">Where parts go.</param>
    /// <param name="partListens">After how many listens a part ends.</param>
    public List<SliceSummary> WriteWithout(
        IReadOnlyList<SliceReader> slices,
        long bufferBytes,
        PartOpener openPart,
        int partListens = SliceParts.PartListens
    )
    {
        var merge = new SliceMerge(slices, bufferBytes);
        var left = new Listen[1024];
        int Next()
        {
            int read;
            var count = 0;
            while (count == 0 && (read = merge.Read(left)) > 0)
            {
                for (var at = 0; at < read; at++)
                {
                    if (!set.Contains(left[at].User))
                    {
                        left[count++] = left[at];
                    }
                }
            }

            return count;
        }

        // A track that only they listened to would tell of them.
        var numbers = new int[merge.Tracks.Count];
        for (int count; (count = Next()) > 0; )
        {
            foreach (ref readonly var listen in left.AsSpan(0, count))
            {
                numbers[listen.Track] = 1;
            }
        }

        var kept = new Texts.Builder();
        for (var track = 0; track < numbers.Length; track++)
        {
            if (numbers[track] > 0)
            {
                numbers[track] = kept.Count;
                kept.Add(merge.Tracks[track]);
            }
        }

        merge.Restart(0, ulong.MaxValue);
        return SliceParts.Write(
            () =>
            {
                var listens = left.AsSpan(0, Next());
                foreach (ref var listen in listens)
                {
                    listen = listen.WithTrack(numbers[listen.Track]);
                }

                return listens;
            },
            slices[0].Summary.Date,
            kept.Build(),
            openPart,
            partListens
        );
    }
}
