using System.Globalization;
using Downbeat.Cli.Commands;
using Downbeat.Cli.Generate;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Downbeat.Cli.Demo;

/// <summary>
/// Makes a lake as one in the field looks: three days of listens in files that overlap, with broken rows, a broken file,
/// and a file of the first day that is late. What it then shows is read from the lake.
/// </summary>
sealed class DemoLake(string directory, long listens)
{
    const string LateName = "streams-0001.csv"; // The first half of the first day.
    const string PatternName = "streams-0002.csv";
    const string BrokenName = "streams-from-new-app.csv";
    const int BrokenRows = 1000;
    const int TopGenres = 8;
    const int BarWidth = 28;
    const int NameLetters = 32;
    const int GenreLetters = 18;
    const int LabelWidth = 13;
    const int Width = 100;

    readonly FolderLake lake = new(directory);

    SyntheticOptions Options =>
        new()
        {
            Listens = listens,
            Users = Math.Clamp(listens / 20, 200, 50_000_000),
            Tracks = (int)Math.Clamp(listens / 50, 200, 500_000),
            Days = 3,
            Files = 9,
            DirtShare = 0.01,
            DuplicateShare = 0.02,
            Flags = true,
        };

    /// <summary>Makes it, and shows it.</summary>
    /// <returns>The exit code.</returns>
    public int Show(CancellationToken cancellation)
    {
        var name = SafeText.Of(directory);
        DemoFolder.Prepare(directory);
        Terminal.Line(
            $"Downbeat {Reconciliation.Version}: a lake in {name} with three days of synthetic listens, made just now."
        );
        Terminal.Flush();
        Land(cancellation);
        var landed = FilesIn(LakePaths.Streams);
        LakeFile.Create(lake, "UTC", TimeProvider.System.GetUtcNow());
        if (Run(cancellation) is not { } first)
        {
            return ExitCode.Failed;
        }

        Title("What landed");
        WriteLanded(first, landed);
        Title("What the run made of it");
        WriteRun(first);
        var day = first.Dates[^1].Date;
        WriteGenres(day);
        WriteHours(day);

        var lateDate = Options.From;
        var before = Read("daily", lateDate);
        LandLate();
        if (Run(cancellation) is not { } second)
        {
            return ExitCode.Failed;
        }

        Title(
            $"A file that comes late: {LateName}, {Figures.Count(second.Scanned.Sum(file => file.Rows), "row")}, and a second run"
        );
        WriteLate(first, second, lateDate, before);
        Title("Where things are");
        WritePlaces(first, day);
        Title("What to try next");
        WriteNext(day, lateDate);
        return ExitCode.Done;
    }

    static void Title(string text)
    {
        Terminal.Line();
        Terminal.Out.Write(new Text(text, new(decoration: Decoration.Bold)));
        Terminal.Line();
    }

    /// <summary>A line with a label; a long one goes on below, at word ends.</summary>
    static void Fact(string label, string value, string figure = "")
    {
        var left = $"  {label.PadRight(LabelWidth)}{figure}";
        var indent = new string(' ', left.Length);
        var line = "";
        foreach (var word in SafeText.Of(value).Split(' '))
        {
            if (line.Length > 0 && indent.Length + line.Length + 1 + word.Length > Width)
            {
                Terminal.Line(left + line);
                (left, line) = (indent, "");
            }

            line += line.Length > 0 ? " " + word : word;
        }

        Terminal.Line(left + line);
    }

    static string Rounded(string quotient, string format) =>
        double.Parse(quotient, CultureInfo.InvariantCulture).ToString(format, CultureInfo.InvariantCulture);

    static string Counted(string number) => Figures.Count(long.Parse(number, CultureInfo.InvariantCulture));

    string In(string path) => Path.Combine(directory, path);

    /// <summary>Writes what producers would deliver, keeps the late file back, and adds one that cannot be read.</summary>
    void Land(CancellationToken cancellation)
    {
        GenerateCommand.Write(directory, Options, cancellation);
        var streams = In(LakePaths.Streams);
        File.Move(Path.Combine(streams, LateName), In(DemoFolder.LateFile));

        var lines = File.ReadLines(Path.Combine(streams, PatternName)).Take(BrokenRows);
        File.WriteAllLines(
            Path.Combine(streams, BrokenName),
            lines.Select(
                (line, number) =>
                    number == 0 ? line.Replace("listen_time", "played_at", StringComparison.Ordinal) : line
            )
        );
    }

    void LandLate()
    {
        File.SetLastWriteTimeUtc(In(DemoFolder.LateFile), DateTime.UtcNow);
        File.Move(In(DemoFolder.LateFile), Path.Combine(In(LakePaths.Streams), LateName));
    }

