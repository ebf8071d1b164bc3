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
    public void ADateThatIsComputedAgainBecauseNothingWasKeptOfTheUsersSaysSo()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams(
            "a.csv",
            TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0", "99,track001,2024-06-25 10:00:00,0,0"])
        );
        lake.Run();
        File.Delete(Path.Combine(lake.Folder, lake.State.Users!.Path));
        var date = Assert.Single(lake.Run().Dates);
        Assert.Equal("the users were read anew, as they were no longer kept", date.Why);
        Assert.Empty(date.Restated);
        lake.LandCatalogue(
            TestListens.Songs,
            TestListens.Users + "99,Name,30,NO,2024-01-01\n",
            TestLake.Arrived.AddHours(1)
        );
        Assert.Contains("who were unknown before", Assert.Single(lake.Run().Dates).Why, StringComparison.Ordinal);
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NothingScannedEntersTheLakeBeforeTheCatalogue(bool areUsersGood)
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, areUsersGood ? TestListens.Users : "no users\n");
        lake.LandStreams("a.csv", "user_id,track_id,listen_time\n1,a,2024-06-25 07:11:05\n");
        lake.LandStreams("b.csv", "user_id,track_id,listen_time\n1,a,\n1,a,2024-06-25 07:11:05\n");
        var landed = lake.Lake.List(LakePaths.Streams);
        var users = new UsersAfterListens(lake.Lake);
        var options = new RunOptions { Workers = 2, MaxRejectedShare = 1 };
        var record = new Reconciliation(users, options, TimeProvider.System, NullLogger.Instance, users).Run();
        Assert.True(users.CameAfter);
        Assert.True(users.CatalogueCameFirst);
        if (areUsersGood)
        {
            Assert.Equal((RunOutcome.Done, 2), (record.Outcome, record.Archived));
            Assert.NotEmpty(lake.Lake.List(LakePaths.Slices));
            return;
        }

        Assert.Contains(LakePaths.Users, Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Equal(landed, lake.Lake.List(LakePaths.Streams));
        Assert.Empty(lake.Lake.List(LakePaths.Slices));
        Assert.Empty(lake.Lake.List(LakePaths.Ledger));
        Assert.Empty(lake.Lake.List(LakePaths.Quarantine));
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

    /// <summary>Has users only when all listens are scanned.</summary>
    sealed class UsersAfterListens(ILake inner) : ForwardingLake(inner), IProgress<RunProgress>
    {
        readonly TaskCompletionSource scanned = new();

        public bool CameAfter { get; private set; }

        public bool CatalogueCameFirst { get; private set; } = true;

        public void Report(RunProgress value)
        {
            if (value.Stage == "scan" && value.Done == value.Total)
            {
                scanned.TrySetResult();
            }
        }

        public override Stream Open(string path)
        {
            if (path.StartsWith(LakePaths.Users, StringComparison.Ordinal))
            {
                CameAfter = scanned.Task.Wait(TimeSpan.FromSeconds(30));
            }

            return base.Open(path);
        }

        public override void PutScratch(string path, string scratchFile)
        {
            CatalogueCameFirst &=
                path.StartsWith(LakePaths.Catalogue, StringComparison.Ordinal) || Find(LakePaths.Commit(1)) is not null;
            base.PutScratch(path, scratchFile);
        }
    }
}
