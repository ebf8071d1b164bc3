using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// The slices of one date, merged: the only thing KPIs are computed from. Memory grows with the tracks of the date and
/// the catalogue, not with its users or listens.
/// </summary>
public sealed class Day
{
    const long MergeBufferBytes = 64 << 20;

    readonly IReadOnlyList<SliceReader> slices;
    readonly int[][] renumbered;

    /// <summary>Joins the slices of a date.</summary>
    /// <param name="date">The date.</param>
    /// <param name="zone">The lake's time zone.</param>
    /// <param name="slices">All slices of the date; any order.</param>
    public Day(DateOnly date, LakeZone zone, IReadOnlyList<SliceReader> slices)
    {
        ArgumentNullException.ThrowIfNull(slices);
        Date = date;
        Zone = zone;
        this.slices = slices;
        Tracks = Texts.Union([.. slices.Select(slice => slice.Tracks)], out renumbered);
    }

    /// <summary>The date.</summary>
    public DateOnly Date { get; }

    /// <summary>The lake's time zone.</summary>
    public LakeZone Zone { get; }

    /// <summary>The ids of all tracks listened to, sorted.</summary>
    public Texts Tracks { get; }

    /// <summary>Counts the day's listens under a catalogue.</summary>
    /// <param name="songs">What the songs tell.</param>
    /// <param name="users">The users, as kept by <see cref="UsersScan.Merge"/>.</param>
    /// <param name="workers">How many threads to use at most; the counts are the same for any.</param>
    /// <param name="cancellationToken">Stops between two listens.</param>
    public DayCounts Count(Songs songs, SliceReader users, int workers, CancellationToken cancellationToken = default)
    {
        var ranges = UserRanges.Split(slices, workers);
        var known = Tracks.FindIn(songs.Tracks);
        var counts = new DayCounts[ranges.Count];
        Workers.Run(
            ranges.Count,
            workers,
            range =>
            {
                counts[range] = new DayCounts(this, songs, known, users);
                Read(ranges[range], counts[range].Add, ranges.Count, cancellationToken);
            },
            cancellationToken
        );
        for (var range = 1; range < counts.Length; range++)
        {
            counts[0].Add(counts[range]);
        }

        return counts[0];
    }

    /// <summary>Whether one of the day's tracks became known after a version of the songs.</summary>
    public bool HasTrackKnownSince(Songs songs, int version) =>
        Tracks.FindIn(songs.Tracks).Any(track => track >= 0 && songs.KnownSince[track] > version);

    /// <summary>Whether one of the day's listeners became known after a version of the users.</summary>
    public bool HasUserKnownSince(SliceReader users, int version, CancellationToken cancellationToken = default)
    {
        var countries = new UserCountries(users);
        var found = false;
        var last = ulong.MaxValue;
        Read(
            (0, ulong.MaxValue),
            listens =>
            {
                foreach (ref readonly var listen in listens)
                {
                    if (listen.User != last)
                    {
                        last = listen.User;
                        found |= countries.Find(last) && countries.KnownSince > version;
                    }
                }

                return !found;
            },
            1,
            cancellationToken
        );
        return found;
    }

    /// <summary>Takes sorted listens, and says whether to go on.</summary>
    delegate bool Taker(ReadOnlySpan<Listen> listens);

    void Read((ulong First, ulong Last) range, Taker take, int readers, CancellationToken cancellationToken)
    {
        var merge = new SliceMerge(slices, Tracks, renumbered, MergeBufferBytes / readers, range.First, range.Last);
        var batch = new Listen[4096];
        for (int count; (count = merge.Read(batch)) > 0 && take(batch.AsSpan(0, count)); )
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
