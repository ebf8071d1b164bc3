using System.Collections.Concurrent;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Pipeline.Tests;

/// <summary>How songs and users are read, at the same time or one after the other.</summary>
public sealed class CatalogueStageTests
{
    [Fact]
    public void ProgressIsSaidWhileTheCatalogueIsRead()
    {
        using var lake = new TestLake();
        var users =
            "user_id,user_country\n" + string.Concat(Enumerable.Range(0, 100_000).Select(user => $"{user},DE\n"));
        lake.LandCatalogue(TestListens.Songs, users);
        var said = new Said();
        new Reconciliation(lake.Lake, new(), TimeProvider.System, NullLogger.Instance, said).Run();
        var catalogue = said.All.Where(progress => progress.Stage == "catalogue").ToList();
        var size = lake.Lake.List("landing").Sum(file => file.Size);
        Assert.All(catalogue, progress => Assert.Equal(size, progress.Total));
        Assert.Contains(catalogue, progress => progress.Done == 0);
        Assert.Contains(catalogue, progress => progress.Done > 0 && progress.Done < size);
        Assert.Equal(size, catalogue.Max(progress => progress.Done));
    }

    [Fact]
    public void TheSameIsReadByAnyNumberOfWorkers()
    {
        using var one = new TestLake();
        using var many = new TestLake();
        foreach (var (lake, workers) in ((TestLake, int)[])[(one, 1), (many, 8)])
        {
            lake.LandCatalogue(TestListens.Songs, TestListens.Users);
            Assert.Equal(RunOutcome.Done, lake.Run(new() { Workers = workers }).Outcome);
            lake.LandCatalogue(
                TestListens.Songs,
                TestListens.Users + "987654321,Name,30,Peru,2024-01-01\n",
                TestLake.Arrived.AddDays(1)
            );
            Assert.Empty(lake.Run(new() { Workers = workers }).Errors);
            Assert.Equal((1, 2), (lake.State.Songs!.Version, lake.State.Users!.Version));
        }

        Assert.Equal(one.State.Songs!.Sha256, many.State.Songs!.Sha256);
        Assert.Equal(one.State.Users!.Sha256, many.State.Users!.Sha256);
        Assert.Equal(one.State.Users.Sha256, Sum(one.Lake, one.State.Users.Path));
        Assert.Equal(one.State.Songs.Sha256, Sum(one.Lake, one.State.Songs.Path));
    }

    [Fact]
    public void OfTwoFaultsTheSongsAreNamed()
    {
        using var lake = new TestLake();
        lake.LandCatalogue("no songs\n", "no users\n");
        for (var run = 0; run < 10; run++)
        {
            var error = Assert.Single(lake.Run(new() { Workers = 1 + (run % 3) }).Errors);
            Assert.Contains(LakePaths.Songs, error, StringComparison.Ordinal);
        }

        Assert.Null(lake.State.Songs);
        lake.LandCatalogue(TestListens.Songs, "no users\n");
        Assert.Contains(LakePaths.Users, Assert.Single(lake.Run().Errors), StringComparison.Ordinal);
        Assert.Null(lake.State.Songs);
    }

    static string Sum(ILake lake, string path)
    {
        using var stream = lake.Open(path);
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream));
    }

    /// <summary>Keeps what was said, by any thread.</summary>
    sealed class Said : IProgress<RunProgress>
    {
        public ConcurrentQueue<RunProgress> All { get; } = [];

        public void Report(RunProgress value) => All.Enqueue(value);
    }
}
