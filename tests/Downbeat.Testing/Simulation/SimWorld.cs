using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Testing.Simulation;

/// <summary>
/// A lake, its producers, destinations and runs over some days, with everything going wrong that a seed says. One simulated
/// process advances at a time, and others take over only where one asks the lake, a destination or the clock, so the same seed makes the
/// same happen. In the end everything is left in peace, and the answer must be that of the listens alone.
/// </summary>
public sealed class SimWorld : IDisposable
{
    const int MaxSteps = 60_000;

    static readonly DateTimeOffset Begin = new(2024, 7, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Random random;
    readonly SimStore store;
    readonly SimServer[] servers;
    readonly SimProducers producers;
    readonly SimPlan plan;
    readonly string scratch;
    readonly List<SimProcess> processes = [];
    readonly SemaphoreSlim conductor = new(0);
    readonly List<string> trace = [];
    readonly Dictionary<string, string> runNames = new(StringComparer.Ordinal);
    bool isFaulty;
    int faultsLeft;
    int runsLeft;
    int steps;
    long lastModified;
    Exception? violation;

    /// <summary>Prepares what a seed says.</summary>
    /// <param name="seed">Says everything.</param>
    /// <param name="scratch">A folder for scratch files; it goes away with the simulation.</param>
    public SimWorld(int seed, string scratch)
    {
        random = new(seed);
        plan = new(random);
        store = new(plan.IsS3);
        servers = [.. Enumerable.Range(0, plan.Destinations).Select(number => new SimServer($"destination{number}"))];
        producers = new(random, store, this);
        this.scratch = scratch;
        faultsLeft = plan.Faults;
    }

    /// <summary>How often what was tried.</summary>
    public SortedDictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>What happened, one line an operation.</summary>
    public IReadOnlyList<string> Trace => trace;

    /// <summary>How long it is since the simulation began.</summary>
    internal TimeSpan Now { get; private set; }

    /// <summary>The right time.</summary>
    internal DateTimeOffset UtcNow => Begin + Now;

    /// <summary>Lets everything happen.</summary>
    /// <exception cref="SimulationException">Something happened that must never be.</exception>
    public void Run()
    {
        Note($"{(plan.IsS3 ? "S3" : "a folder")}, {plan}");
        var setup = new SimProcess(this, 0);
        LakeFile.Create(new SimLake(this, store, setup, scratch), "UTC", UtcNow);
        producers.Begin();
        isFaulty = true;
        for (var episode = 0; episode < plan.Episodes; episode++)
        {
            runsLeft = 3;
            StartRun();
            if (random.Next(3) == 0)
            {
                StartRun();
            }

            RunAll();
            CheckLedger();
            if (random.Next(3) == 0)
            {
                CrashMachine(null);
                CheckLedger();
            }

            for (var acts = random.Next(3); acts > 0; acts--)
            {
                producers.Act();
            }

            Advance(TimeSpan.FromSeconds(random.Next(4) == 0 ? random.Next(20_000) : random.Next(40)));
        }

        Finish();
    }

    /// <summary>Counts something that was tried.</summary>
    internal void Count(string what, long by = 1) => Counts[what] = Counts.GetValueOrDefault(what) + by;

    /// <summary>Says what happened.</summary>
    internal void Note(string what) =>
        trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds, 10:F3}  {what}"));

    /// <summary>A time of modification that no other object has.</summary>
    internal DateTimeOffset NextModified()
    {
        lastModified = Math.Max(lastModified + 1, Now.Ticks);
        return Begin + TimeSpan.FromTicks(lastModified);
    }

    /// <summary>Whether a chance is taken now.</summary>
    internal bool Flip(string what)
    {
        if (!isFaulty || random.Next(2) == 0)
        {
            return false;
        }

        Count(what);
        return true;
    }

