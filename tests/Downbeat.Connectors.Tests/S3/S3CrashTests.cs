using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Crash;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>
/// The real process on a real S3 server is killed just before and just after everything that it writes, there and in its
/// scratch folder. What the next run leaves is, byte for byte, what an undisturbed one leaves. <c>./test --soak</c> tries every
/// point.
/// </summary>
public sealed class S3CrashTests
{
    const int Points = 8;

    [Fact]
    public async Task ARunThatIsKilledAtAnyWriteIsCompletedByTheNextRun()
    {
        var random = new TestListens();
        SortedDictionary<string, string> expected;
        int points;
        using (var undisturbed = await Place.NewAsync())
        {
            (var result, points) = CrashPoints.Count(undisturbed.Cli, "run");
            Assert.True(result.ExitCode == 3, result.Error);
            expected = undisturbed.Outcome();
        }

        Assert.InRange(points, 50, 1000);
        var (tried, wrong) = (0, new List<string>());
        foreach (var point in CrashPoints.Choose(points, Points, new(random.Seed)))
        {
            using var place = await Place.NewAsync();
            if (!CrashPoints.Kill(place.Cli, point, "run"))
            {
                continue;
            }

            tried++;
            var run = place.Cli.Run("run");
            var difference = run.ExitCode is 0 or 3
                ? LakeOutcome.Difference(expected, place.Outcome())
                : $"run failed: {run.Error}";
            if (difference.Length > 0)
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"killed at {point}: {difference}"));
            }
        }

        TestReport.Set(
            "crash-points",
            ("S3 run points", points),
            ("S3 run tried", tried),
            ("S3 run wrong outcomes", wrong.Count)
        );
        Assert.True(
            wrong.Count == 0,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{wrong.Count} of {tried} outcomes are wrong; DOWNBEAT_TEST_SEED={random.Seed}\n{string.Join("\n\n", wrong.Take(5))}"
            )
        );
        Assert.True(tried > Points / 2, "Hardly any run was killed.");
    }

    /// <summary>A lake that has run once, and on which everything of the scenario has landed since.</summary>
    sealed class Place : IDisposable
    {
        readonly string scratch = Directory.CreateTempSubdirectory("downbeat-crash-").FullName;
        readonly Downbeat.Connectors.S3.S3Lake lake;

        Place(string bucket)
        {
            lake = S3Server.Lake($"s3://{bucket}/lake");
            Cli = new(scratch);
            Cli.Variables["DOWNBEAT_LAKE"] = lake.Name;
            Cli.Variables["DOWNBEAT_S3_ENDPOINT"] = S3Server.Address;
            Cli.Variables["TMPDIR"] = scratch;
        }

        public CliRunner Cli { get; }

        public static async Task<Place> NewAsync()
        {
            var bucket = S3Server.NewBucket();
            var place = new Place(bucket);
            LakeFile.Create(place.lake, "UTC", TimeProvider.System.GetUtcNow());
            place.lake.Put([(LakePaths.Settings, Encoding.UTF8.GetBytes(CrashScenario.Settings(isFolder: false)))]);
            await LandAsync(CrashScenario.Before());
            var record = new Reconciliation(
                place.lake,
                new() { Workers = 1, MaxRejectedShare = 0.5 },
                TimeProvider.System,
                NullLogger.Instance
            ).Run();
            Assert.Equal(RunOutcome.Done, record.Outcome);
            await LandAsync(CrashScenario.After());
            return place;

            async Task LandAsync(IEnumerable<(string Path, byte[] Bytes)> files)
            {
                foreach (var (path, bytes) in files)
                {
                    using var body = new MemoryStream(bytes);
                    await S3Server.Client.PutObjectAsync(
                        new()
                        {
                            BucketName = bucket,
                            Key = $"lake/{path}",
                            InputStream = body,
                        }
                    );
                }
            }
        }

        public SortedDictionary<string, string> Outcome()
        {
            var outcome = LakeOutcome.Read(lake);
            LakeOutcome.AddUnfinished(outcome, scratch);
            return outcome;
        }

        public void Dispose()
        {
            lake.Dispose();
            Directory.Delete(scratch, recursive: true);
        }
    }
}
