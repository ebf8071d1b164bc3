using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Publish;

/// <summary>Published files that someone else has written: what a run that stood still leaves when it dies behind its write.</summary>
public sealed class PublishedFilesTests
{
    [Fact]
    public void AnOlderFileOfTheSameSizeIsNoticedByTheNextRunAndPublishedAgain()
    {
        using var lake = NewLake();
        var before = lake.Kpis();
        var path = $"{LakePaths.Kpis}/{before.Keys.First()}";
        var other = before.Values.First().Replace('1', '2');
        Assert.NotEqual(before.Values.First(), other);
        lake.Lake.Put([(path, Encoding.UTF8.GetBytes(other))]);

        Assert.Contains("not as it was published", Assert.Single(lake.Plan().Dates).Why, StringComparison.Ordinal);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.Equal(before, lake.Kpis());
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void FilesOfTheSameBytesAreLeftAloneAndKnownAgainAfterTheNextRun()
    {
        using var lake = NewLake();
        foreach (var file in lake.Lake.List(LakePaths.Kpis))
        {
            File.SetLastWriteTimeUtc(Path.Combine(lake.Folder, file.Path), new(2024, 7, 2, 0, 0, 0, DateTimeKind.Utc));
        }

        var files = lake.Lake.List(LakePaths.Kpis);
        Assert.True(lake.Plan().IsEmpty);
        lake.LandStreams("again.csv", TestListens.Csv(["1,track001,2024-06-27 12:00:00,0,0"]));
        Assert.Equal(new DateOnly(2024, 6, 27), Assert.Single(lake.Run().Dates).Date);
        Assert.All(files, file => Assert.Contains(file, lake.Lake.List(LakePaths.Kpis)));
        Assert.All(
            lake.State.Dates.Values.SelectMany(date => date.Entry.Files.Select(file => (date.Entry.Date, file))),
            one => Assert.Equal(lake.Lake.Find(LakePaths.Kpi(one.file.Table, one.Date))!.Modified, one.file.Modified)
        );
    }

    [Fact]
    public void FilesOfADateWithoutListensAreDeleted()
    {
        using var lake = NewLake();
        var before = lake.Kpis();
        lake.Lake.Put([
            ("kpis/daily/date=2031-01-01.csv", "date\n"u8.ToArray()),
            ("kpis/notes.txt", "mine"u8.ToArray()),
        ]);
        Assert.Equal(new DateOnly(2031, 1, 1), Assert.Single(lake.Plan().Dates).Date);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.Equal(before.Keys.Append("notes.txt").Order(StringComparer.Ordinal), lake.Kpis().Keys);
        Assert.True(lake.Plan().IsEmpty);
    }

    static TestLake NewLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("first.csv", TestListens.Csv(new TestListens().Rows(100)));
        lake.Run();
        return lake;
    }
}
