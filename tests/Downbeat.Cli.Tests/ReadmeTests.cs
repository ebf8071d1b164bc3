using System.Text.RegularExpressions;
using Downbeat.Cli.Generate;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests;

/// <summary>The README is true: its output is what the program prints, and its commands do what it says.</summary>
public sealed partial class ReadmeTests
{
    static readonly string[] Lines = File.ReadAllLines(Path.Combine(Repository.Folder, "README.md"));

    [Fact]
    public void TheDemoPrintsWhatTheReadmeShows()
    {
        using var folder = new TemporaryFolder();
        var cli = new CliRunner(folder.Path) { Variables = { ["DOWNBEAT_COMMAND"] = "./downbeat" } };
        var result = cli.Run("demo");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            WithoutTimes(string.Join('\n', Block("numbers are the same everywhere"))),
            WithoutTimes(result.Output.TrimEnd())
        );
    }

    [Fact]
    public void TheCommandsForOnesOwnDataWork()
    {
        using var folder = new TemporaryFolder();
        new SyntheticLake(new() { Listens = 2000 }).WriteTo(folder.Path);
        var landing = Path.Combine(folder.Path, "landing");
        var commands = Block("## Your own data");
        Assert.Contains(commands, line => line.StartsWith("./downbeat run", StringComparison.Ordinal));
        foreach (var command in commands.Select(line => line.Split('#')[0].Trim()))
        {
            var words = command.Split(' ');
            if (words[0] == "cp")
            {
                var source = words[1].Replace("streams*", "streams-0001", StringComparison.Ordinal);
                var target = Path.Combine(folder.Path, words[2]);
                var found = Directory.EnumerateFiles(landing, source, SearchOption.AllDirectories).Single();
                Assert.True(Directory.Exists(target), $"init did not make {words[2]}.");
                File.Copy(found, Path.Combine(target, source));
                continue;
            }

            Assert.Equal("./downbeat", words[0]);
            var result = new CliRunner(folder.Path).Run(words[1..]);
            Assert.True(result.ExitCode == 0, $"{command}: {result.Error}");
            Assert.NotEmpty(result.Output);
        }
    }

    [Fact]
    public void EveryCommandOfTheReadmeExists()
    {
        using var folder = new TemporaryFolder();
        var help = new CliRunner(folder.Path).Run("--help").Output;
        var table = Lines
            .SkipWhile(line => !line.StartsWith("| command", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .ToList();
        Assert.True(table.Count > 5);
        foreach (Match name in table.SelectMany(line => CommandName().Matches(line.Split('|')[1])))
        {
            Assert.Contains($"  {name.Groups[1].Value} ", help, StringComparison.Ordinal);
        }
    }

    /// <summary>The first code block behind a line.</summary>
    static List<string> Block(string marker) =>
        [
            .. Lines
                .SkipWhile(line => !line.Contains(marker, StringComparison.Ordinal))
                .SkipWhile(line => line != "```")
                .Skip(1)
                .TakeWhile(line => line != "```"),
        ];

    /// <summary>Times, speeds and the ids of runs differ from one time to the next.</summary>
    static string WithoutTimes(string text) =>
        RunId().Replace(Speed().Replace(Seconds().Replace(text, "in N s"), "(N rows/s)"), "RUN");

    [GeneratedRegex(@"in [\d.]+ s")]
    private static partial Regex Seconds();

    [GeneratedRegex(@"\([\d.,]+( million)? rows/s\)")]
    private static partial Regex Speed();

    [GeneratedRegex(@"\d{8}T\d{6}Z-[a-z0-9]{4}")]
    private static partial Regex RunId();

    [GeneratedRegex("`([a-z]+)")]
    private static partial Regex CommandName();
}
