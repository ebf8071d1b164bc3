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

    /// <summary>More ranges than workers: who is done early takes one more.</summary>
    const int RangesOfWorker = 4;

    /// <summary>Of each slice a range decodes one block that it shares with its neighbours; so many should be its own.</summary>
    const int MinBlocksOfRange = 8;

    readonly IReadOnlyList<SliceReader> slices;
    readonly TrackUnion union;

    /// <summary>Joins the slices of a date.</summary>
    /// <param name="date">The date.</param>
    /// <param name="zone">The lake's time zone.</param>
    /// <param name="slices">All slices of the date; any order.</param>
    /// <param name="workers">How many threads to read their dictionaries with at most.</param>
    public Day(DateOnly date, LakeZone zone, IReadOnlyList<SliceReader> slices, int workers = 1)
    {
        ArgumentNullException.ThrowIfNull(slices);
        Date = date;
        Zone = zone;
        this.slices = slices;
        union = TrackUnion.Of(slices, workers);
    }

    /// <summary>The date.</summary>
    public DateOnly Date { get; }

    /// <summary>The lake's time zone.</summary>
    public LakeZone Zone { get; }

    /// <summary>The ids of all tracks listened to, sorted.</summary>
    public Texts Tracks => union.Tracks;

    /// <summary>About how many bytes the tracks take.</summary>
    internal long DictionaryBytes => union.MemoryBytes;

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
        var merge = Merge(MergeBufferBytes);
        merge.Restart(0, ulong.MaxValue);
        while (!found && merge.Next() is { IsEmpty: false } listens)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (ref readonly var listen in listens)
            {
                if (listen.User != last)
                {
                    last = listen.User;
                    found |= countries.Find(last) && countries.KnownSince > version;
                }
            }
        }

        return found;
    }

    /// <summary>How many listens began before their user had signed up.</summary>
    public long CountBefore(SignupScan signups, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(signups);
        var start = ListenDate.SpanStart(ListenDate.ToDay(Date));
        var (last, signedUp) = (ulong.MaxValue, long.MinValue);
        var before = 0L;
        var merge = Merge(MergeBufferBytes);
        merge.Restart(0, ulong.MaxValue);
        while (merge.Next() is { IsEmpty: false } listens)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (ref readonly var listen in listens)
            {
                if (listen.User != last)
                {
                    last = listen.User;
                    signedUp = signups.Of(last);
                }

                before += start + listen.Second < signedUp ? 1 : 0;
            }
        }

        return before;
    }

    /// <summary>Cuts the day's users into ranges: more than workers, unless slices are so small that cutting them costs more.</summary>
    internal IReadOnlyList<(ulong FirstUser, ulong LastUser)> Split(int workers)
    {
        var blocks = slices.Sum(slice => (long)slice.BlockCount);
        var worth = blocks / MinBlocksOfRange / Math.Max(1, slices.Count);
        return UserRanges.Split(slices, (int)Math.Clamp(worth, workers, RangesOfWorker * workers));
    }

    /// <summary>Merges the slices, range by range.</summary>
    internal SliceMerge Merge(long bufferBytes) => new(slices, union, bufferBytes);
}
