using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Schedule;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>A lake in S3 tells of nothing: it is listed, and what has landed is found.</summary>
public sealed class S3WatchTests
{
    [Fact]
    public async Task FilesThatLandInS3AreFoundByListing()
    {
        var url = $"s3://{S3Server.NewBucket()}/lake";
        using var lake = S3Server.Lake(url);
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        Put("landing/songs/songs.csv", TestListens.Songs);
        Put("landing/users/users.csv", TestListens.Users);
        var rows = new TestListens().Rows(60);
        using var stop = new CancellationTokenSource();
        using var watch = new Watch(
            lake,
            new() { Poll = TimeSpan.FromMilliseconds(300) },
            (request, token) =>
                new Reconciliation(lake, new(), TimeProvider.System, NullLogger.Instance).Run(request, token),
            TimeProvider.System,
            NullLogger.Instance
        );
        var watching = Task.Run(() => watch.RunAsync(stop.Token));
        for (var file = 0; file < 3; file++)
        {
            var key = $"landing/streams/{file}.csv";
            Put(key, TestListens.Csv(rows.Skip(20 * file).Take(20)));
            for (var patience = 0; lake.Find(key) is not null; patience++)
            {
                Assert.True(patience < 1200 && !watching.IsCompleted, $"{key} was not taken in.");
                await Task.Delay(50);
            }
        }

        await stop.CancelAsync();
        Assert.True(await watching);
        Assert.Equal(3, lake.List(LakePaths.Archive).Count);
        Assert.NotEmpty(lake.List(LakePaths.Kpis));

        void Put(string path, string text) => lake.Put([(path, System.Text.Encoding.UTF8.GetBytes(text))]);
    }
}