    /// <summary>Before an operation: time passes, others act, and what goes wrong is decided.</summary>
    internal SimFault Step(SimProcess process, string what, string path, bool isWrite)
    {
        ThrowIfDead(process);
        if (++steps > MaxSteps)
        {
            throw Violation("It does not end.");
        }

        Count("operations");
        Advance(TimeSpan.FromMilliseconds(random.Next(1, 60)));
        Note($"run {process.Number}{(process.IsInTimer ? " (timer)" : "")}: {what} {Shown(path)}");
        if (process.Number == 0 || !isFaulty)
        {
            FireTimers(process);
            return SimFault.None;
        }

        if (random.NextDouble() < plan.ActRate)
        {
            producers.Act();
        }

        if (random.NextDouble() < plan.ReaderRate)
        {
            Look();
        }

        if (random.NextDouble() < plan.OddRate)
        {
            Disturb(process);
        }

        if (
            plan.StallsAt is { } place
            && faultsLeft > 0
            && $"{what} {path}".StartsWith(place, StringComparison.Ordinal)
            && random.Next(6) == 0
        )
        {
            faultsLeft--;
            Stall(process);
        }

        Switch(process);
        if (random.Next(2) == 0)
        {
            FireTimers(process); // Or only at the next operation: this one was about to be done.
        }

        if (process.StepsLeft > 0 && --process.StepsLeft == 0)
        {
            Note("    it dies, having gone on");
            return isWrite && random.Next(2) == 0 ? SimFault.DiesAfter : SimFault.DiesBefore;
        }

        if (faultsLeft == 0 || random.NextDouble() >= plan.FaultRate)
        {
            return SimFault.None;
        }

        var fault = isWrite
            ? (SimFault)random.Next((int)SimFault.DiesBefore, (int)SimFault.Cut)
            : random.Next(4) switch
            {
                0 => SimFault.DiesBefore,
                1 => SimFault.FailsBefore,
                _ => SimFault.Cut,
            };
        if (fault == SimFault.Cut && what != "open")
        {
            fault = SimFault.FailsBefore;
        }

        if (fault is SimFault.DiesBefore or SimFault.DiesDuring or SimFault.DiesAfter && random.Next(3) == 0)
        {
            fault = isWrite ? SimFault.FailsAfter : SimFault.FailsBefore; // Dying ends much that could go wrong.
        }

        faultsLeft--;
        Note($"    {fault}");
        return fault;
    }

    /// <summary>After a write: others may go on, and this one stall, before it goes on.</summary>
    internal void StepBehind(SimProcess process)
    {
        if (isFaulty && process.Number > 0)
        {
            if (random.NextDouble() < plan.OddRate / 2)
            {
                Disturb(process);
            }

            Switch(process);
        }
    }

    /// <summary>Does what a fault says, the effect apart.</summary>
    internal void Meet(SimProcess process, SimFault fault)
    {
        switch (fault)
        {
            case SimFault.DiesBefore:
            case SimFault.DiesDuring:
            case SimFault.DiesAfter:
                Count(
                    fault == SimFault.DiesBefore ? "crashes before an operation"
                    : fault == SimFault.DiesDuring ? "crashes during a write"
                    : "crashes after a write"
                );
                if (random.Next(4) == 0)
                {
                    CrashMachine(process);
                }
                else
                {
                    Kill(process);
                }

                throw new SimDeathException();
            case SimFault.FailsBefore:
                Count("operations that failed");
                throw new IOException("Input/output error (simulated)");
            case SimFault.FailsAfter:
                Count("writes applied but reported failed");
                throw new IOException("Input/output error after the deed (simulated)");
            case SimFault.Cut:
                Count("reads cut short");
                break;
        }
    }

    internal bool IsDown(SimServer server)
    {
        if (isFaulty && Now < server.DownUntil)
        {
            Count("calls to a destination that was down");
            return true;
        }

        return false;
    }

    /// <summary>Waits.</summary>
    internal void Sleep(SimProcess process, TimeSpan time)
    {
        process.WakesAt = Now + time;
        Switch(process, must: true);
        ThrowIfDead(process);
    }

    /// <summary>In the middle of an operation that only looks: others may act.</summary>
    internal void Meanwhile(SimProcess process)
    {
        if (isFaulty && process.Number > 0 && random.NextDouble() < plan.ActRate)
        {
            producers.Act();
        }

        Switch(process);
    }

