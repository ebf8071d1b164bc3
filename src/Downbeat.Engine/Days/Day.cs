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
    /// <summary>How much the readers of a date read at a time, all together.</summary>
    internal const long MergeBufferBytes = 64 << 20;

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

    /// <summary>How many bytes the dictionaries of slices and day take.</summary>
    internal long DictionaryBytes =>
        slices
            .Select(slice => slice.Tracks)
            .Append(Tracks)
            .Sum(tracks => tracks.ByteCount + (2L * sizeof(int) * tracks.Count));

    /// <summary>Counts the day's listens under a catalogue.</summary>
    /// <param name="songs">What the songs tell.</param>
    /// <param name="users">The users, as kept by <see cref="UsersScan.Write"/>.</param>
    /// <param name="workers">How many threads to use at most; the counts are the same for any.</param>
    /// <param name="cancellationToken">Stops between two listens.</param>
    public DayCounts Count(Songs songs, SliceReader users, int workers, CancellationToken cancellationToken = default)
    {
        var counting = new DayCounting(this, songs, users, workers, new());
        DayCounts? whole = null;
        Workers.Run(
            workers,
            workers,
            _ =>
            {
                if (counting.Work(cancellationToken) is { } counts)
                {
                    whole = counts;
                }
            },
            cancellationToken
        );
        return whole!;
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
            MergeBufferBytes,
            cancellationToken
        );
        return found;
    }

    /// <summary>Takes sorted listens, and says whether to go on.</summary>
    internal delegate bool Taker(ReadOnlySpan<Listen> listens);

    /// <summary>Cuts the day's users into at most so many ranges.</summary>
    internal IReadOnlyList<(ulong FirstUser, ulong LastUser)> Split(int ranges) => UserRanges.Split(slices, ranges);

    /// <summary>Reads the listens of a range of users.</summary>
    internal void Read(
        (ulong First, ulong Last) users,
        Taker take,
        long bufferBytes,
        CancellationToken cancellationToken
    )
    {
        var merge = new SliceMerge(slices, Tracks, renumbered, bufferBytes, users.First, users.Last);
        while (merge.Next() is { IsEmpty: false } listens && take(listens))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
