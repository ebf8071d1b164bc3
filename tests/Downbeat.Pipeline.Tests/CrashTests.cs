using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests;

/// <summary>The process dies at every single write of a run, before and after it: the next run leaves what one run would have.</summary>
public sealed class CrashTests
{
    static readonly RunOptions Alone = new() { Workers = 1 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteLosesNothingAndDoublesNothing(bool afterwards)
    {
        var random = new TestListens();
        var rows = random.Rows(300);
        var expected = Outcome(rows, int.MaxValue, afterwards, random.Seed, out var writes);
        Assert.True(writes > 40, $"Only {writes} writes to die at.");
        for (var write = 1; write <= writes; write++)
        {
            var found = Outcome(rows, write, afterwards, random.Seed, out _);
            Assert.True(
                expected == found,
                $"Dying {(afterwards ? "after" : "before")} write {write} of {writes}; seed {random.Seed}.\nexpected:\n{expected}\nfound:\n{found}"
            );
        }
    }

    /// <summary>One run that dies, and one to the end; then everything that matters in the lake, as text.</summary>
    static string Outcome(List<string> rows, int diesAt, bool afterwards, int seed, out int writes)
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("first.csv", TestListens.Csv(rows.Take(100)));
        lake.Run(Alone);

        // A restatement, a new date, rejected rows, a bad file, a duplicate: everything a run may meet.
        lake.LandStreams("second.csv", TestListens.Csv(rows.Skip(80)));
        lake.LandStreams(
            "third.csv.gz",
            TestListens.Csv(
                rows.Take(50).Append("1,track001,2024-06-27 00:00:00,0,0").Append("x,track001,2024-06-27 00:00:00,0,0")
            )
        );
        lake.LandStreams("bad.csv", "user_id,track_id\n1,2\n");
        var faulty = new FaultyLake(lake.Lake, diesAt, afterwards);
        try
        {
            lake.Run(Alone, through: faulty);
        }
        catch (FaultyLake.DeadException)
        {
            lake.BuryProcess();
        }

        writes = faulty.Writes;
        var record = lake.Run(Alone);
        Assert.True(record.Errors.Count == 0, $"{string.Join("; ", record.Errors)}; seed {seed}, write {diesAt}.");
        Assert.True(lake.Plan(Alone).IsEmpty, $"Something is left to do; seed {seed}, write {diesAt}.");
        return Describe(lake);
    }

    static string Describe(TestLake lake)
    {
        var state = lake.State;
        var lines = lake.Kpis().Select(file => $"{file.Key}\n{file.Value}").ToList();
        foreach (var source in state.Sources.Values.OrderBy(source => source.Entry.Key, StringComparer.Ordinal))
        {
            var entry = source.Entry;
            lines.Add(
                $"{entry.Id} {entry.Key} {entry.Rows}={entry.Accepted}+{entry.Duplicates}+{entry.Rejected} {entry.Fault} {source.MovedTo} {source.OpenRejects}"
            );
        }

        lines.AddRange(
            state.Dates.Values.Select(date => $"{date.Entry.Date} {date.Entry.Fingerprint} {date.Entry.Listens}")
        );
        var kept = (string[])["landing", "archive", "quarantine", "slices", "catalogue"];
        lines.AddRange(kept.SelectMany(folder => lake.Lake.List(folder)).Select(file => $"{file.Path} {file.Size}"));
        return string.Join('\n', lines);
    }
}
