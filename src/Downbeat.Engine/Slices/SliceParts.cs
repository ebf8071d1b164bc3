using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Gives a stream to write a part of a slice to, by its number from 0; it is closed when the part is whole.</summary>
public delegate Stream PartOpener(int partNumber);

/// <summary>Gives the next listens, which stand there until the next call; none at the end.</summary>
delegate ReadOnlySpan<Listen> NextListens();

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
        return Write(merge.Next, runs[0].Summary.Date, merge.Tracks, openPart, partListens);
    }

    /// <summary>Writes sorted listens as parts.</summary>
    /// <param name="next">Gives the next listens; none at the end.</param>
    /// <param name="date">Their date.</param>
    /// <param name="tracks">The dictionary of all parts.</param>
    /// <param name="openPart">Where parts go.</param>
    /// <param name="partListens">After how many listens a part ends.</param>
    internal static List<SliceSummary> Write(
        NextListens next,
        DateOnly date,
        Texts tracks,
        PartOpener openPart,
        int partListens
    )
    {
        var parts = new List<SliceSummary>();
        Stream? output = null;
        SliceWriter? part = null;
        var room = 0; // How many listens the part may take before it ends with a user.
        var user = ulong.MaxValue; // The last one.
        try
        {
            for (var listens = next(); !listens.IsEmpty; listens = next())
            {
                while (!listens.IsEmpty)
                {
                    var count = Math.Min(listens.Length, room);
                    user = count > 0 ? listens[count - 1].User : user;
                    while (part is not null && count < listens.Length && listens[count].User == user)
                    {
                        count++;
                    }

                    part?.Add(listens[..count]);
                    room = Math.Max(0, room - count);
                    listens = listens[count..];
                    if (!listens.IsEmpty)
                    {
                        if (part is not null)
                        {
                            parts.Add(part.Finish());
                            output!.Dispose();
                        }

                        output = openPart(parts.Count);
                        part = new(output, date, tracks);
                        room = partListens;
                    }
                }
            }

            if (part is not null)
            {
                parts.Add(part.Finish());
            }
        }
        finally
        {
            output?.Dispose();
        }

        return parts;
    }
}
