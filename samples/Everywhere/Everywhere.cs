using System.Diagnostics;
using System.Globalization;
using Downbeat.Testing;

namespace Downbeat.Samples;

/// <summary>
/// Raw files in S3, songs and users in PostgreSQL, results in every destination: runs it all as its users do, then reads what
/// each system holds with that system's own client and compares it with what a lake in a folder makes of the same files.
/// </summary>
public static class Everywhere
{
    const string LateName = "streams-0001.csv";

    /// <summary>The servers that it needs, by their names in <c>tests/servers/</c>.</summary>
    public static IReadOnlyList<string> Servers => Systems.Names;

    /// <summary>Does it all. Servers that this process has started already are used; their places must be new.</summary>
    /// <param name="listens">Rows of listens.</param>
    /// <param name="keepUntil">Keeps what there is until a line comes from here; null to keep nothing.</param>
    /// <param name="output">Is told what happens, and what came out.</param>
    /// <returns>0 if all hold the same, else 1.</returns>
    /// <exception cref="EverywhereException">A server cannot be had, or a command failed.</exception>
    public static int Run(long listens, TextReader? keepUntil, TextWriter output)
    {
        var clock = Stopwatch.StartNew();
        void Say(string label, string text) =>
            output.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds, 5:F1} s  {label, -9} {text}")
            );

        using var systems = Systems.Start(Say);
        var folder = Directory.CreateTempSubdirectory("downbeat-everywhere-").FullName;
        try
        {
            var isEqual = Run(systems, folder, listens, Say, output);
            if (keepUntil is not null)
            {
                output.WriteLine("\nThe servers are up until you press Enter. To look at what they hold:");
                foreach (var way in systems.WaysToLook())
                {
                    output.WriteLine($"  {way}");
                }

                output.WriteLine($"  ./downbeat show daily --date 2024-06-25 --lake {Path.Combine(folder, "lake")}");
                keepUntil.ReadLine();
            }

            return isEqual ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static bool Run(Systems systems, string folder, long listens, Action<string, string> say, TextWriter output)
    {
        var local = Path.Combine(folder, "lake");
        var streams = Path.Combine(local, "landing", "streams");
        var late = Path.Combine(folder, LateName);
        var inFolder = new CliRunner(folder);
        var everywhere = new CliRunner(folder);
        foreach (var (name, value) in systems.Variables)
        {
            everywhere.Variables[name] = value;
        }

        Do(
            inFolder,
            "generate",
            local,
            "--listens",
            listens.ToString(CultureInfo.InvariantCulture),
            "--users",
            Math.Clamp(listens / 20, 200, 1_000_000).ToString(CultureInfo.InvariantCulture),
            "--tracks",
            Math.Clamp(listens / 50, 200, 100_000).ToString(CultureInfo.InvariantCulture),
            "--days",
            "3",
            "--files",
            "9",
            "--dirt-share",
            "0.01",
            "--duplicate-share",
            "0.02",
            "--flags"
        );
        File.Move(Path.Combine(streams, LateName), late);
        var files = Directory.GetFiles(streams);
        say(
            "generate",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{listens:N0} listens of three dates in 9 files, 1 % broken, 2 % twice"
            )
        );

        systems.Fill(
            Path.Combine(local, "landing", "songs", "songs.csv"),
            Path.Combine(local, "landing", "users", "users.csv")
        );
        say("load", "songs and users into app.tracks and app.accounts of PostgreSQL");
        foreach (var file in files)
        {
            systems.Upload(file);
        }

        say("upload", $"8 files into {Systems.Lake}/landing/streams/");

        Do(everywhere, "init", Systems.Lake);
        say("downbeat", $"init {Systems.Lake}");
        Do(everywhere, "run", "--create");
        say("downbeat", "run --create");
        Do(everywhere, "check"); // Now that there are the tables of DynamoDB.
        say("downbeat", "check: everything works");
        systems.Upload(late);
        Do(everywhere, "run");
        say("downbeat", $"run, with {LateName} that came late");
        var third = Do(everywhere, "run");
        var said = third.Output.Split('\n')[0];
        say("downbeat", $"run: {said}");
        if (!said.StartsWith("nothing to do", StringComparison.Ordinal))
        {
            throw new EverywhereException("a run had something to do that the one before had done.");
        }

        Do(inFolder, "init", local);
        Do(inFolder, "run", "--lake", local);
        File.Move(late, Path.Combine(streams, LateName));
        Do(inFolder, "run", "--lake", local);
        say("downbeat", "run, twice, of a lake in a folder with the same files, songs and users in CSV");

        var dates = HeldTables.InFolder(local);
        List<string> rows = [.. dates.SelectMany(HeldTables.Rows)];
        List<Comparison> comparisons =
        [
            new("S3, kpis/*.csv", "rows", rows, [.. HeldTables.InS3(systems.S3).SelectMany(HeldTables.Rows)]),
            new("SQLite of the folder", "rows", rows, HeldTables.InSqlite(Path.Combine(local, "warehouse.db"))),
            new("PostgreSQL", "rows", rows, HeldTables.InPostgres(systems, Systems.AnalyticsDatabase)),
            new("Redshift (stand-in)", "rows", rows, HeldTables.InPostgres(systems, Systems.RedshiftDatabase)),
            new(
                "DynamoDB (dynalite)",
                "items",
                [.. dates.SelectMany(DynamoDbItems.Expected)],
                DynamoDbItems.Held(systems.DynamoDb)
            ),
            new("Redis", "keys", [.. dates.SelectMany(RedisKeys.Expected)], RedisKeys.Held(systems.Redis)),
        ];
        say("compare", "each destination, read by its own client, with kpis/ of the lake in a folder");
        return Comparison.Write(comparisons, output);
    }

    static CliResult Do(CliRunner downbeat, params string[] arguments)
    {
        var result = downbeat.Run(arguments);
        return result.ExitCode == 0
            ? result
            : throw new EverywhereException(
                $"downbeat {string.Join(' ', arguments)} ended with {result.ExitCode.ToString(CultureInfo.InvariantCulture)}:\n{result.Output}{result.Error}"
            );
    }
}
