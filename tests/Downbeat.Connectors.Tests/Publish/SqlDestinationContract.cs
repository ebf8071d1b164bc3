using System.Data.Common;
using Downbeat.Connectors.Sqlite;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Tests.Publish;

/// <summary>What every destination that speaks SQL promises besides.</summary>
public abstract class SqlDestinationContract : DestinationContract
{
    /// <summary>What stands before the name of a table.</summary>
    protected abstract string Prefix { get; }

    /// <summary>Opens a connection by the system's own client, with all rights, in the place where the destination is.</summary>
    protected abstract DbConnection OpenClient();

    protected override void AssertHolds(DateTables expected)
    {
        using var client = OpenClient();
        foreach (var table in expected.Tables)
        {
            var schema = table.Schema;
            using var command = client.CreateCommand();
            command.CommandText =
                $"SELECT * FROM {Prefix}{schema.Name} WHERE date = '{ListenDate.Text(expected.Date)}' "
                + $"ORDER BY {string.Join(", ", schema.Columns.Take(schema.KeyColumns).Select(column => $"\"{column.Name}\""))}";
            using var reader = command.ExecuteReader();
            Assert.Equal(
                schema.Columns.Select(column => column.Name),
                Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)
            );
            var rows = new List<string>();
            while (reader.Read())
            {
                rows.Add(
                    string.Join(
                        '|',
                        Enumerable.Range(1, reader.FieldCount - 1).Select(place => TableText.Of(reader.GetValue(place)))
                    )
                );
            }

            Assert.Equal(TableText.Of(table), rows);
        }
    }

    protected void Execute(string sql)
    {
        using var client = OpenClient();
        using var command = client.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    protected object? Ask(string sql)
    {
        using var client = OpenClient();
        using var command = client.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    [Theory]
    [InlineData("UPDATE {0}hourly SET listen_count = listen_count + 1 WHERE hour = (SELECT min(hour) FROM {0}hourly)")]
    [InlineData("DELETE FROM {0}genre_daily")]
    [InlineData("INSERT INTO {0}daily SELECT * FROM {0}daily", true)]
    [InlineData("DROP TABLE {0}top_genres", true)]
    [InlineData("UPDATE {0}top_tracks SET track_name = 'x'")]
    [InlineData("UPDATE {0}daily SET date = '1999-01-01' WHERE date = (SELECT min(date) FROM {0}daily)")]
    public void WhatSomeoneElseChangedIsReadBackAndPublishedAgain(string sql, bool mayBeRefused = false)
    {
        DateTables[] dates = [Tables(1), Tables(1, day: 1)];
        Publish(dates);
        IReadOnlyList<Pipeline.Runs.PlannedDate> FindDifferent()
        {
            using var destination = Create();
            return destination.FindDifferent(
                Lake,
                [.. dates.Select(date => date.Date)],
                date => dates.First(one => one.Date == date)
            )!;
        }

        Assert.Empty(FindDifferent());
        try
        {
            Execute(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, Prefix));
        }
        catch (DbException) when (mayBeRefused)
        {
            return; // A key, or a view, keeps it from being changed so.
        }

        var different = FindDifferent();
        Assert.NotEmpty(different);
        using (var destination = Create())
        {
            destination.Forget(Lake, [.. different.Select(date => date.Date)]);
            Assert.Contains(destination.Find(Lake), held => held.Value.Fingerprint != dates[0].Fingerprint);
        }

        Publish(dates);
        Assert.All(dates, AssertHolds);
        Assert.Empty(FindDifferent());
    }

    [Fact]
    public void ATableInTheWayIsNotTouched()
    {
        Execute($"CREATE TABLE {Prefix}hourly (mine INTEGER)");
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("hourly", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
        Assert.Equal(0L, Ask($"SELECT count(mine) FROM {Prefix}hourly"));
        using var destination = Create();
        Assert.Contains(destination.Check(Lake), finding => finding is { What: "write", Problem: not null });
    }

    [Fact]
    public void AColumnThatAnEarlierVersionDidNotHaveIsAdded()
    {
        Publish(Tables(1));
        Execute($"DROP VIEW {Prefix}music_kpi_metrics");
        Execute($"ALTER TABLE {Prefix}genre_daily DROP COLUMN listen_share");
        Execute($"ALTER TABLE {Prefix}top_tracks DROP COLUMN track_name");
        using (var destination = Create())
        {
            destination.Prepare(new(Lake));
        }

        Assert.Equal(0.0, Ask($"SELECT sum(listen_share) FROM {Prefix}genre_daily"));
        Assert.Equal(29L, Ask($"SELECT count(*) FROM {Prefix}music_kpi_metrics"));
        var restated = Tables(2, day: 1);
        Publish(restated);
        Assert.NotEqual(0.0, Ask($"SELECT sum(listen_share) FROM {Prefix}genre_daily"));
    }

    [Fact]
    public void WhatOthersAddedToTheTablesStays()
    {
        Publish(Tables(1));
        Execute($"ALTER TABLE {Prefix}daily ADD COLUMN remark VARCHAR(40)");
        Publish(Tables(2));
        Assert.Equal(DBNull.Value, Ask($"SELECT remark FROM {Prefix}daily"));
    }

    [Fact]
    public void TheViewHasARowForEveryGenreAndHour()
    {
        var tables = Tables(1, genres: 3);
        Publish(tables);
        using var client = OpenClient();
        using var command = client.CreateCommand();
        command.CommandText = $"SELECT * FROM {Prefix}music_kpi_metrics ORDER BY kpi_type, stream_hour, listen_count";
        using var reader = command.ExecuteReader();
        Assert.Equal(
            [
                "track_genre",
                "listen_count",
                "avg_track_duration_sec",
                "popularity_index",
                "most_popular_track",
                "stream_hour",
                "unique_listeners",
                "top_artists",
                "track_diversity_index",
                "kpi_type",
                "date",
            ],
            Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)
        );
        var rows = new List<(bool HasGenre, bool HasHour, string Type)>();
        while (reader.Read())
        {
            rows.Add((!reader.IsDBNull(0), !reader.IsDBNull(5), reader.GetString(9)));
        }

        Assert.Equal(3, rows.Count(row => row == (true, false, "genre")));
        Assert.Equal(24, rows.Count(row => row == (false, true, "hourly")));
        Assert.Equal(27, rows.Count);
    }

    [Fact]
    public async Task WhoeverReadsMeanwhileSeesNoHalfDate()
    {
        var versions = Enumerable
            .Range(1, 8)
            .Select(version => Tables(version, genres: version % 2 == 0 ? 4 : 40))
            .ToList();
        Publish(versions[0]);
        var shapes = versions.Select(Shape).ToHashSet();
        using var done = new CancellationTokenSource();
        var seen = new HashSet<string>();
        var reading = Task.Run(() =>
        {
            using var client = OpenClient();
            using var command = client.CreateCommand();
            command.CommandText =
                "SELECT "
                + string.Join(
                    ", ",
                    KpiTables.Schemas.Select(schema =>
                        $"(SELECT count(*) FROM {Prefix}{schema.Name}), (SELECT sum({(schema.KeyColumns == 4 ? "rank" : schema.Columns[^1].Type == KpiType.Text ? "listen_count" : schema.Columns[^1].Name)} % 1000003) FROM {Prefix}{schema.Name})"
                    )
                );
            do // At least once, however late the machine begins with it.
            {
                using var reader = command.ExecuteReader();
                reader.Read();
                seen.Add(
                    string.Join(
                        ' ',
                        Enumerable.Range(0, reader.FieldCount).Select(place => TableText.Of(reader.GetValue(place)))
                    )
                );
            } while (!done.IsCancellationRequested);
        });
        foreach (var version in versions.Skip(1))
        {
            Publish(version);
        }

        await done.CancelAsync();
        await reading;
        Assert.NotEmpty(seen);
        Assert.Subset(shapes, seen);
    }

    [Theory]
    [InlineData("growth of genres")]
    [InlineData("busiest hours")]
    [InlineData("lasting leaders")]
    public void TheQueriesInTheDocumentationAnswerEverywhereAlike(string title)
    {
        var dates = Enumerable.Range(0, 9).Select(day => Tables(1, day, genres: 6)).ToArray();
        Publish(dates);
        var file = Path.GetTempFileName();
        try
        {
            using var sqlite = new SqliteDestination(file);
            sqlite.Prepare(new(Lake));
            sqlite.Publish(dates);
            using var reference = SqliteFile.Open(file, SqliteOpenMode.ReadOnly);
            var expected = Answer(reference, title);
            Assert.NotEmpty(expected);
            using var client = OpenClient();
            if (Prefix.Length > 0)
            {
                using var command = client.CreateCommand();
                command.CommandText = $"SET search_path TO {Prefix[..^1]}";
                command.ExecuteNonQuery();
            }

            Assert.Equal(expected, Answer(client, title));
        }
        finally
        {
            File.Delete(file);
        }
    }

    static List<string> Answer(DbConnection client, string title)
    {
        using var command = client.CreateCommand();
        command.CommandText = Documentation.Sql(title);
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(
                string.Join(
                    '|',
                    Enumerable.Range(0, reader.FieldCount).Select(place => TableText.Of(reader.GetValue(place)))
                )
            );
        }

        return rows;
    }

    static string Shape(DateTables tables) =>
        string.Join(
            ' ',
            tables
                .Tables.Where(table => table.Schema.Name != "quality_daily")
                .Select(table =>
                {
                    var schema = table.Schema;
                    var name =
                        schema.KeyColumns == 4 ? "rank"
                        : schema.Columns[^1].Type == KpiType.Text ? "listen_count"
                        : schema.Columns[^1].Name;
                    var place = schema.Columns.ToList().FindIndex(column => column.Name == name) - 1;
                    return $"{table.Rows.Count} {table.Rows.Sum(row => row[place].Integer % 1000003)}";
                })
        );
}
