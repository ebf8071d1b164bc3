using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Fuzz;

namespace Downbeat.Pipeline.Tests.Fuzz;

/// <summary>Whatever stands in the small files of a lake, commands go on or say what is wrong: in an error of the kinds that are told to users.</summary>
public sealed class LakeFileFuzzTests : IDisposable
{
    static readonly byte[][] JsonTokens =
    [
        .. new[]
        {
            "{",
            "}",
            "[",
            "]",
            "\"",
            ",",
            ":",
            "null",
            "true",
            "-1",
            "1e999",
            "9223372036854775808",
            "\"\"",
            "\\",
            "\\ud800",
            "\\u0000",
            "/*",
            "0001-01-01T00:00:00-14:00",
            "9999-12-31T23:59:59.9999999+00:00",
            "é",
            "\uFEFF",
            "../..",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF],
        [0xED, 0xA0, 0x80],
        Encoding.ASCII.GetBytes(new string('[', 100)),
    ];

    readonly TestLake lake = new();

    public void Dispose() => lake.Dispose();

    [Fact]
    public void EveryLakeJsonIsReadOrRefused() =>
        Fuzz(
            "lake_json",
            600,
            LakePaths.Lake,
            File.ReadAllBytes(Full(LakePaths.Lake)),
            JsonTokens,
            () =>
            {
                var file = LakeFile.Read(lake.Lake);
                return file.FindZone().Id;
            }
        );

    [Fact]
    public void EveryLeaseIsUnderstoodOrNone()
    {
        using (Lease.Take(lake.Lake, "test", 3600, TimeProvider.System))
        {
            // Its own file is what is mutated.
            Fuzz(
                "lease_json",
                600,
                LakePaths.Lease,
                File.ReadAllBytes(Full(LakePaths.Lease)),
                JsonTokens,
                () => Lease.FindHolder(lake.Lake, TimeProvider.System) is null ? "free" : "held"
            );
        }
    }

    [Fact]
    public void EveryRunRecordIsReadOrPassedOver()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("drop.csv", TestListens.Csv(["1,track001,2024-06-25 12:00:00,0,1"]));
        lake.Run();
        var record = lake.Lake.List(LakePaths.Runs)[^1].Path;
        Fuzz(
            "run_json",
            600,
            record,
            File.ReadAllBytes(Full(record)),
            JsonTokens,
            () => RunRecords.FindLast(lake.Lake)?.Outcome.ToString() ?? "none"
        );
    }

    [Fact]
    public void EveryRejectsCsvIsReadOrRefused() =>
        Fuzz(
            "rejects_csv",
            800,
            "rejects.csv",
            "file,line_number,byte_offset,byte_length,reason,raw\na.csv,2,9,5,bad_user_id,\"x,\"\"y\"\"\"\nb.csv,1,0,0,text_after_quote,\n"u8.ToArray(),
            [.. JsonTokens, "\n"u8.ToArray(), "\r\n"u8.ToArray(), "\",\""u8.ToArray(), "file,"u8.ToArray()],
            () =>
            {
                using var stream = lake.Lake.Open("rejects.csv");
                return $"{Math.Min(4, RejectsFile.Read(stream).Count(row => row.Raw is not null))}";
            }
        );

    /// <summary>With the header that it names, every row is judged again; these are never listens.</summary>
    [Fact]
    public void RetryingReadsOrRefusesEverySourceJson()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("drop.csv", TestListens.Csv(["1,\"t\"x,2024-06-25 12:00:00,0,1"]));
        var source = Assert.Single(lake.Run(new() { MaxRejectedShare = 1 }).Scanned).Source;
        var quarantine = new QuarantineStore(lake.Lake, new(), TimeProvider.System);
        var path = LakePaths.QuarantinedSource(source);
        Fuzz(
            "source_json",
            60,
            path,
            File.ReadAllBytes(Full(path)),
            JsonTokens,
            () => string.Join(' ', quarantine.Retry(source).ReasonsLeft.Keys)
        );
        Assert.Single(lake.State.Sources);
    }

    /// <summary>Nobody takes a commit that is not as it was written for one that is.</summary>
    [Theory]
    [InlineData("ledger")]
    [InlineData("checkpoint")]
    public void EveryLedgerEntryIsReadAsItWasWrittenOrRefused(string kind)
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        for (var run = 0; run < (kind == "checkpoint" ? 20 : 1); run++)
        {
            lake.LandStreams($"{run}.csv", TestListens.Csv([$"{run},track001,2024-06-25 12:00:00,0,1"]));
            lake.Run();
        }

        var expected = Facts(lake.State);
        var path =
            kind == "checkpoint"
                ? LakePaths.Checkpoint
                : lake.Lake.List(LakePaths.Ledger).Last(file => char.IsAsciiDigit(Path.GetFileName(file.Path)[0])).Path;
        var written = File.ReadAllBytes(Full(path));
        Fuzz(
            kind,
            200,
            path,
            written,
            JsonTokens,
            () =>
            {
                var found = Facts(lake.State);
                return found == expected
                    ? "as written"
                    : throw new InvalidOperationException($"Damage passed for truth: {found}");
            },
            make: _ => written // Nothing else was written, so that nothing else may be read.
        );
    }

    static string Facts(LakeState state) =>
        $"{state.Version}: {string.Join(' ', state.Sources.Values.Select(source => $"{source.Entry.Key} {source.Entry.Hash} {source.MovedTo} {source.Entry.Slices.Count}"))}, {string.Join(' ', state.Dates.Values.Select(date => $"{date.Entry.Fingerprint}"))}";

    string Full(string path) => Path.Combine(lake.Folder, path);

    void Fuzz(
        string kind,
        int rounds,
        string path,
        byte[] written,
        IReadOnlyList<byte[]> tokens,
        Func<string> read,
        Func<Random, byte[]>? make = null
    ) =>
        Fuzzer.Run(
            kind,
            rounds,
            make ?? (_ => written),
            tokens,
            (bytes, _) =>
            {
                File.WriteAllBytes(Full(path), bytes);
                try
                {
                    return read();
                }
                catch (Exception error) when (error is LakeException or IOException or UnauthorizedAccessException)
                {
                    return $"{error.GetType().Name} {new string([.. error.Message.Where(char.IsAsciiLetterLower).Take(60)])}";
                }
            }
        );
}
