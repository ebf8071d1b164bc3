using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// Reads users from CSV files, given in the byte order of their names, into sorted runs: a user's country is that of the
/// first accepted row. A run has the format of a slice with one entry a user; <c>second</c> holds the number of the run,
/// and the dictionary the countries. Memory stays bounded whatever the number of users.
/// </summary>
public sealed class UsersScan : CatalogueScan
{
    const int UserColumn = 0;
    const int CountryColumn = 1;

    /// <summary>A slice has a date; that of users means nothing.</summary>
    static readonly DateOnly NoDate = ListenDate.FromDay(0);

    readonly Func<Stream> openRun;
    readonly TextNumbers countries = new();

    // A user, the row's number in place of the second, its country in place of the track: the first row of a user sorts first.
    readonly Listen[] rows;
    int count;
    uint runNumber;

    /// <summary>Sets up the scan.</summary>
    /// <param name="memoryBytes">How much memory to use for sorting.</param>
    /// <param name="openRun">Where runs go, in order.</param>
    /// <param name="onReject">Takes the rejects.</param>
    public UsersScan(long memoryBytes, Func<Stream> openRun, RejectHandler onReject)
        : base(RequiredColumns, onReject)
    {
        this.openRun = openRun;
        var entries = (int)Math.Clamp(memoryBytes / 32, 1024, 1 << 28);
        rows = GC.AllocateUninitializedArray<Listen>(2 * entries);
    }

    /// <summary>The columns that a file of users must have.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } = ["user_id", "user_country"];

    /// <summary>Writes the last run.</summary>
    public void Finish() => Seal();

    /// <summary>
    /// Merges runs into the users that are kept: one entry a user, in whose <c>second</c> stands the version that first
    /// knew the user.
    /// </summary>
    /// <param name="runs">The runs, in any order.</param>
    /// <param name="output">Where the users go.</param>
    /// <param name="version">The version of these users.</param>
    /// <param name="before">The users of the version before.</param>
    /// <returns>What was written.</returns>
    public static SliceSummary Merge(IReadOnlyList<SliceReader> runs, Stream output, int version, SliceReader? before)
    {
        var merge = new SliceMerge(runs, 1 << 24);
        var known = before is null ? null : new UserCountries(before);
        var writer = new SliceWriter(output, NoDate, merge.Tracks);
        var batch = new Listen[4096];
        var last = ulong.MaxValue; // No user has this id.
        for (int read; (read = merge.Read(batch)) > 0; )
        {
            foreach (ref readonly var entry in batch.AsSpan(0, read))
            {
                if (entry.User == last)
                {
                    continue; // A later row of the same user.
                }

                last = entry.User;
                var since = known is not null && known.Find(last) ? known.KnownSince : (uint)version;
                writer.Add(new Listen(last, since, entry.Track, ListenFlags.None));
            }
        }

        return writer.Finish();
    }

    private protected override RejectReason? TakeRow(CsvReader row, CsvHeader header)
    {
        if (!UserId.TryParse(row.Field(header[UserColumn]), out var user))
        {
            return RejectReason.BadUserId;
        }

        var text = row.Field(header[CountryColumn]);
        var country = countries.FindOrAdd(text.IsEmpty ? UserCountries.Unknown : text);
        rows[count] = new(user.Value, (uint)count, country, ListenFlags.None);
        if (++count == rows.Length / 2)
        {
            Seal();
        }

        return null;
    }

    void Seal()
    {
        // A catalogue without users is one empty run.
        if (count == 0 && runNumber > 0)
        {
            return;
        }

        var sorted = countries.Sort(out var ranks);
        var scratch = rows.AsSpan(count, count);
        var ordered = RadixSort.Sort(rows.AsSpan(0, count), scratch) ? scratch : rows.AsSpan(0, count);
        using var output = openRun();
        var run = new SliceWriter(output, NoDate, sorted);
        for (var at = 0; at < count; at++)
        {
            if (at == 0 || ordered[at].User != ordered[at - 1].User)
            {
                run.Add(new Listen(ordered[at].User, runNumber, ranks[ordered[at].Track], ListenFlags.None));
            }
        }

        run.Finish();
        runNumber++;
        count = 0;
        countries.Clear();
    }
}
