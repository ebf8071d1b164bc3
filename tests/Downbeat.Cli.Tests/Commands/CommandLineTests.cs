using System.Text.Json;
using Downbeat.Engine.Scan;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>The command line as a user meets it who makes mistakes.</summary>
public sealed class CommandLineTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public CommandLineTests() => cli = new(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WithoutArgumentsItShowsWhatThereIs()
    {
        var result = cli.Run();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.All(
            [
                "demo",
                "init",
                "generate",
                "plan",
                "run",
                "status",
                "show",
                "explain",
                "rebuild",
                "repair",
                "sweep",
                "quarantine",
                "version",
            ],
            command => Assert.Contains($"\n  {command}", result.Output, StringComparison.Ordinal)
        );
        Assert.Equal(result.Output, cli.Run("--help").Output);
    }

    [Theory]
    [InlineData("demo", "--listens")]
    [InlineData("init", "--time-zone")]
    [InlineData("generate", "--dirt-share")]
    [InlineData("plan", "--detailed-exit-code")]
    [InlineData("run", "--like-weight")]
    [InlineData("status", "--json")]
    [InlineData("show", "--format")]
    [InlineData("explain", "DATE")]
    [InlineData("rebuild", "--from")]
    [InlineData("repair", "--dry-run")]
    [InlineData("sweep", "--dry-run")]
    [InlineData("quarantine", "retry")]
    [InlineData("version", "--json")]
    public void EveryCommandHasHelp(string command, string mentions)
    {
        var result = cli.Run(command, "--help");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains(mentions, result.Output, StringComparison.Ordinal);
        Assert.All(result.Output.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 100, line));
    }

    [Fact]
    public void VersionSaysWhichVersionsThereAre()
    {
        var result = cli.Run("version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^Downbeat \d+\.\d+\.\d+\n\.NET 10\.", result.Output);
        Assert.EndsWith(
            $"\nscan kernel {ScanKernels.Best.Name()} (this machine has {string.Join(", ", ScanKernels.Available.Select(kernel => kernel.Name()))})\n",
            result.Output,
            StringComparison.Ordinal
        );
        Assert.Equal(result.Output, cli.Run("--version").Output);
        using var json = JsonDocument.Parse(cli.Run("version", "--json").Output);
        Assert.Equal(ScanKernels.Best.Name(), json.RootElement.GetProperty("scanKernel").GetString());
        Assert.Equal(ScanKernels.Available.Count, json.RootElement.GetProperty("scanKernels").GetArrayLength());
        Assert.StartsWith(
            $"Downbeat {json.RootElement.GetProperty("version").GetString()}\n",
            result.Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AVariableChoosesTheScanKernel()
    {
        cli.Variables["DOWNBEAT_SCAN"] = "scalar";
        Assert.Contains("\nscan kernel scalar (", cli.Run("version").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "avx1024",
        "DOWNBEAT_SCAN is avx1024; allowed are scalar, vector128, avx2, avx512, and this machine has scalar"
    )]
    [InlineData("", "DOWNBEAT_SCAN is empty; allowed are scalar")]
    public void AScanKernelThatThereIsNotIsAMistake(string name, string says)
    {
        cli.Variables["DOWNBEAT_SCAN"] = name;
        var result = cli.Run("version");
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith($"error: {says}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AScanKernelThatThisMachineDoesNotHaveIsAMistake()
    {
        cli.Variables["DOTNET_EnableAVX512F"] = "0"; // As on a machine without it; before .NET 10 it was called so.
        cli.Variables["DOTNET_EnableAVX512"] = "0";
        cli.Variables["DOWNBEAT_SCAN"] = "avx512";
        var result = cli.Run("run");
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Matches(
            "^error: DOWNBEAT_SCAN is avx512, which this machine does not have; it has scalar[a-z0-9, ]*\\.\n$",
            result.Error
        );
    }

    [Theory]
    [InlineData("did you mean run?", "runn")]
    [InlineData("did you mean --like-weight?", "run", "--like-wieght", "3")]
    [InlineData("--like-weight needs a value", "run", "--like-weight")]
    [InlineData("TABLE is missing", "show", "--date", "2024-06-25")]
    [InlineData("--date is missing", "show", "daily")]
    [InlineData("--to is missing", "rebuild", "--from", "2024-06-25")]
    [InlineData("--to lies before --from", "rebuild", "--from", "2024-06-25", "--to", "2024-06-24")]
    [InlineData("is no date; dates are written like 2024-06-25", "explain", "25.06.2024")]
    [InlineData("is no date; dates are written like 2024-06-25", "show", "daily", "--date", "2024-02-30")]
    [InlineData("did you mean genre_daily?", "show", "genre-daily", "--date", "2024-06-25")]
    [InlineData("did you mean json?", "show", "daily", "--date", "2024-06-25", "--format", "jsn")]
    [InlineData("quarantine list", "quarantine")]
    [InlineData("name a SOURCE", "quarantine", "retry")]
    [InlineData("there is no argument extra", "status", "extra")]
    [InlineData("did you mean Europe/Berlin?", "init", "lake", "--time-zone", "Europe/Berln")]
    [InlineData("DIR is missing", "init")]
    [InlineData("from 1,000", "demo", "--listens", "5")]
    [InlineData("days lies between 1 and 3,660", "generate", "lake", "--days", "5000")]
    [InlineData("--users: 1k is not", "generate", "lake", "--users", "1k")]
    [InlineData("there is no folder nowhere", "run", "--lake", "nowhere")]
    [InlineData("is no lake", "status")]
    [InlineData("likeWeight is -1", "plan", "--like-weight", "-1")]
    public void WrongUseIsOneClearLineAndExitCode2(string says, params string[] arguments)
    {
        var result = cli.Run(arguments);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void AMistypedLakeIsAskedFor()
    {
        Assert.Equal(0, cli.Run("init", "my-lake").ExitCode);
        Assert.Contains("Did you mean my-lake?", cli.Run("run", "--lake", "my-lkae").Error, StringComparison.Ordinal);
        var inside = cli.Run("run", "--lake", "my-lake/landing/streams");
        Assert.Equal(2, inside.ExitCode);
        Assert.Contains("lies inside the lake", inside.Error, StringComparison.Ordinal);
        Assert.Contains("There is one in it", cli.Run("run").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AMistakeInASettingIsToldBeforeAnythingIsDone()
    {
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        folder.Write("settings.json", "{\n  \"likeWieght\": 2,\n  \"workers\": 0\n}");
        cli.Variables["DOWNBEAT_TOP_GENRE"] = "3";
        var result = cli.Run("run", "--lake", "lake", "--config", "settings.json");
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Equal(
            """
            error: settings.json line 2: "likeWieght" is no setting; did you mean likeWeight?
            error: settings.json line 3: workers is 0; allowed is a whole number from 1 to 256.
            error: DOWNBEAT_TOP_GENRE is no variable that Downbeat knows; did you mean DOWNBEAT_TOP_GENRES?

            """.ReplaceLineEndings("\n"),
            result.Error
        );
    }

    [Fact]
    public void InitMakesALakeOnceAndKeepsItsTimeZone()
    {
        var first = cli.Run("init", "lake", "--time-zone", "Europe/Berlin");
        Assert.Equal(0, first.ExitCode);
        Assert.Contains("lake/landing/streams/", first.Output, StringComparison.Ordinal);
        var lakeFile = File.ReadAllText(Path.Combine(folder.Path, "lake", "lake.json"));
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        Assert.Equal(0, cli.Run("init", "lake", "--time-zone", "Europe/Berlin").ExitCode);
        var other = cli.Run("init", "lake", "--time-zone", "UTC");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("Europe/Berlin already", other.Error, StringComparison.Ordinal);
        Assert.Equal(lakeFile, File.ReadAllText(Path.Combine(folder.Path, "lake", "lake.json")));
    }

    [Fact]
    public void TheSettingsThatInitWritesAreValidAndSetNothing()
    {
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        Assert.Equal(0, cli.Run("status", "--lake", "lake").ExitCode);

        // Taking the slashes away sets them.
        var file = Path.Combine(folder.Path, "lake", "downbeat.json");
        File.WriteAllLines(
            file,
            File.ReadAllLines(file).Select(line => line.Replace("// \"", "\"", StringComparison.Ordinal))
        );
        Assert.Equal(
            (0, ""),
            cli.Run("status", "--lake", "lake") is var result ? (result.ExitCode, result.Error) : default
        );
    }

    [Fact]
    public void MissingSongsAreAnErrorThatSaysWhereToPutThem()
    {
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        var result = cli.Run("run", "--lake", "lake");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("landing/songs", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatNoDemoMadeIsLeftAlone()
    {
        folder.Write("mine/notes.txt", "keep");
        var result = cli.Run("demo", "--dir", "mine", "--listens", "1000");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no demo made it", result.Error, StringComparison.Ordinal);
        Assert.Equal("keep", File.ReadAllText(Path.Combine(folder.Path, "mine", "notes.txt")));
    }
}
