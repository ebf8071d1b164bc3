using Downbeat.Connectors.Sqlite;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Tests.Sqlite;

public sealed class SqliteDestinationTests : DestinationContract, IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-sqlite-").FullName;

    string File => Path.Combine(folder, "warehouse.db");

    protected override IDestination Create() => new SqliteDestination(File);

    protected override IDestination CreateThatDies(int afterSteps)
    {
        var steps = 0;
        return new SqliteDestination(File)
        {
            BeforeStatement = () =>
            {
                if (steps++ >= afterSteps)
                {
                    throw new DestinationException("It died.");
                }
            },
        };
    }

    protected override void AssertHolds(DateTables expected)
    {
        using var database = SqliteFile.Open(File, SqliteOpenMode.ReadOnly);
        foreach (var table in expected.Tables)
        {
            var schema = table.Schema;
            using var command = database.CreateCommand();
            command.CommandText =
                $"SELECT * FROM {schema.Name} WHERE date = '{ListenDate.Text(expected.Date)}' "
                + $"ORDER BY {string.Join(", ", schema.Columns.Take(schema.KeyColumns).Select(column => column.Name))}";
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

    [Fact]
    public void ATableInTheWayIsNotTouched()
    {
        using (var database = SqliteFile.Open(File, SqliteOpenMode.ReadWriteCreate))
        {
            using var command = database.CreateCommand();
            command.CommandText = "CREATE TABLE hourly (mine TEXT)";
            command.ExecuteNonQuery();
        }

        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("hourly", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public void AFileThatIsNoDatabaseIsNamed()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("no SQLite database", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AColumnThatAnEarlierVersionDidNotHaveIsAdded()
    {
        Publish(Tables(1));
        using (var database = SqliteFile.Open(File, SqliteOpenMode.ReadWrite))
        {
            using var command = database.CreateCommand();
            command.CommandText = "DROP VIEW music_kpi_metrics; ALTER TABLE genre_daily DROP COLUMN listen_share";
            command.ExecuteNonQuery();
        }

        using var destination = Create();
        destination.Prepare(new(Lake));
        using var mended = SqliteFile.Open(File, SqliteOpenMode.ReadOnly);
        using var query = mended.CreateCommand();
        query.CommandText = "SELECT sum(listen_share) FROM genre_daily";
        Assert.Equal(0.0, query.ExecuteScalar());
    }

    [Fact]
    public void TheViewHasARowForEveryGenreAndHour()
    {
        var tables = Tables(1, genres: 3);
        Publish(tables);
        using var database = SqliteFile.Open(File, SqliteOpenMode.ReadOnly);
        using var command = database.CreateCommand();
        command.CommandText =
            "SELECT count(track_genre), count(stream_hour), count(*), group_concat(DISTINCT kpi_type) FROM music_kpi_metrics";
        using var reader = command.ExecuteReader();
        reader.Read();
        Assert.Equal(
            (3L, 24L, 27L, "genre,hourly"),
            (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetString(3))
        );
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
