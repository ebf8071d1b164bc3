using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// Reads users from CSV files, given in the byte order of their names: a user's country is that of the first accepted
/// row. Users that fit in the buffer are written from there; more of them become sorted runs, which are merged. A run
/// has the format of a slice with one entry a user; <c>second</c> holds the number of the run, and the dictionary the
/// countries. Memory stays bounded whatever the number of users.
/// </summary>
public sealed class UsersScan : CatalogueScan
{
    const int UserColumn = 0;
    const int CountryColumn = 1;

    /// <summary>A slice has a date; that of users means nothing.</summary>
    static readonly DateOnly NoDate = ListenDate.FromDay(0);

    readonly Func<Stream> openRun;
    readonly TextNumbers countries = new();

    // In the order of the rows until they are sorted: then a user's first row is the first of its rows.
    ulong[] users;
    int[] countryNumbers;
    int count;
    bool isSorted = true;
    uint runCount;
    Texts sortedCountries = new Texts.Builder().Build();
    int[] countryRanks = [];

    /// <summary>Sets up the scan.</summary>
    /// <param name="memoryBytes">How much memory to use for sorting.</param>
    /// <param name="openRun">Where runs go, in order, when users do not fit in the memory.</param>
    /// <param name="onReject">Takes the rejects.</param>
    public UsersScan(long memoryBytes, Func<Stream> openRun, RejectHandler onReject)
        : base(RequiredColumns, onReject)
    {
        const int EntryBytes = 2 * (sizeof(ulong) + sizeof(int)); // Sorting needs room for as many.
        this.openRun = openRun;
        var entries = (int)Math.Clamp(memoryBytes / EntryBytes, 1024, 1 << 28);
        users = GC.AllocateUninitializedArray<ulong>(entries);
        countryNumbers = GC.AllocateUninitializedArray<int>(entries);
    }

    /// <summary>The columns that a file of users must have.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } = ["user_id", "user_country"];

    /// <summary>Sorts what was read last. If it follows runs, it becomes the last of them.</summary>
    public void Finish()
    {
        if (runCount > 0)
        {
            Seal();
        }
        else
        {
            Sort();
        }
    }

    /// <summary>
    /// Writes the users that are kept, after <see cref="Finish"/>: one entry a user, in whose <c>second</c> stands the
    /// version that first knew the user. May be called again.
    /// </summary>
    /// <param name="runs">The runs that were opened, complete; may be none.</param>
    /// <param name="output">Where the users go.</param>
    /// <param name="version">The version of these users.</param>
    /// <param name="before">The users of the version before.</param>
    /// <returns>What was written.</returns>
    public SliceSummary Write(IReadOnlyList<SliceReader> runs, Stream output, int version, SliceReader? before)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return runs.Count > 0 ? Merge(runs, output, version, before) : WriteSorted(output, (uint)version, before);
    }

    static SliceSummary Merge(IReadOnlyList<SliceReader> runs, Stream output, int version, SliceReader? before)
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected override RejectReason? TakeRow(CsvReader row, CsvHeader header)
    {
        if (!UserId.TryParse(row.Field(header[UserColumn]), out var user))
        {
            return RejectReason.BadUserId;
        }

        if (count == users.Length)
        {
            Seal();
        }

        var text = row.Field(header[CountryColumn]);
        isSorted &= count == 0 || users[count - 1] <= user.Value;
        users[count] = user.Value;
        countryNumbers[count] = countries.FindOrAdd(text.IsEmpty ? UserCountries.Unknown : text);
        count++;
        return null;
    }

    /// <summary>Writes what was read as a run, and forgets it.</summary>
    void Seal()
    {
        if (count > 0)
        {
            Sort();
            using var output = openRun();
            _ = WriteSorted(output, runCount, before: null);
            runCount++;
        }

        count = 0;
        isSorted = true;
        countries.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    SliceSummary WriteSorted(Stream output, uint since, SliceReader? before)
    {
        var known = before is null ? null : new UserCountries(before);
        var writer = new SliceWriter(output, NoDate, sortedCountries);
        for (var at = 0; at < count; at++)
        {
            var user = users[at];
            if (at > 0 && user == users[at - 1])
            {
                continue; // A later row of the same user.
            }

            var knownSince = known is not null && known.Find(user) ? known.KnownSince : since;
            writer.Add(new Listen(user, knownSince, countryRanks[countryNumbers[at]], ListenFlags.None));
        }

        return writer.Finish();
    }

    /// <summary>
    /// Sorts by user alone, rows of a user staying in their order: radix sort from the least digit, over the bits that
    /// vary, unless the files are sorted already, as exports often are.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Sort()
    {
        sortedCountries = countries.Sort(out countryRanks);
        if (isSorted)
        {
            return;
        }

        const int DigitBits = 11;
        const int Buckets = 1 << DigitBits;
        var varying = 0UL;
        foreach (var user in users.AsSpan(0, count))
        {
            varying |= user ^ users[0];
        }

        var toUsers = GC.AllocateUninitializedArray<ulong>(users.Length);
        var toCountryNumbers = GC.AllocateUninitializedArray<int>(users.Length);
        var places = new int[Buckets];
        for (var shift = 0; shift < 64 && varying >> shift != 0; shift += DigitBits)
        {
            if (((varying >> shift) & (Buckets - 1)) == 0)
            {
                continue;
            }

            Array.Clear(places);
            foreach (var user in users.AsSpan(0, count))
            {
                places[(int)(user >> shift) & (Buckets - 1)]++;
            }

            var place = 0;
            foreach (ref var bucket in places.AsSpan())
            {
                (bucket, place) = (place, place + bucket);
            }

            for (var at = 0; at < count; at++)
            {
                var to = places[(int)(users[at] >> shift) & (Buckets - 1)]++;
                toUsers[to] = users[at];
                toCountryNumbers[to] = countryNumbers[at];
            }

            (users, toUsers) = (toUsers, users);
            (countryNumbers, toCountryNumbers) = (toCountryNumbers, countryNumbers);
        }

        isSorted = true;
    }
}
