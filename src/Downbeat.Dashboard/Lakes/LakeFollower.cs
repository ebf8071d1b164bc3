using System.Diagnostics.CodeAnalysis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Microsoft.Extensions.Logging;

namespace Downbeat.Dashboard.Lakes;

/// <summary>
/// Follows a lake as it changes: asks every second whether there is a next commit, which is one look for one object. Reads
/// only. When the lake cannot be asked, what was known stays, and <see cref="Problem"/> says so.
/// </summary>
sealed class LakeFollower : IDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    readonly TimeProvider clock;
    readonly ILogger logger;
    readonly Lock refreshing = new();
    readonly CancellationTokenSource ending = new();
    LakeObject? lakeFile;
    LakeLedger ledger;
    volatile LakeMoment now;
    Task following = Task.CompletedTask;

    /// <summary>Reads the lake as it is.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    public LakeFollower(ILake lake, TimeProvider clock, ILogger logger)
    {
        Lake = lake;
        this.clock = clock;
        this.logger = logger;
        Open();
    }

    /// <summary>The lake.</summary>
    public ILake Lake { get; }

    /// <summary>The lake as last seen.</summary>
    public LakeMoment Now => now;

    /// <summary>Why the lake cannot be asked for news; null when it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>Begins to follow.</summary>
    public void Start() => following = Task.Run(FollowAsync);

    /// <summary>Looks for news now.</summary>
    public void Refresh()
    {
        lock (refreshing)
        {
            if (lakeFile != Lake.Find(LakePaths.Lake))
            {
                Open(); // Another lake lies there by now, like that of the next demo.
                return;
            }

            if (Lake.Find(LakePaths.Commit(now.Version + 1)) is not null)
            {
                ledger.Refresh();
                now = new(now.File, ledger.State);
            }
        }
    }

    /// <summary>Looks at everything that the ledger says; nothing changes meanwhile.</summary>
    public T Look<T>(Func<LakeState, T> look)
    {
        lock (refreshing)
        {
            return look(ledger.State);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ending.Cancel();
        following.Wait();
        ending.Dispose();
    }

    [MemberNotNull(nameof(ledger), nameof(now))]
    void Open()
    {
        var found = Lake.Find(LakePaths.Lake);
        var file = LakeFile.Read(Lake);
        ledger = LakeLedger.Open(Lake, "serve", clock);
        now = new(file, ledger.State);
        lakeFile = found; // Last: a lake that cannot be read now is opened when it can.
    }

    async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(ending.Token))
            {
                try
                {
                    Refresh();
                    Problem = null;
                }
                catch (Exception error) when (IsOfLake(error))
                {
                    if (Problem is null)
                    {
                        logger.LostLake(error.Message);
                    }

                    Problem = error.Message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed of.
        }
    }

    /// <summary>Whether an exception says that the lake cannot be read, and not that the program is wrong.</summary>
    public static bool IsOfLake(Exception error) =>
        error is IOException or UnauthorizedAccessException or LakeException;
}
