using System.Text.Json;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>What is damaged is told by each command, and mended by one.</summary>
public sealed class RepairTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public RepairTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write("lake/landing/songs/songs.csv", TestListens.Songs);
        folder.Write("lake/landing/users/users.csv", TestListens.Users);
        folder.Write("lake/landing/streams/a.csv", TestListens.Csv(new TestListens(1).Rows(50)));
        Assert.Equal(0, cli.Run("run").ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DamageIsToldAndMended()
    {
        Assert.StartsWith("nothing to mend", cli.Run("repair").Output, StringComparison.Ordinal);
        foreach (var path in (string[])["lake.json", "ledger/00000000000000000002.json", "warehouse.db"])
        {
            var file = Path.Combine(folder.Path, "lake", path);
            File.WriteAllText(file, new string('x', 5000));
            var run = cli.Run("run");
            Assert.True(run.ExitCode == 1, $"{path}: {run.ExitCode} {run.Output}{run.Error}");
            Assert.Contains(path, run.Error, StringComparison.Ordinal);
            Assert.Contains("`downbeat repair`", run.Error, StringComparison.Ordinal);
            var dry = cli.Run("repair", "--dry-run");
            Assert.True(dry.ExitCode == 4, $"{path}: {dry.ExitCode} {dry.Output}{dry.Error}");
            var mended = cli.Run("repair", "--json");
            Assert.True(mended.ExitCode == 0, $"{path}: {mended.ExitCode} {mended.Output}{mended.Error}");
            using var report = JsonDocument.Parse(mended.Output);
            Assert.NotEqual(0, report.RootElement.GetProperty("findings").GetArrayLength());
            Assert.StartsWith("nothing to mend", cli.Run("repair").Output, StringComparison.Ordinal);
            Assert.Equal(0, cli.Run("plan", "--detailed-exit-code").ExitCode);
        }

        Assert.Contains("to all destinations", cli.Run("repair", "--help").Output, StringComparison.Ordinal);
        Assert.Contains("published again", cli.Run("repair", "--republish").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatNobodyCanMendIsExitCode1AndSaysWhatToDo()
    {
        Directory.Delete(Path.Combine(folder.Path, "lake", "archive"), recursive: true);
        Directory.Delete(Path.Combine(folder.Path, "lake", "slices"), recursive: true);
        var repair = cli.Run("repair");
        Assert.Equal(1, repair.ExitCode);
        Assert.Contains("deliver that file again", repair.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal(2, cli.Run("repair", "--lake", "nowhere").ExitCode);
    }
}
