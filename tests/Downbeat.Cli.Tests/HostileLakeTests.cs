using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests;

/// <summary>
/// Names, texts and files of others that would do harm: to a terminal, to a spreadsheet, to what lies outside of the lake. Every
/// command is tried.
/// </summary>
public sealed class HostileLakeTests : IDisposable
{
    /// <summary>
    /// What a terminal would obey or not show: a sequence that clears it, one that names its window, a bell, a carriage return, a
    /// backspace, one of C1, text turned around, and letters that take no place.
    /// </summary>
    const string Marks = "\u001b[2J\u001b]0;owned\u0007\r\b\u009b31m\u202Egnp.\u2066\u200B\u2060\uFEFF\U000E0041";

    /// <summary>What nothing but a file's own bytes may hold.</summary>
    static readonly string[] Obeyed =
    [
        "\u001b",
        "\u0007",
        "\r",
        "\b",
        "\u009b",
        "\u202E",
        "\u2066",
        "\u200B",
        "\u2060",
        "\uFEFF",
        "\U000E0041",
    ];

    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;
    int commands;

    public HostileLakeTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n"
                + $"t1,\"=A{Marks}\",Album,\"+cmd|{Marks}\",50,60000,\"@g{Marks}\"\nt2,A,B,\"-2+3, \"\"x\"\"\",50,60000,\"－rock\"\n"
        );
        folder.Write(
            "lake/landing/users/users.csv",
            $"user_id,user_name,user_age,user_country,created_at\n1,Ann,30,\"N{Marks}\",2020-01-01\n"
        );
    }

    public void Dispose() => Shell.Run("/", $"rm -r {folder.Path}");

    [Fact]
    public void NothingThatATerminalWouldObeyComesOutOfAnyCommand()
    {
        var name = Marks.Replace("\r", "", StringComparison.Ordinal); // Which SafeText writes out, and so does the table.
        var rows = string.Concat(
            Enumerable
                .Range(0, 40)
                .Select(number => $"1,t1,2024-06-25 10:00:{number:D2}\n1,t2,2024-06-25 11:00:{number:D2}\n")
        );
        folder.Write(
            $"lake/landing/streams/a{Marks}.csv",
            $"user_id,track_id,listen_time\n{rows}x{name},t1,2024-06-25 10:00:00\n"
        );
        folder.Write($"lake/landing/streams/bad{Marks}.csv", $"user{name},track,time\n1,t1,2024-06-25 10:00:00\n");
        folder.Write($"lake/landing/streams/.dot{Marks}", "");
        folder.Write($"lake/landing/streams/readme{Marks}.txt", "");
        Shell.Run(Path.Combine(folder.Path, "lake/landing/streams"), $"ln -s /nowhere \"$(printf 'link\\033[2J')\"");
        folder.Write($"odd{name}/lake.json", "{");

        Check(0, "plan");
        Check(0, "plan", "--json");
        Check(0, "status");
        Check(3, "run");
        Check(0, "status");
        Check(0, "status", "--json");
        Check(0, "check");
        Check(0, "check", "--json");
        Check(0, "explain", "2024-06-25");
        Check(0, "explain", "2024-06-25", "--json");
        foreach (
            var table in (string[])
                [
                    "daily",
                    "hourly",
                    "genre_daily",
                    "country_daily",
                    "top_tracks",
                    "top_genres",
                    "top_artists_daily",
                    "top_artists_hourly",
                ]
        )
        {
            Check(0, "show", table, "--date", "2024-06-25");
            Check(0, "show", table, "--date", "2024-06-25", "--format", "json");
        }

        Check(0, "query", $"SELECT *, 1 AS \"{name}\" FROM top_tracks");
        Check(0, "query", $"SELECT *, 1 AS \"{name}\" FROM top_tracks", "--format", "json");
        Check(1, "query", $"SELECT \"{name}");
        Check(1, "query", $"SELECT * FROM \"{name}\"");
        Check(0, "quarantine", "list");
        Check(0, "quarantine", "list", "--json");
        Check(0, "quarantine", "show", $"a{Marks}.csv");
        Check(0, "quarantine", "show", $"a{Marks}.csv", "--json");
        Check(0, "quarantine", "show", $"bad{Marks}.csv");
        Check(1, "quarantine", "show", $"none{Marks}");
        Check(1, "quarantine", "retry", $"a{Marks}.csv");
        Check(0, "quarantine", "retry", $"bad{Marks}.csv");
        Check(3, "run", "--json");
        Check(0, "rebuild", "--from", "2024-06-25", "--to", "2024-06-25");
        Check(0, "rebuild", "--from", "2024-06-25", "--to", "2024-06-25", "--json");

        // Wrong use, with what was given in the message.
        Check(2, name);
        Check(2, "run", $"--{name}");
        Check(2, "run", "--workers", name);
        Check(2, "run", "--lake", $"no{name}");
        Check(1, "run", "--lake", $"odd{name}");
        Check(2, "run", "--config", $"no{name}");
        Check(2, "show", $"daily{name}", "--date", "2024-06-25");
        Check(2, "show", "daily", "--date", $"2024{name}");
        Check(2, "show", "daily", "--date", "2024-06-25", "--format", $"csv{name}");
        Check(2, "explain", name);
        Check(2, "generate", $"x{name}", "--listens", name);
        Check(
            0,
            "generate",
            $"x{name}",
            "--listens",
            "10",
            "--users",
            "5",
            "--tracks",
            "5",
            "--genres",
            "1",
            "--files",
            "1"
        );
        Check(0, "init", $"new{name}");
        Check(2, "init", $"new2{name}", "--time-zone", name);
        cli.Variables[$"DOWNBEAT_X{name}"] = "1";
        Check(2, "status");
        cli.Variables.Remove($"DOWNBEAT_X{name}");
        cli.Variables["DOWNBEAT_POSTGRES"] = $"postgresql://u@127.0.0.1:1/{Uri.EscapeDataString(name)}";
        Check(1, "check");
        cli.Variables.Remove("DOWNBEAT_POSTGRES");
        folder.Write("odd.json", $"{{\"likeWeight\": \"{name}\", \"no{name}\": 1}}");
        Check(2, "status", "--config", "odd.json");
        TestReport.Set("security", ("commands with control characters in names and texts", commands));
    }

    [Fact]
    public void WhatASpreadsheetWouldCalculateIsTextWhenAskedFor()
    {
        folder.Write(
            "lake/landing/streams/a.csv",
            "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n1,t2,2024-06-25 10:00:00\n"
        );
        Assert.Equal(0, cli.Run("run").ExitCode);
        var exact = cli.Run("show", "top_tracks", "--date", "2024-06-25", "--format", "csv").Output;
        Assert.Equal(File.ReadAllText(Path.Combine(folder.Path, "lake/kpis/top_tracks/date=2024-06-25.csv")), exact);
        Assert.Contains("\"@g", exact, StringComparison.Ordinal);
        var safe = cli.Run(
            "show",
            "top_tracks",
            "--date",
            "2024-06-25",
            "--format",
            "csv",
            "--spreadsheet-safe"
        ).Output;
        Assert.Contains("'@g", safe, StringComparison.Ordinal);
        Assert.Contains("\"'+cmd|", safe, StringComparison.Ordinal); // A CR is in it.
        Assert.Contains(",\"'-2+3, \"\"x\"\"\",", safe, StringComparison.Ordinal);
        Assert.Contains("'－rock", safe, StringComparison.Ordinal);
        Assert.Equal(
            exact.Replace("'", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal),
            safe.Replace("'", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)
        );

        var asked = cli.Run(
            "query",
            "SELECT -1 AS \"=a\", '-2' AS b, '=x' AS c, -1.5 AS d",
            "--format",
            "csv",
            "--spreadsheet-safe"
        );
        Assert.Equal("'=a,b,c,d\n-1,-2,'=x,-1.5\n", asked.Output);
        var wrong = cli.Run("query", "SELECT 1", "--spreadsheet-safe");
        Assert.Equal((2, "error: --spreadsheet-safe goes with --format csv."), (wrong.ExitCode, wrong.Error.Trim()));
    }

    [Fact]
    public void WhatIsNoFileIsToldAndNeverWaitedFor()
    {
        Shell.Run(
            Path.Combine(folder.Path, "lake/landing/streams"),
            "mkfifo pipe.csv; ln -s /etc/passwd link.csv; printf x > \"$(printf 'bad\\377.csv')\"; ln -s /etc/passwd ../songs/more.csv; mkfifo ../users/pipe.csv"
        );
        folder.Write("lake/landing/streams/a.csv", "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n");
        var plan = cli.Run("plan").Output;
        Assert.Equal(0, cli.Run("run").ExitCode);
        foreach (var said in (string[])[plan, cli.Run("status").Output])
        {
            Assert.Contains("landing/streams/pipe.csv", said, StringComparison.Ordinal);
            Assert.Contains("it is a pipe, a socket or a device", said, StringComparison.Ordinal);
            Assert.Contains("landing/streams/bad\uFFFD.csv", said, StringComparison.Ordinal);
            Assert.Contains("landing/songs/more.csv", said, StringComparison.Ordinal);
            Assert.Contains("landing/users/pipe.csv", said, StringComparison.Ordinal);
        }

        Assert.Contains("landing/streams/link.csv", cli.Run("run").Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "lake/quarantine")));
        File.Delete(Path.Combine(folder.Path, "lake/landing/songs/songs.csv"));
        Assert.Contains(
            "landing/songs/more.csv is not read: it is a link",
            cli.Run("run").Error,
            StringComparison.Ordinal
        );
    }

    /// <summary>Who writes the ledger can do much, but not outside of the lake.</summary>
    [Fact]
    public void APathInALedgerThatLeadsOutIsRefused()
    {
        folder.Write(
            "lake/landing/streams/a.csv",
            "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\nx,t1,2024-06-25 10:00:00\n"
        );
        folder.Write("lake/landing/streams/bad.csv", "user,track,time\n1,t1,2024-06-25 10:00:00\n");
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";
        Assert.Equal(3, cli.Run("run").ExitCode);
        var outside = folder.Write("outside/victim.csv", "untouched");
        var before = Entries(Path.Combine(folder.Path, "outside"));
        Shell.Run(folder.Path, "cp -r lake good");
        string[] wheres = ["../outside/victim.csv", outside + "\0"];
        foreach (var where in wheres)
        {
            foreach (
                var change in (Func<JsonNode, bool>[])
                    [
                        commit => Change(Each(commit["sources"], "slices"), "path", where),
                        commit => Change(Each(commit["sources"]), "id", where),
                        commit =>
                            Change(Each(commit["sources"]), "id", where)
                            | Change(Each(commit["moved"]), "source", where),
                        commit => Change(Each(commit["sources"]), "key", where),
                        commit => Change(Each(commit["moved"]), "path", where),
                        commit => Change(Each(commit["moved"]), "source", where),
                        commit => Change([commit["songs"]], "path", where),
                        commit => Change([commit["users"]], "path", where),
                        commit => Change(Each(commit["dates"], "files"), "table", where),
                        commit => Sweep(commit, where),
                    ]
            )
            {
                Shell.Run(folder.Path, "rm -r lake; cp -r good lake");
                Assert.True(Forge(change) > 0);
                foreach (
                    var command in (string[][])
                        [
                            ["explain", "2024-06-25"],
                            ["quarantine", "retry", "--all"],
                            ["rebuild", "--from", "2024-06-25", "--to", "2024-06-25"],
                        ]
                )
                {
                    var result = cli.Run(command);
                    commands++;
                    Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
                }

                Assert.Equal(before, Entries(Path.Combine(folder.Path, "outside")));
                Assert.Equal("untouched", File.ReadAllText(outside));
            }
        }

        TestReport.Set("security", ("commands on forged ledgers", commands));
    }

    [Fact]
    public void NobodyElseMayWriteWhateverTheUmask()
    {
        folder.Write(
            "lake/landing/streams/a.csv",
            "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\nx,t1,2024-06-25 10:00:00\n"
        );
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";
        cli.Prefix = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];
        Assert.Equal(0, cli.Run("run").ExitCode);
        Shell.Run(folder.Path, "test $(find lake -newer lake/lake.json | wc -l) -gt 20");
        Shell.Run(folder.Path, "test -z \"$(find lake -path lake/landing -prune -o -perm -o+w -print)\"");
    }

    /// <summary>Changes the commits for which a change is possible, and says how many were.</summary>
    int Forge(Func<JsonNode, bool> change)
    {
        var changed = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder.Path, "lake/ledger")))
        {
            var commit = JsonNode.Parse(File.ReadAllText(file))!["body"]!;
            if (change(commit))
            {
                var body = Encoding.UTF8.GetBytes(commit.ToJsonString());
                var sum = Convert.ToHexStringLower(SHA256.HashData(body));
                File.WriteAllText(file, $"{{\"sha256\":\"{sum}\",\"body\":{Encoding.UTF8.GetString(body)}}}\n");
                changed++;
            }
        }

        return changed;
    }

    static IEnumerable<JsonNode?> Each(JsonNode? list, string? within = null)
    {
        var all = list as JsonArray ?? [];
        return within is null ? all : all.SelectMany(one => Each(one?[within]));
    }

    static bool Change(IEnumerable<JsonNode?> nodes, string name, string to)
    {
        var found = nodes.OfType<JsonObject>().Where(node => node.ContainsKey(name)).ToList();
        foreach (var node in found)
        {
            node[name] = to;
        }

        return found.Count > 0;
    }

    static bool Sweep(JsonNode commit, string path)
    {
        commit["swept"] = new JsonArray(path);
        return true;
    }

    void Check(int exitCode, params string[] arguments)
    {
        var result = cli.Run(arguments);
        commands++;
        var what = $"{string.Join(' ', arguments)}: {result.Output}{result.Error}";
        foreach (var obeyed in Obeyed)
        {
            Assert.False(
                result.Output.Contains(obeyed, StringComparison.Ordinal),
                $"U+{char.ConvertToUtf32(obeyed, 0):X4} in {what}"
            );
            Assert.False(
                result.Error.Contains(obeyed, StringComparison.Ordinal),
                $"U+{char.ConvertToUtf32(obeyed, 0):X4} in {what}"
            );
        }

        Assert.True(exitCode == result.ExitCode, $"{result.ExitCode}, not {exitCode}: {what}");
        if (arguments.Contains("--json") || arguments[^1] == "json")
        {
            using var json = JsonDocument.Parse(result.Output);
        }
    }

    static List<string> Entries(string path) =>
        [.. Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
