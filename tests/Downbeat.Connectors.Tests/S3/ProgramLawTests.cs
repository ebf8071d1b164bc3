using System.Globalization;
using System.Text;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>
/// The laws, on the whole program and all at once: of accepted listens under one catalogue neither the order of files, how they are
/// split, merged, repeated and compressed, nor the runs, workers, memory and the kind of lake change a byte of what is published.
/// </summary>
public sealed class ProgramLawTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
    readonly TestListens random = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NothingButTheSetOfListensShapesWhatIsPublished(bool isS3)
    {
        var rows = random.Rows(3_000);
        var expected = Publish(
            NewLake(isS3: false),
            [
                [("all.csv", TestListens.Csv(rows), false)],
            ],
            workers: 1
        );
        Assert.Equal(3 * 8, expected.Count);
        for (var round = 0; round < (RandomRounds.IsSoak ? 20 : 2); round++)
        {
            AssertSame(expected, Publish(NewLake(isS3), Deliveries(rows), 1 + random.Next(6)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TwoLakesMergedAreOneLakeOfTheUnion(bool isS3)
    {
        var (left, right) = (random.Rows(900), random.Rows(900));
        var shared = left.Where(_ => random.Next(4) == 0).ToList();
        var union = Publish(
            NewLake(isS3: false),
            [
                [("union.csv", TestListens.Csv(left.Concat(right)), false)],
            ],
            workers: 2
        );
        var (one, other) = (NewLake(isS3: false), NewLake(isS3));
        Publish(one, Deliveries(left), workers: 2);
        Publish(other, Deliveries([.. right, .. shared]), workers: 2);

        // What the one has archived lands in the other.
        List<(string Path, byte[] Bytes)> kept = [];
        foreach (var file in one.Lake.List(LakePaths.Archive))
        {
            using var bytes = new MemoryStream();
            using (var stream = one.Lake.Open(file.Path))
            {
                stream.CopyTo(bytes);
            }

            kept.Add(($"{LakePaths.Streams}/merged/{Path.GetFileName(file.Path)}", bytes.ToArray()));
        }

        Assert.NotEmpty(kept);
        other.Lake.Put(kept);
        AssertSame(
            union,
            Publish(
                other,
                [
                    [],
                ],
                workers: 3
            )
        );
    }

    /// <summary>Files before one run or several, each row in one of them or more.</summary>
    List<List<(string Name, string Csv, bool IsCompressed)>> Deliveries(List<string> rows)
    {
        var deliveries = Enumerable
            .Range(0, 1 + random.Next(3))
            .Select(_ => new List<(string, string, bool)>())
            .ToList();
        var groups = random.Split(random.Shuffle(rows), 1 + random.Next(7));
        for (var number = 0; number < groups.Count; number++)
        {
            var again = rows.Where(_ => random.Next(6) == 0);
            var mixed = random.Shuffle(groups[number].Concat(again).Concat(groups[number].Take(random.Next(50))));
            deliveries[random.Next(deliveries.Count)]
                .Add(
                    (
                        string.Create(CultureInfo.InvariantCulture, $"{random.Next(100)}/part{number}.csv"),
                        TestListens.Csv(mixed, random.Next(2) == 0 ? "\n" : "\r\n", random.Next(3) * 200),
                        random.Next(2) == 0
                    )
                );
        }

        return deliveries;
    }

    (ILake Lake, string Place) NewLake(bool isS3)
    {
        var place = isS3 ? $"s3://{S3Server.NewBucket()}/lake" : Path.Combine(folder, Guid.NewGuid().ToString("N"));
        Run(place, 1, "init", place);
        ILake lake = isS3 ? S3Server.Lake(place) : new FolderLake(place);
        lake.Put([
            ($"{LakePaths.Songs}/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ($"{LakePaths.Users}/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
        ]);
        return (lake, place);
    }

    SortedDictionary<string, string> Publish(
        (ILake Lake, string Place) to,
        List<List<(string Name, string Csv, bool IsCompressed)>> deliveries,
        int workers
    )
    {
        foreach (var delivery in deliveries)
        {
            to.Lake.Put([
                .. delivery.Select(file =>
                    (
                        $"{LakePaths.Streams}/{file.Name}{(file.IsCompressed ? ".gz" : "")}",
                        file.IsCompressed ? TestLake.Gzip(file.Csv) : Encoding.UTF8.GetBytes(file.Csv)
                    )
                ),
            ]);
            Run(to.Place, workers, "run", "--lake", to.Place);
        }

        Assert.Empty(to.Lake.List(LakePaths.Streams));
        var kpis = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in TestLake.ListenTables(to.Lake))
        {
            using var text = new StreamReader(to.Lake.Open(file.Path));
            kpis.Add(file.Path, text.ReadToEnd());
        }

        return kpis;
    }

    void Run(string place, int workers, params string[] arguments)
    {
        var cli = new CliRunner(folder);
        cli.Variables["TMPDIR"] = folder;
        cli.Variables["DOWNBEAT_WORKERS"] = workers.ToString(CultureInfo.InvariantCulture);
        cli.Variables["DOWNBEAT_SORT_BUFFER_MB"] = (16 << random.Next(4)).ToString(CultureInfo.InvariantCulture);
        if (place.StartsWith("s3://", StringComparison.Ordinal))
        {
            cli.Variables["DOWNBEAT_S3_ENDPOINT"] = S3Server.Address;
        }

        var result = cli.Run(arguments);
        Assert.True(
            result.ExitCode == 0,
            $"{string.Join(' ', arguments)}: {result.Output}{result.Error}; seed {random.Seed}."
        );
    }

    void AssertSame(SortedDictionary<string, string> expected, SortedDictionary<string, string> found)
    {
        Assert.True(expected.Keys.SequenceEqual(found.Keys), $"Other files are published; seed {random.Seed}.");
        foreach (var (path, text) in expected)
        {
            Assert.True(
                text == found[path],
                $"{path} differs; seed {random.Seed}.\nexpected:\n{text}\nfound:\n{found[path]}"
            );
        }
    }
}
