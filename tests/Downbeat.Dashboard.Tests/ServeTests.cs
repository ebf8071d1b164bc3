using System.Diagnostics;
using System.Globalization;
using Downbeat.Testing;

namespace Downbeat.Dashboard.Tests;

/// <summary><c>downbeat serve</c>, as a process.</summary>
public sealed class ServeTests(OddLake odd) : IClassFixture<OddLake>
{
    [Fact]
    public async Task ServesUntilItIsAskedToEnd()
    {
        using var process = new CliRunner(odd.Lake.Folder).Start("serve", "--lake", ".", "--listen", "127.0.0.1:0");
        var said = await process.StandardOutput.ReadLineAsync() ?? "";
        Assert.StartsWith(". is shown at http://127.0.0.1:", said, StringComparison.Ordinal);
        using var client = new HttpClient
        {
            BaseAddress = new(said[(said.IndexOf("http", StringComparison.Ordinal))..]),
        };
        Assert.Equal("{\"status\":\"ok\"}", await client.GetStringAsync("/healthz"));

        // A connection that is kept open does not keep it from ending.
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "It did not end.");
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
    }

    [Theory]
    [InlineData("--listen: nonsense is no address with a port: write it like 127.0.0.1:5080", "--listen", "nonsense")]
    [InlineData("--listen: 127.0.0.1 is no address with a port", "--listen", "127.0.0.1")]
    [InlineData(
        "--listen: 0.0.0.0:5080 can be reached from other machines: give a --token-file",
        "--listen",
        "0.0.0.0:5080"
    )]
    [InlineData("--listen: [::]:5080 can be reached from other machines", "--listen", "[::]:5080")]
    [InlineData("--token-file: nowhere.txt cannot be read", "--token-file", "nowhere.txt")]
    [InlineData(
        "--token-file: lake.json has to hold a token of 16 or more letters and digits",
        "--token-file",
        "lake.json"
    )]
    public void WhatIsUnsafeOrWrongIsRefused(string message, params string[] arguments)
    {
        var result = new CliRunner(odd.Lake.Folder).Run(["serve", "--lake", ".", .. arguments]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void APortThatIsTakenIsSaid()
    {
        var taken = odd.Server.Address.Authority;
        var result = new CliRunner(odd.Lake.Folder).Run("serve", "--lake", ".", "--listen", taken);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(
            $"{taken} cannot be listened at: the port is in use. Choose another with --listen",
            result.Error,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", false)]
    [InlineData("run --lake .", false)]
    [InlineData("serve --lake . --listen 127.0.0.1:99999", false)]
    [InlineData("serve --lake . --listen 0.0.0.0:5080", true)]
    public void OnlyServeLoadsAWebServer(string arguments, bool isLoaded)
    {
        var told = Path.Combine(odd.Lake.Folder, "loaded.txt");
        var cli = new CliRunner(odd.Lake.Folder)
        {
            Variables =
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
                [StartupHook.Variable] = told,
            },
        };
        cli.Run(arguments.Split(' '));
        var loaded = File.ReadAllLines(told);
        Assert.Contains("downbeat", loaded);
        Assert.Equal(isLoaded, loaded.Contains("Downbeat.Dashboard"));
        Assert.DoesNotContain(loaded, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }
}
