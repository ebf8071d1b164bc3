using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Schedule;

/// <summary>
/// Knows when files have landed that no run has tried yet. It lists the landing area, which is all but empty between runs, and nothing
/// else: the ledger is not opened. A lake that tells of changes is listed when it does, and from time to time.
/// </summary>
sealed class LandingWatch : IDisposable
{
    /// <summary>Songs and users change seldom: where nothing tells of changes they are listed every so many times.</summary>
    const int LooksPerCatalogueLook = 4;

    readonly ILake lake;
    readonly WatchOptions options;
    readonly string[] folders;
    readonly IDisposable?[] watchers;
    readonly SemaphoreSlim signal = new(0, 1);
    readonly HashSet<LakeObject> tried = [];
    IReadOnlyList<LakeObject> streams = [];
    IReadOnlyList<LakeObject> catalogue = [];
    HashSet<LakeObject> ready = [];
    DateTimeOffset readySince;
    DateTimeOffset changed;
    DateTimeOffset nextLook = DateTimeOffset.MinValue;
    DateTimeOffset nextPoll = DateTimeOffset.MinValue;
    int polls;
    volatile bool isSignalled;

    public LandingWatch(ILake lake, WatchOptions options)
    {
        this.lake = lake;
        this.options = options;
        folders = options.HasLandedCatalogue
            ? [LakePaths.Streams, LakePaths.Songs, LakePaths.Users]
            : [LakePaths.Streams];
        watchers = new IDisposable?[folders.Length];
        WatchAgain();
    }

    /// <summary>Whether the lake tells of changes.</summary>
    public bool IsNotified => Array.TrueForAll(watchers, watcher => watcher is not null);

    /// <summary>Whether files are known to be there, and it is waited for more of them.</summary>
    public bool IsCollecting => ready.Count > 0;

    /// <summary>Whether songs or users are among what has landed.</summary>
    public bool HasCatalogue => catalogue.Any(ready.Contains);

    /// <summary>Whether a run has something to try now; if not, when to ask again at the latest.</summary>
    /// <exception cref="IOException">The lake cannot be listed.</exception>
    /// <exception cref="LakeException">It is no lake any more.</exception>
    public bool IsDue(DateTimeOffset now, out DateTimeOffset again)
    {
        // Until the files that are known to be there are left alone, more of them are no news.
        if (now >= nextLook || (isSignalled && !IsCollecting))
        {
            Look(now);
        }

        again = nextLook;
        return ready.Count > 0 && (now - changed >= options.Quiet || now - readySince >= options.LongestWait);
    }

    /// <summary>A run begins: what lies there now is tried by it.</summary>
    public void Begin(DateTimeOffset now)
    {
        isSignalled = false;
        List(isWhole: true);
        tried.UnionWith(Inputs().Where(file => IsSettled(file, now)));
        ready = [];
        nextLook = now; // What has landed meanwhile is looked at when it ends.
    }

    /// <summary>Waits, or until the lake tells of changes, unless it is known already that there are some.</summary>
    public async Task WaitAsync(
        TimeSpan longest,
        bool hearsChanges,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signalled = hearsChanges ? signal.WaitAsync(stop.Token) : Task.Delay(Timeout.Infinite, stop.Token);
        await Task.WhenAny(Task.Delay(longest, clock, stop.Token), signalled).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var watcher in watchers)
        {
            watcher?.Dispose();
        }

        signal.Dispose();
    }

    void Look(DateTimeOffset now)
    {
        var wasTold = isSignalled;
        isSignalled = false;
        var isPoll = now >= nextPoll;
        var isWhole = wasTold || IsNotified || (isPoll && polls++ % LooksPerCatalogueLook == 0);
        List(isWhole);
        if (isPoll && isWhole)
        {
            LakeFile.Read(lake); // In a lake that is gone, or not mounted, nothing lands, and nothing else would say so.
        }

        tried.IntersectWith(streams.Concat(catalogue));
        var fresh = Inputs().Where(file => !tried.Contains(file)).ToList();
        if (isPoll)
        {
            nextPoll = now + options.Poll;
            if (!IsNotified || (fresh.Count > 0 && !wasTold))
            {
                WatchAgain(); // Folders may have come and gone.
            }
        }

        var settled = fresh.Where(file => IsSettled(file, now)).ToHashSet();
        if (ready.Count == 0)
        {
            readySince = now;
        }

        if (!ready.SetEquals(settled))
        {
            changed = now;
        }

        ready = settled;
        var quiet = Earlier(changed + options.Quiet, readySince + options.LongestWait);
        nextLook =
            ready.Count > 0 ? (quiet > now ? quiet : now + options.Quiet)
            : fresh.Count > 0 ? Earlier(nextPoll, fresh.Min(SettlesAt))
            : nextPoll;
    }

    void List(bool isWhole)
    {
        streams = lake.List(LakePaths.Streams);
        if (isWhole && options.HasLandedCatalogue)
        {
            catalogue = [.. lake.List(LakePaths.Songs), .. lake.List(LakePaths.Users)];
        }
    }

    IEnumerable<LakeObject> Inputs() =>
        streams.Concat(catalogue).Where(file => LandedStreams.WhyNoInput(file.Path) is null);

    /// <summary>A time to come says nothing of when a file was written.</summary>
    bool IsSettled(LakeObject file, DateTimeOffset now) => SettlesAt(file) <= now || file.Modified > now;

    /// <summary>Even where files need not settle, one that is being written is none to read.</summary>
    DateTimeOffset SettlesAt(LakeObject file)
    {
        var wait = TimeSpan.FromSeconds(options.SettleSeconds);
        return file.Modified + (wait > options.Quiet ? wait : options.Quiet);
    }

    static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    void WatchAgain()
    {
        for (var folder = 0; folder < folders.Length; folder++)
        {
            watchers[folder]?.Dispose();
            watchers[folder] = lake.TryWatch(folders[folder], OnChange);
        }
    }

    void OnChange()
    {
        isSignalled = true;
        lock (signal)
        {
            if (signal.CurrentCount == 0)
            {
                try
                {
                    signal.Release();
                }
                catch (ObjectDisposedException)
                {
                    // Nobody waits any more.
                }
            }
        }
    }
}
