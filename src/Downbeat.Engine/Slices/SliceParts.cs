using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Gives a stream to write a part of a slice to, by its number from 0; it is closed when the part is whole.</summary>
public delegate Stream PartOpener(int partNumber);

/// <summary>
/// Merges the sorted runs of one source and one date into the parts that are kept. Parts hold disjoint ranges of users
/// and are cut by the number of listens alone, so that the same source makes the same parts whatever memory there was.
/// </summary>
public static class SliceParts
{
    /// <summary>A part ends with the first user after so many listens.</summary>
    public const int PartListens = 1 << 24;

    /// <summary>Whether one run is already what merging it would make.</summary>
    public static bool IsWhole(SliceSummary run) => run.Listens <= PartListens;

    /// <summary>Merges runs into parts.</summary>
    /// <param name="runs">The runs; all of one date.</param>
    /// <param name="bufferBytes">How much to read of all runs together at a time.</param>
    /// <param name="openPart">Where parts go.</param>
    /// <param name="partListens">After how many listens a part ends.</param>
    /// <returns>What the parts hold.</returns>
    public static List<SliceSummary> Merge(
        IReadOnlyList<SliceReader> runs,
        long bufferBytes,
        PartOpener openPart,
        int partListens = PartListens
    )
    {
        var merge = new SliceMerge(runs, bufferBytes);
        var date = runs[0].Summary.Date;
        var parts = new List<SliceSummary>();
        var batch = new Listen[4096];
        Stream? output = null;
        SliceWriter? part = null;
        var listens = 0;
        var user = ulong.MaxValue;
        try
        {
            for (int count; (count = merge.Read(batch)) > 0; )
            {
                foreach (ref readonly var listen in batch.AsSpan(0, count))
                {
                    if (part is not null && listens >= partListens && listen.User != user)
                    {
                        parts.Add(part.Finish());
                        output!.Dispose();
                        part = null;
                    }

                    if (part is null)
                    {
                        output = openPart(parts.Count);
                        part = new(output, date, merge.Tracks);
                        listens = 0;
                    }

                    part.Add(listen);
                    listens++;
                    user = listen.User;
                }
            }

            parts.Add(part!.Finish());
        }
        finally
        {
            output?.Dispose();
        }

        return parts;
    }
}