    /// <summary>Lets another process go on, perhaps.</summary>
    internal void Switch(SimProcess process, bool must = false)
    {
        if (process.Number == 0 || (!must && random.NextDouble() >= plan.SwitchRate))
        {
            return;
        }

        var next = Next()!;
        if (next != process)
        {
            Count("switches between runs");
            next.GiveTurn();
            process.AwaitTurn();
        }

        ThrowIfDead(process);
    }

    /// <summary>Ends what never ended, so that no thread is left.</summary>
    public void Dispose()
    {
        conductor.Dispose();
        processes.ForEach(process => process.Dispose());
        if (Directory.Exists(scratch))
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    static void ThrowIfDead(SimProcess process)
    {
        if (process.IsDead)
        {
            throw new SimDeathException();
        }
    }

    void Advance(TimeSpan by) => Now += by;

    SimulationException Violation(string what)
    {
        var error = new SimulationException(what);
        violation ??= error;
        processes.ForEach(process => process.IsDead = true);
        return error;
    }

    void FireTimers(SimProcess process)
    {
        if (process.IsInTimer)
        {
            return;
        }

        while (process.Timers.Find(timer => timer.Due <= Now) is { } due)
        {
            // Of all that a timer missed while its process stood still it fires once.
            due.Due = Now + due.Period;
            process.IsInTimer = true;
            try
            {
                due.Fire();
            }
            finally
            {
                process.IsInTimer = false;
            }
        }
    }

    SimProcess? Next()
    {
        var living = processes.FindAll(process => !process.HasEnded);
        if (living.Count == 0)
        {
            return null;
        }

        var ready = living.FindAll(process => process.IsDead || process.WakesAt <= Now);
        if (ready.Count > 0)
        {
            return ready[random.Next(ready.Count)];
        }

        var first = living.MinBy(process => process.WakesAt)!;
        Now = first.WakesAt;
        return first;
    }

    /// <summary>Something odd that is no fault of an operation.</summary>
    void Disturb(SimProcess process)
    {
        switch (random.Next(6))
        {
            case 0:
                process.Skew = TimeSpan.FromSeconds(random.Next(-40_000, 40_000));
                Count("clock jumps");
                Note($"the clock of run {process.Number} is wrong by {process.Skew} now");
                break;
            case 1:
                process.Skew = TimeSpan.Zero;
                break;
            case 2 when servers.Length > 0:
                var server = servers[random.Next(servers.Length)];
                server.DownUntil = Now + TimeSpan.FromSeconds(random.Next(1, 3_000));
                Count("destinations that went down");
                Note($"{server.Name} is down until {server.DownUntil.TotalSeconds:F0}");
                break;
            case 3:
                // Only this operation is slow: its process goes on beside it.
                Advance(TimeSpan.FromSeconds(random.Next(1, 60)));
                Count("slow operations");
                Note("    it is slow");
                break;
            default:
                if (faultsLeft > 0)
                {
                    faultsLeft--;
                    Stall(process);
                }

                break;
        }
    }

    /// <summary>A process stands still for long, perhaps beyond its lease, and others go on.</summary>
    void Stall(SimProcess process)
    {
        Advance(TimeSpan.FromSeconds(random.Next(4) == 0 ? random.Next(10) : random.Next(25, 20_000)));
        process.WakesAt = Now + TimeSpan.FromSeconds(random.Next(2) == 0 ? random.Next(15) : 100_000);
        Count("stalls");
        Note($"run {process.Number} stands still until {process.WakesAt.TotalSeconds:F0}");
        for (var acts = random.Next(4); acts > 0; acts--)
        {
            producers.Act();
        }

        if (runsLeft > 0 && processes.Count(other => !other.HasEnded && !other.IsDead) < 3)
        {
            StartRun();
        }

        Switch(process, must: true);
        Note($"run {process.Number} goes on");
        if (random.Next(3) == 0)
        {
            process.StepsLeft = random.Next(1, 10); // Before it can see what became of its lease, perhaps.
        }
    }

    void Kill(SimProcess process)
    {
        process.IsDead = true;
        Count("uploads lost", store.LoseUploads(process, random));
        Note($"run {process.Number} is dead");
        if (store.Find(LakePaths.Lease) is { } lease && lease.Writer == process && random.Next(2) == 0)
        {
            // On this machine a run that is gone is seen to be. Its lease names the process of the test, which lives.
            var text = Encoding
                .UTF8.GetString(lease.Bytes)
                .Replace(
                    $"\"processId\": {Environment.ProcessId}",
                    "\"processId\": 2147483646",
                    StringComparison.Ordinal
                );
            lease.Write(Encoding.UTF8.GetBytes(text), lease.Modified);
        }
    }

    void CrashMachine(SimProcess? because)
    {
        Count("machine crashes");
        Note("the machine crashes");
        foreach (var process in processes.Where(process => !process.HasEnded && !process.IsDead))
        {
            Kill(process);
        }

        if (because is { IsDead: false })
        {
            Kill(because);
        }

        var (undone, torn) = store.Crash(random);
        Count("unflushed changes undone", undone);
        Count("torn writes", torn);
        Note($"    {undone} changes are undone, {torn} objects torn");
    }

    void StartRun()
    {
        runsLeft--;
        var process = new SimProcess(this, processes.Count + 1);
        processes.Add(process);
        Count("runs");
        if (processes.Count(other => !other.HasEnded) > 1)
        {
            Count("runs beside another");
        }

        var options = isFaulty ? plan.Options(random) : plan.LastOptions;
        var request =
            isFaulty && random.Next(8) == 0 && producers.Dates is [var first, .., var last]
                ? new RunRequest { Rebuild = (first, last) }
                : null;
        Note($"run {process.Number} starts{(request is null ? "" : ", to rebuild")}");
        var thread = new Thread(() =>
        {
            process.AwaitTurn();
            var body = new Task(() => Work(process, options, request));
            body.RunSynchronously(new OneThreadScheduler());
            process.Failure = body.Exception?.Flatten().InnerExceptions[0];
            Ended(process);
        })
        {
            IsBackground = true,
        };
        thread.Start();
    }

    void Work(SimProcess process, RunOptions options, RunRequest? request)
    {
        var lake = new SimLake(this, store, process, scratch);
        process.Record = new Reconciliation(
            lake,
            options,
            process.Clock,
            NullLogger.Instance,
            null,
            [.. servers.Select(server => new SimDestination(this, server, process))]
        ).Run(request);
    }

    /// <summary>The last of a process: its failure is looked at, and another gets the turn.</summary>
    void Ended(SimProcess process)
    {
        process.HasEnded = true;
        if (process.IsDead)
        {
            // Whatever it said, nobody heard it.
        }
        else if (process.Failure is { } failure)
        {
            var message = failure is LeaseHeldException ? "another run has the lease" : failure.Message;
            Note($"run {process.Number} ends: {failure.GetType().Name}: {message}");
            var isUsual =
                isFaulty
                && failure is IOException or UnauthorizedAccessException or LakeException or OperationCanceledException
                && !failure.Message.Contains("damaged", StringComparison.Ordinal)
                && !failure.Message.Contains("later commits", StringComparison.Ordinal);
            if (!isUsual)
            {
                violation ??= new SimulationException($"Run {process.Number} threw {failure.GetType().Name}.", failure);
            }

            if (failure is LeaseHeldException)
            {
                Count("runs kept out by a lease");
            }
        }
        else
        {
            var record = process.Record!;
            Note(
                $"run {process.Number} ends: {record.Outcome}{string.Concat(record.Errors.Select(error => $"; {error}"))}"
            );
            Count($"runs that ended {record.Outcome}");
        }

        if (Next() is { } next)
        {
            next.GiveTurn();
        }
        else
        {
            conductor.Release();
        }
    }

    void RunAll()
    {
        if (Next() is { } next)
        {
            next.GiveTurn();
            conductor.Wait();
        }

        if (violation is not null)
        {
            throw violation;
        }
    }

    /// <summary>What a reader of the published tables finds at any moment: each file whole.</summary>
    void Look()
    {
        foreach (var (path, one) in store.Objects.Where(one => one.Key.StartsWith("kpis/", StringComparison.Ordinal)))
        {
            var parts = path.Split('/');
            var date = DateOnly.ParseExact(parts[2][5..15], "yyyy-MM-dd", CultureInfo.InvariantCulture);
            var schema = Engine.Kpis.KpiTables.Published.First(schema => schema.Name == parts[1]);
            try
            {
                Engine.Kpis.KpiTable.ReadCsv(schema, date, new MemoryStream(one.Bytes));
            }
            catch (FormatException error)
            {
                throw Violation($"{path} is not whole: {error.Message}");
            }
        }

        Count("looks of a reader");
    }

    /// <summary>A commit that is there is true: what it names is there, and whole.</summary>
    void CheckLedger()
    {
        var state = OpenState();
        foreach (var slice in state.Compacted.Values.SelectMany(one => one.Slices))
        {
            if (store.Find(slice.Path)?.Bytes.Length != slice.Bytes)
            {
                throw new SimulationException($"The ledger names {slice.Path}, which is not there or another.");
            }
        }

        foreach (var source in state.Sources.Values.Where(source => source.Counts))
        {
            foreach (var slice in source.Entry.Slices)
            {
                var there =
                    store.Find(slice.Path)
                    ?? throw new SimulationException($"The ledger names {slice.Path}, which is not there.");
                try
                {
                    var reader = new Engine.Slices.SliceReader(new MemoryBytes(slice.Path, there.Bytes));
                    if (reader.Summary.Listens != slice.Listens)
                    {
                        throw new SimulationException($"{slice.Path} has other listens than the ledger says.");
                    }
                }
                catch (IOException error)
                {
                    throw new SimulationException($"{slice.Path} is damaged: {error.Message}", error);
                }
            }

            if (source.Entry.Rejected > 0 && source.OpenRejects > 0)
            {
                _ =
                    store.Find(LakePaths.Rejects(source.Entry.Id))
                    ?? throw new SimulationException($"The rejects of {source.Entry.Key} are gone.");
            }
        }
    }

    LakeState OpenState()
    {
        var reader = new SimProcess(this, 0);
        var wasFaulty = isFaulty;
        isFaulty = false;
        var count = trace.Count;
        try
        {
            return LakeLedger.Open(new SimLake(this, store, reader, scratch), "look", reader.Clock).State;
        }
        finally
        {
            trace.RemoveRange(count, trace.Count - count);
            isFaulty = wasFaulty;
        }
    }

    /// <summary>Everything is left in peace, and must be right in the end.</summary>
    void Finish()
    {
        isFaulty = false;
        store.FlushAll();
        producers.Finish();
        Advance(TimeSpan.FromDays(2));
        Note("from here on nothing goes wrong");

        // The first run takes a lease over, and so sweeps.
        store.Apply(
            null,
            true,
            (
                LakePaths.Lease,
                new(
                    Encoding.UTF8.GetBytes(
                        """{"run":"dead","host":"elsewhere","processId":1,"processStarted":"2024-01-01T00:00:00+00:00","expires":"2024-01-01T00:00:00+00:00","nonce":"0"}"""
                    ),
                    NextModified()
                )
            )
        );
        for (var run = 0; run < 2; run++)
        {
            StartRun();
            RunAll();
            if (processes[^1].Record is not { Errors.Count: 0 })
            {
                throw new SimulationException(
                    $"An undisturbed run failed: {string.Join("; ", processes[^1].Record?.Errors ?? [])}"
                );
            }
        }

        if (processes[^1].Record!.Outcome != RunOutcome.NothingToDo)
        {
            throw new SimulationException($"The second undisturbed run found something to do.");
        }

        CheckLedger();
        CheckAnswer();
        CheckRemains();
    }

    void CheckAnswer()
    {
        var answer = producers.Answer(plan.LastOptions);
        var found = store
            .Objects.Where(one => one.Key.StartsWith("kpis/", StringComparison.Ordinal))
            .ToDictionary(one => one.Key[5..], one => Encoding.UTF8.GetString(one.Value.Bytes), StringComparer.Ordinal);

        // How often and when listens were delivered is no part of the answer; but it is everywhere the same, of the same dates.
        static bool IsQuality(string path) => path.StartsWith("quality_daily/", StringComparison.Ordinal);
        var quality = found.Where(file => IsQuality(file.Key)).ToDictionary(StringComparer.Ordinal);
        CompareFiles(
            "kpis/",
            answer.Files,
            found.Where(file => !IsQuality(file.Key)).ToDictionary(StringComparer.Ordinal)
        );
        CompareFiles(
            "kpis/",
            answer
                .Files.Keys.Select(file => file[file.IndexOf('/', StringComparison.Ordinal)..])
                .Distinct(StringComparer.Ordinal)
                .ToDictionary(file => $"quality_daily{file}", _ => "", StringComparer.Ordinal),
            quality.ToDictionary(file => file.Key, _ => "", StringComparer.Ordinal)
        );
        var published = answer.Files.Concat(quality).ToDictionary(StringComparer.Ordinal);
        foreach (var server in servers)
        {
            var held = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var date in server.Held.Values.Where(date => date.Fingerprint.Length > 0))
            {
                foreach (var table in date.Tables)
                {
                    held.Add(
                        $"{table.Schema.Name}/date={date.Date:yyyy-MM-dd}.csv",
                        Encoding.UTF8.GetString(table.ToCsv())
                    );
                }
            }

            CompareFiles(server.Name + " ", published, held);
        }
    }

