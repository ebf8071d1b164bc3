using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Downbeat.Connectors.Sqlite;
using Downbeat.Connectors.Tests.S3;
using Downbeat.Pipeline.Landing;
using Downbeat.Samples;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Downbeat.Connectors.Tests.Night;

/// <summary>
/// <c>downbeat watch</c> through a night, in short: files of all sizes land at random times, one of them broken; PostgreSQL goes down and
/// comes back, and so does the mail server. In the morning all tables are right everywhere, and people were told of the two
/// conditions, once. <c>tests/night</c> lets it last ten minutes and keeps its figures.
/// </summary>
public sealed class NightTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>How long files land; a short night says nothing of memory or speed.</summary>
    static readonly double Minutes = double.Parse(
        Environment.GetEnvironmentVariable("DOWNBEAT_TEST_NIGHT_MINUTES") ?? "0.2",
        CultureInfo.InvariantCulture
    );

    static readonly bool IsWhole = Minutes >= 5;

    /// <summary>A watch that has nothing to do gives memory back after five seconds.</summary>
    static readonly TimeSpan Tidied = TimeSpan.FromSeconds(10);

    /// <summary>Where figures are kept, and beside them what it said; null for nowhere.</summary>
    static readonly string? Kept = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_NIGHT_REPORT");

    readonly string folder = Directory.CreateTempSubdirectory("downbeat-night-").FullName;
    readonly TestServer postgres = Another("postgres");
    readonly TestServer mail = Another("smtp");
    readonly HttpStandIn hook = new();
    readonly CliRunner cli;
    readonly CliRunner plain;

    public NightTests()
    {
        (cli, plain) = (new(folder), new(folder));
        foreach (
            var (name, value) in new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["LAKE"] = "lake",
                ["POSTGRES"] = Url("postgresql://postgres", postgres.Port) + "/postgres",
                ["POSTGRES_PASSWORD"] = Systems.OwnerPassword,
                ["POSTGRES_CA"] = postgres.File("root.crt"),
                ["POSTGRES_SCHEMA"] = Systems.Schema,
                ["SQLITE"] = "true",
                ["ALERT_EMAIL"] = Url($"smtp://{SmtpMails.User}", mail.Port),
                ["ALERT_EMAIL_TO"] = "night@example.com",
                ["ALERT_EMAIL_CA"] = mail.File("root.crt"),
                ["SMTP_PASSWORD"] = SmtpMails.Password,
                ["ALERT_WEBHOOK"] = new Uri(hook.Address, "hook").AbsoluteUri,
                ["WEBHOOK_SECRET"] = "secret of the hook",
                ["ALERT_BEHIND"] = Seconds(0.05) + "s",
            }
        )
        {
            cli.Variables[$"DOWNBEAT_{name}"] = value;
        }
    }

    public void Dispose()
    {
        hook.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task InTheMorningAllIsRightAndPeopleWereToldOnce()
    {
        var seed = new TestListens().Seed;
        if (IsWhole)
        {
            TestServers.Need("s3-radosgw"); // Not found out at the end.
        }

        try
        {
            await NightAsync(seed);
        }
        catch (Exception error) when (error is not Xunit.Sdk.SkipException)
        {
            throw new InvalidOperationException($"DOWNBEAT_TEST_SEED={seed} makes this night again.", error);
        }
    }

    async Task NightAsync(int seed)
    {
        Generate("lake");
        Do(plain, "init", "lake");
        var port = TestServer.FreePort();
        var report = new NightReport();
        var producer = new NightProducer(
            new(seed),
            Path.Combine(folder, "lake"),
            Path.Combine(folder, "kept"),
            IsWhole ? 100_000 : 20_000,
            TimeSpan.FromSeconds(IsWhole ? 1.5 : 0.5)
        );
        Do(cli, "alerts", "test");
        Assert.Single(SmtpMails.Read(mail));
        Assert.Single(hook.Requests);

        using var watch = cli.Start("watch", "--health", $"{port}");
        var said = watch.StandardError.ReadToEndAsync();
        var output = watch.StandardOutput.ReadToEndAsync();
        try
        {
            var samples = new ProcessSamples(watch.Id);
            await UntilAsync(watch, () => IsReadyAsync(port));
            if (IsWhole)
            {
                await Task.Delay(Tidied);
            }

            var before = samples.MemoryNow;
            using var sampling = new CancellationTokenSource();
            var sampled = samples.RunAsync(sampling.Token);
            using var morning = new CancellationTokenSource();
            var cpu = samples.Cpu;
            var clock = Stopwatch.StartNew();
            var dropping = Task.Run(() => producer.RunAsync(morning.Token));

            // Whoever is to be told of the broken file cannot be, at first.
            await UntilAsync(clock, 0.1);
            hook.Answers.Enqueue((429, "slow down", "1"));
            hook.Answers.Enqueue((500, "oops", null));
            await File.WriteAllTextAsync(mail.File("down"), "");
            await UntilAsync(watch, () => Task.FromResult(File.Exists(mail.File("is"))));
            producer.DropBroken();
            await UntilAsync(clock, IsWhole ? 0.12 : 0.2);
            File.Delete(mail.File("down"));

            await UntilAsync(clock, 0.35);
            Postgres("stop");
            await UntilAsync(clock, 0.6);
            await UntilAsync(watch, () => Task.FromResult(hook.Requests.Count >= 5 && SmtpMails.Read(mail).Count >= 3));
            var wentUp = clock.Elapsed;
            Postgres("start");

            await UntilAsync(clock, 1);
            await morning.CancelAsync();
            await dropping;
            var ended = clock.Elapsed;
            await UntilAsync(watch, async () => Landed().Length == 0 && await IsReadyAsync(port));
            await UntilAsync(watch, () => Task.FromResult(hook.Requests.Count >= 6 && SmtpMails.Read(mail).Count >= 4));
            var drained = clock.Elapsed;
            await sampling.CancelAsync();
            await sampled;
            cpu = samples.Cpu - cpu;

            var idle = await IdleAsync(samples);
            Signal("TERM", watch);
            var stopping = Stopwatch.StartNew();
            await watch.WaitForExitAsync();
            stopping.Stop();
            Assert.Equal(0, watch.ExitCode);
            Assert.Equal("", await output);
            var log = await said;
            if (Kept is not null)
            {
                await File.WriteAllTextAsync(Kept + ".log", log);
            }

            Assert.DoesNotContain("nternal error", log, StringComparison.Ordinal);
            Assert.DoesNotContain("\n   at ", log, StringComparison.Ordinal);
            Assert.DoesNotContain("Alerts were not looked after", log, StringComparison.Ordinal);

            var alerts = CheckAlerts();
            var ledger = new NightLedger(Path.Combine(folder, "lake"));
            Assert.Empty(ledger.Needless);
            var latencies = producer
                .Dropped.Select(file =>
                    (
                        file.Rows,
                        Seconds: (
                            ledger.Latency(file)
                            ?? throw new InvalidOperationException($"{file.Key} was not published.")
                        ).TotalSeconds
                    )
                )
                .ToList();
            var equal = CheckTables();

            var thirds = samples.Memory.Chunk((samples.Memory.Count + 2) / 3).ToList();
            var (first, last) = (NightReport.Quantile(thirds[0], 0.5), NightReport.Quantile(thirds[^1], 0.5));
            var runs = Directory.GetFiles(Path.Combine(folder, "lake", "runs")).Length;
            report.Say(
                Text(
                    $"Seed {seed}, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} processors, a load of {samples.Load.Min():F1} to {samples.Load.Max():F1} (median {NightReport.Quantile(samples.Load, 0.5):F1})."
                )
            );
            report.Facts(
                (
                    "dropped",
                    Text(
                        $"{producer.Dropped.Count:N0} files, {producer.Dropped.Sum(file => (long)file.Rows):N0} rows, in {ended.TotalSeconds:F0} s; {producer.Dropped.Count(file => file.IsLate):N0} of them late, and one broken"
                    )
                ),
                (
                    "runs",
                    Text($"{runs:N0}; {ledger.Computations:N0} times a date was computed, never one without need")
                ),
                ("tables", equal),
                (
                    "PostgreSQL",
                    Text(
                        $"down from {0.35 * Minutes * 60:F0} s to {wentUp.TotalSeconds:F0} s; all was caught up {(drained - ended).TotalSeconds:F1} s after the last file"
                    )
                ),
                ("alerts by e-mail, and by webhook", alerts),
                ("CPU", Text($"{cpu.TotalSeconds:F1} s in {drained.TotalSeconds:F0} s")),
                (
                    "memory, median",
                    Text(
                        $"{first:F0} MB in the first third, {NightReport.Quantile(thirds[thirds.Count / 2], 0.5):F0} MB in the second, {last:F0} MB in the last; at most {samples.Memory.Max():F0} MB; {before:F0} MB before the first file"
                    )
                ),
                ("idle afterwards", idle),
                ("SIGTERM", Text($"it ended in {stopping.Elapsed.TotalSeconds:F1} s, with 0"))
            );
            report.Say("\nFrom a file's landing until the tables of all its dates were in `kpis/`:");
            report.Latencies(latencies);
            TestContext.Current.SendDiagnosticMessage(report.ToString());
            if (Kept is not null)
            {
                await File.WriteAllTextAsync(Kept, report.ToString());
            }

            if (IsWhole)
            {
                Assert.True(last <= (first * 1.2) + 20, "Memory grows.");
                Assert.True(
                    NightReport.Quantile([.. latencies.Where(one => one.Rows < 1000).Select(one => one.Seconds)], 0.5)
                        < 2,
                    "Small files took two seconds or longer, in the median."
                );
            }
        }
        catch (Exception error) when (watch.HasExited)
        {
            throw new InvalidOperationException($"watch said:\n{await said}", error);
        }
        finally
        {
            watch.Kill();
        }
    }

    /// <summary>What it costs when nothing happens, here and in S3.</summary>
    async Task<string> IdleAsync(ProcessSamples samples)
    {
        var minute = TimeSpan.FromSeconds(IsWhole ? 60 : 2);
        using var proxy = IsWhole ? new FaultyProxy(new(S3Server.Address)) : null;
        using var elsewhere = proxy is null ? null : await WatchS3Async(proxy);
        if (IsWhole)
        {
            await Task.Delay(Tidied);
        }

        var (cpu, wakeUps, requests) = (samples.Cpu, samples.WakeUps(), proxy?.Requests.Count ?? 0);
        await Task.Delay(minute);
        var text = Text(
            $"{(samples.Cpu - cpu).TotalSeconds:F2} s of CPU in {minute.TotalSeconds:F0} s, its threads woke up {samples.WakeUps(since: wakeUps).Values.Sum():N0} times, {samples.MemoryNow:F0} MB"
        );
        if (elsewhere is not null)
        {
            text += Text(
                $"; another one, on a lake in S3: {proxy!.Requests.Count - requests:N0} requests in that time"
            );
            elsewhere.Kill();
        }

        return text;
    }

    /// <summary>Watches a lake in S3 in which nothing lands.</summary>
    async Task<Process> WatchS3Async(FaultyProxy proxy)
    {
        var bucket = S3Server.NewBucket();
        using (var lake = S3Server.Lake($"s3://{bucket}/lake"))
        {
            LakeFile.Create(lake, "UTC", TestLake.Arrived);
            foreach (
                var (path, text) in (List<(string, string)>)[("songs", TestListens.Songs), ("users", TestListens.Users)]
            )
            {
                lake.Put([($"landing/{path}/{path}.csv", Encoding.UTF8.GetBytes(text))]);
            }
        }

        var runner = new CliRunner(folder) { Variables = { ["DOWNBEAT_S3_ENDPOINT"] = proxy.Address } };
        var port = TestServer.FreePort();
        var watch = runner.Start("watch", "--lake", $"s3://{bucket}/lake", "--health", $"{port}");
        _ = watch.StandardError.ReadToEndAsync();
        _ = watch.StandardOutput.ReadToEndAsync();
        await UntilAsync(watch, () => IsReadyAsync(port));
        return watch;
    }

    /// <summary>Exactly three messages by each channel, none of them twice.</summary>
    string CheckAlerts()
    {
        string[] expected =
        [
            "[warning] 1 file was quarantined",
            "[error] postgres is behind",
            "[over] postgres has caught up",
        ];
        var mails = SmtpMails.Read(mail).Skip(1).ToList();
        Assert.Equal(
            expected,
            mails.Select(one => one.Header("Subject").Replace($": {Lake}", "", StringComparison.Ordinal))
        );
        Assert.Equal(
            mails.Count,
            mails.Select(one => one.Header("Message-ID")).Distinct(StringComparer.Ordinal).Count()
        );
        Assert.All(mails, one => Assert.True(one.IsProtected));
        Assert.All(mails, one => Assert.DoesNotContain("secret", one.Data, StringComparison.Ordinal));

        var events = hook
            .Requests.Skip(1)
            .Select(request =>
            {
                using var json = JsonDocument.Parse(request.Body);
                return (
                    Id: json.RootElement.GetProperty("id").GetString()!,
                    Subject: json.RootElement.GetProperty("data").GetProperty("subject").GetString()!
                );
            })
            .ToList();

        // The first one was answered with 429, with 500, and taken.
        Assert.Equal([expected[0], expected[0], .. expected], events.Select(one => one.Subject));
        Assert.Equal(3, events.Select(one => one.Id).Distinct(StringComparer.Ordinal).Count());
        return string.Join("; ", expected) + ". Nothing else, none of them twice";
    }

    /// <summary>A date's volume is judged by the dates before it as they were then: a late file of one of these changes it, and not that.</summary>
    static byte[] Comparable(byte[] csv) =>
        [
            .. Encoding
                .UTF8.GetString(csv)
                .Split('\n')
                .Where(row => !row[Math.Min(10, row.Length)..].StartsWith(",volume,", StringComparison.Ordinal))
                .SelectMany(row => Encoding.UTF8.GetBytes(row + "\n")),
        ];

    /// <summary>All tables are those of one run over the same files, and those of the destinations.</summary>
    string CheckTables()
    {
        Generate("fresh");
        Directory.Delete(Path.Combine(folder, "fresh", "landing", "streams"), recursive: true);
        Directory.Move(Path.Combine(folder, "kept"), Path.Combine(folder, "fresh", "landing", "streams"));
        Do(plain, "init", "fresh");
        Assert.Equal(3, plain.Run("run", "--lake", "fresh").ExitCode); // A file was quarantined.
        var (found, expected) = (Kpis("lake"), Kpis("fresh"));
        Assert.Equal(expected.Keys, found.Keys);
        Assert.All(
            expected,
            file => Assert.True(Comparable(file.Value).AsSpan().SequenceEqual(Comparable(found[file.Key])), file.Key)
        );

        var dates = HeldTables.InFolder(Lake);
        List<string> rows = [.. dates.SelectMany(HeldTables.Rows)];
        using var client = SqliteFile.Open(Path.Combine(Lake, "warehouse.db"), SqliteOpenMode.ReadOnly);
        using var server = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={postgres.Port};Username=postgres;Password={Systems.OwnerPassword};Database=postgres;SSL Mode=Require;Pooling=false"
        );
        server.Open();
        using var differences = new StringWriter();
        Assert.True(
            Comparison.Write(
                [
                    new("SQLite", "rows", rows, HeldTables.Ask(client, "")),
                    new("PostgreSQL", "rows", rows, HeldTables.Ask(server, $"{Systems.Schema}.")),
                ],
                differences
            ),
            differences.ToString()
        );
        return Text(
            $"{found.Count:N0} files of {dates.Count} dates, byte for byte those of one run over all files in a fresh lake, but for the check of volume, which looks back; {rows.Count:N0} rows, the same in SQLite and PostgreSQL"
        );
    }

    string Lake => Path.Combine(folder, "lake");

    string[] Landed() => Directory.GetFiles(Path.Combine(Lake, "landing", "streams"));

    Dictionary<string, byte[]> Kpis(string lake)
    {
        var kpis = Path.Combine(folder, lake, "kpis");
        return Directory
            .GetFiles(kpis, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetRelativePath(kpis, file), File.ReadAllBytes, StringComparer.Ordinal);
    }

    /// <summary>Songs and users.</summary>
    void Generate(string lake) =>
        Do(plain, "generate", lake, "--listens", "0", "--users", "20000", "--tracks", "5000", "--files", "1");

    void Postgres(string what) =>
        Shell.Run(
            folder,
            $"""
            bash -c '. "{Repository.Folder}/tests/servers/common.sh"
            cd "{postgres.Directory}"
            unprivileged "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)/pg_ctl" -D "{postgres.Directory}/data" -l "{postgres.Directory}/data/log" -m immediate -w {what} >/dev/null'
            """
        );

    static TestServer Another(string name)
    {
        TestServers.Need(name); // Or the test is skipped.
        return TestServer.StartAnother(name);
    }

    static async Task UntilAsync(Stopwatch clock, double share)
    {
        var left = TimeSpan.FromMinutes(share * Minutes) - clock.Elapsed;
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left);
        }
    }

    static async Task UntilAsync(Process process, Func<Task<bool>> condition)
    {
        var patience = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.False(process.HasExited, "It ended.");
            Assert.True(patience.Elapsed < Patience, "It did not come about.");
            await Task.Delay(50);
        }
    }

    static async Task<bool> IsReadyAsync(int port)
    {
        try
        {
            using var client = new HttpClient();
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It has only just started.
        }
    }

    static void Do(CliRunner runner, params string[] arguments)
    {
        var result = runner.Run(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Output}{result.Error}");
    }

    static void Signal(string name, Process process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    static string Url(string start, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{start}@127.0.0.1:{port}");

    /// <summary>A share of the night in whole seconds.</summary>
    static string Seconds(double share) =>
        Math.Max(1, Math.Round(share * Minutes * 60)).ToString(CultureInfo.InvariantCulture);

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