    /// <summary>Runs; null when that failed, which was told.</summary>
    RunRecord? Run(CancellationToken cancellation)
    {
        using var warehouse = Destinations.Warehouse(lake);
        var record = ProgressDisplay.Show(progress =>
            new Reconciliation(
                lake,
                new(),
                TimeProvider.System,
                new ConsoleLogger(LogLevel.Error),
                progress,
                [warehouse]
            ).Run(null, cancellation)
        );
        if (record.Outcome == RunOutcome.Stopped)
        {
            ConsoleLogger.Write(LogLevel.Error, "stopped; another `demo` makes the lake afresh");
        }

        return record.Outcome == RunOutcome.Done ? record : null;
    }

    List<LakeObject> FilesIn(string folder) => [.. lake.List(folder)];

    PublishedTable Read(string table, DateOnly date) =>
        PublishedTable.Read(lake, KpiTables.Schemas.First(schema => schema.Name == table), date);

    static void WriteLanded(RunRecord run, List<LakeObject> landed)
    {
        var rows = run.Scanned.Sum(file => file.Rows);
        Fact(
            "listens",
            $"{Figures.Count(landed.Count, "file")}, {Figures.Bytes(landed.Sum(file => (double)file.Size))}: {Figures.Count(rows, "row")} "
                + $"of {Figures.Date(run.Dates[0].Date)} to {Figures.Date(run.Dates[^1].Date)}, and one file that cannot be read"
        );
        Fact(
            "songs",
            $"{Figures.Count(run.Songs!.Count, "track")} in {Figures.Count(run.Songs.Rows, "row")}, {Figures.Count(run.Songs.Rejected)} rejected"
        );
        Fact("users", Figures.Count(run.Users!.Count));
    }

    static void WriteRun(RunRecord run)
    {
        var scanned = run.Scanned.Where(file => file.Fault is null).ToList();
        var rows = scanned.Sum(file => file.Rows);
        var accepted = scanned.Sum(file => file.Accepted);
        var rejected = scanned.Sum(file => file.Rejected);
        var distinct = run.Dates.Sum(date => date.Listens);
        var reasons = scanned
            .SelectMany(file => file.Reasons)
            .GroupBy(reason => reason.Key, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.Sum(reason => reason.Value), StringComparer.Ordinal);
        var seconds = (run.Ended!.Value - run.Started).TotalSeconds;
        var width = Figures.Count(rows).Length;
        void Count(string label, long number, string about) =>
            Fact(label, about, $"{Figures.Count(number).PadLeft(width)}  ");

        Count(
            "rows",
            rows,
            $"in {Figures.Seconds(seconds)} from raw files to {KpiTables.Published.Count} tables a date ({Figures.Rate(rows, seconds, "rows")})"
        );
        Count("accepted", accepted, "distinct listens of their file");
        Count("duplicates", scanned.Sum(file => file.Duplicates), "repeat a listen of the same file");
        Count("rejected", rejected, $"{Figures.Share(rejected, rows)}: {Figures.Reasons(reasons)}");
        Count(
            "listens",
            distinct,
            $"distinct; {Figures.Count(accepted - distinct)} came in more than one file, and count once"
        );
        foreach (var file in run.Scanned.Where(file => file.Fault is not null))
        {
            Fact("quarantined", $"{Path.GetFileName(file.Path)}: {file.FaultDetail}");
        }
    }

    void WriteGenres(DateOnly day)
    {
        var genres = Read("genre_daily", day);
        Title($"{Figures.Date(day)}: {TopGenres} of {genres.Rows.Count} genres, by listens");
        var table = new TextTable(
            new("genre"),
            new("listens", IsNumber: true),
            new("listeners", IsNumber: true),
            new("avg listen", IsNumber: true),
            new("popularity", IsNumber: true),
            new("most popular track")
        );
        foreach (
            var row in genres
                .Rows.OrderByDescending(row =>
                    long.Parse(genres.Value(row, "listen_count"), CultureInfo.InvariantCulture)
                )
                .Take(TopGenres)
        )
        {
            table.Add(
                SafeText.Of(genres.Value(row, "track_genre"), GenreLetters),
                Counted(genres.Value(row, "listen_count")),
                Counted(genres.Value(row, "unique_listeners")),
                Rounded(genres.Value(row, "avg_listen_duration_sec"), "0.0 s"),
                Rounded(genres.Value(row, "popularity_index"), "#,##0.0"),
                SafeText.Of(genres.Value(row, "most_popular_track"), NameLetters)
            );
        }

        table.Show(2);
    }