    static void CompareFiles(
        string where,
        IReadOnlyDictionary<string, string> expected,
        Dictionary<string, string> found
    )
    {
        foreach (var path in expected.Keys.Union(found.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (right, there) = (expected.GetValueOrDefault(path), found.GetValueOrDefault(path));
            if (right != there)
            {
                throw new SimulationException(
                    $"{where}{path} is wrong.\nexpected:\n{right ?? "nothing"}\nfound:\n{there ?? "nothing"}"
                );
            }
        }
    }

    /// <summary>Every byte that landed is somewhere, and nothing is left that nobody names.</summary>
    void CheckRemains()
    {
        var kept = store
            .Objects.Where(one =>
                one.Key.StartsWith("landing/streams/", StringComparison.Ordinal)
                || one.Key.StartsWith("archive/", StringComparison.Ordinal)
                || one.Key.StartsWith("quarantine/", StringComparison.Ordinal)
            )
            .Select(one => Convert.ToHexString(one.Value.Bytes))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (key, bytes) in producers.Landed)
        {
            if (!kept.Contains(Convert.ToHexString(bytes)))
            {
                throw new SimulationException($"Bytes that landed as {key} are nowhere any more.");
            }
        }

        var state = OpenState();
        var slices = state
            .Sources.Values.SelectMany(source => source.Entry.Slices)
            .Concat(state.Compacted.Values.SelectMany(one => one.Slices))
            .Select(slice => slice.Path);
        var named = slices.ToHashSet(StringComparer.Ordinal);
        var left = store
            .Objects.Select(one => one.Key)
            .Where(path => path.StartsWith("slices/", StringComparison.Ordinal) && !named.Contains(path))
            .ToList();
        if (left.Count > 0)
        {
            throw new SimulationException($"Nobody names {string.Join(", ", left)}, and nobody swept it.");
        }
    }

    string Shown(string path)
    {
        // The ids of runs are random.
        if (!path.StartsWith(LakePaths.Runs + "/", StringComparison.Ordinal))
        {
            return path;
        }

        if (!runNames.TryGetValue(path, out var name))
        {
            runNames.Add(path, name = $"{LakePaths.Runs}/<{runNames.Count + 1}>");
        }

        return name;
    }

    sealed class MemoryBytes(string name, byte[] bytes) : Engine.Slices.IByteSource
    {
        public string Name => name;

        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> destination) =>
            bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