    void WriteHours(DateOnly day)
    {
        var hours = Read("hourly", day);
        var most = hours.Rows.Max(row => long.Parse(hours.Value(row, "listen_count"), CultureInfo.InvariantCulture));
        Title($"{Figures.Date(day)}: hours, and artists by listens");
        var bars = new TextTable(
            new("hour", IsNumber: true),
            new("listens", IsNumber: true),
            new("") { Style = new(foreground: Color.Teal) }
        );
        foreach (var row in hours.Rows)
        {
            var count = long.Parse(hours.Value(row, "listen_count"), CultureInfo.InvariantCulture);
            bars.Add(
                hours.Value(row, "hour"),
                Figures.Count(count),
                new string('▇', (int)Math.Max(1, BarWidth * count / most))
            );
        }

        var ranked = Read("top_artists_daily", day);
        var artists = new TextTable(new("", IsNumber: true), new("artist"), new("listens", IsNumber: true));
        foreach (var row in ranked.Rows)
        {
            artists.Add(
                ranked.Value(row, "rank"),
                SafeText.Of(ranked.Value(row, "artist"), NameLetters),
                Counted(ranked.Value(row, "listen_count"))
            );
        }

        var beside = new Grid()
            .AddColumn(new() { NoWrap = true, Padding = new(0, 0, 4, 0) })
            .AddColumn(new() { NoWrap = true, Padding = new(0, 0, 0, 0) });
        beside.AddRow(bars.ToRenderable(), artists.ToRenderable());
        TextTable.Show(beside, 2);
    }

    void WriteLate(RunRecord first, RunRecord second, DateOnly date, PublishedTable before)
    {
        var restated = second
            .Dates.Where(computed => computed.Restated.Count > 0)
            .Select(computed => computed.Date)
            .ToList();
        Fact("restated", string.Join(", ", restated.Select(Figures.Date)));
        Fact(
            "untouched",
            string.Join(", ", first.Dates.Select(computed => computed.Date).Except(restated).Select(Figures.Date))
        );
        Terminal.Line();
        var after = Read("daily", date);
        var table = new TextTable(new(Figures.Date(date)), new("before", IsNumber: true), new("after", IsNumber: true));
        foreach (
            var (label, column) in new[]
            {
                ("listens", "listen_count"),
                ("listeners", "unique_listeners"),
                ("tracks", "unique_tracks"),
                ("sessions", "sessions"),
            }
        )
        {
            table.Add(
                label,
                Counted(before.Value(before.Rows[0], column)),
                Counted(after.Value(after.Rows[0], column))
            );
        }

        string Hours(PublishedTable daily) =>
            (
                long.Parse(daily.Value(daily.Rows[0], "total_listening_time_ms"), CultureInfo.InvariantCulture)
                / 3_600_000.0
            ).ToString("#,##0.0", CultureInfo.InvariantCulture);
        table.Add("hours played", Hours(before), Hours(after));
        table.Show(2);
    }

    static void WriteBeside(params (string What, string Why)[] lines)
    {
        var width = lines.Max(line => line.What.Length);
        foreach (var (what, why) in lines)
        {
            Terminal.Line($"  {SafeText.Of(what).PadRight(width)}  {why}");
        }
    }

    void WritePlaces(RunRecord run, DateOnly day)
    {
        WriteBeside(
            (Path.Join(directory, LakePaths.Kpi("genre_daily", day)), "a table of a date"),
            (Path.Join(directory, LakePaths.Warehouse), "all tables, for SQL (SQLite)"),
            (Path.Join(directory, $"{LakePaths.Archive}/"), "raw files that were taken in"),
            (Path.Join(directory, $"{LakePaths.Quarantine}/"), "rejected rows, and the broken file"),
            (Path.Join(directory, LakePaths.Run(run.Id)), "what the first run did")
        );
    }

    void WriteNext(DateOnly day, DateOnly late)
    {
        var (name, at) = (CommandLine.Name, SafeText.Quoted(directory));
        WriteBeside(
            ($"{name} run --lake {at}", "nothing to do"),
            ($"{name} show hourly --date {Figures.Date(day)} --lake {at}", "another table"),
            ($"{name} query \"SELECT * FROM daily\" --lake {at}", "the same in SQL"),
            ($"{name} explain {Figures.Date(late)} --lake {at}", "what made a date"),
            ($"{name} quarantine list --lake {at}", "what was set aside"),
            ($"{name} status --lake {at}", "how the lake is")
        );
        Terminal.Line(
            $"  Drop a .csv with user_id,track_id,listen_time into {SafeText.Of(Path.Join(directory, LakePaths.Streams))}/, and run again."
        );
        Terminal.Line($"  To look at it all in a browser: {name} serve --lake {at}");
    }
}
