using System.Text;
using Downbeat.Connectors.Sqlite;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing.Fuzz;
using Microsoft.Data.Sqlite;

namespace Downbeat.Cli.Tests.Fuzz;

/// <summary>Whatever a query says, it is answered or refused, and changes nothing: neither the warehouse nor a file beside it.</summary>
public sealed class QueryFuzzTests : IDisposable
{
    static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "SELECT ",
            "* ",
            "FROM daily ",
            "FROM sqlite_master ",
            "WHERE ",
            "date ",
            "listen_count ",
            "UNION ALL ",
            "VALUES (1, 'x') ",
            "; ",
            "-- ",
            "/* ",
            "'",
            "\"",
            "(",
            ")",
            "?",
            "?9999",
            ":a",
            "@b",
            "$c",
            "x'FF' ",
            "CAST(x'ff00' AS TEXT) ",
            "NULL ",
            "1e999 ",
            "-9223372036854775808 ",
            "abs(-9223372036854775808) ",
            "INSERT INTO daily DEFAULT VALUES ",
            "DELETE FROM daily ",
            "DROP TABLE daily ",
            "PRAGMA query_only = OFF ",
            "PRAGMA writable_schema = ON ",
            "PRAGMA journal_mode = WAL ",
            "PRAGMA user_version = 9 ",
            "ATTACH 'other.db' AS other ",
            "VACUUM INTO 'copy.db' ",
            "VACUUM ",
            "BEGIN ",
            "COMMIT ",
            "CREATE TEMP TABLE t (a) ",
            "EXPLAIN ",
            "load_extension('x') ",
            "readfile('/etc/hostname') ",
            "writefile('f', 'x') ",
            "zeroblob(100) ",
            "WITH ",
            "\0",
            "é",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryQueryIsAnsweredOrRefusedAndChangesNothing()
    {
        var file = Path.Combine(folder.Path, "warehouse.db");
        using (var database = SqliteFile.Open(file, SqliteOpenMode.ReadWriteCreate))
        {
            using var command = database.CreateCommand();
            command.CommandText =
                "CREATE TABLE daily (date TEXT, listen_count INTEGER); INSERT INTO daily VALUES ('2024-06-25', 3), ('2024-06-26', NULL)";
            command.ExecuteNonQuery();
        }

        var before = File.ReadAllBytes(file);
        Fuzzer.Run(
            "sql",
            1500,
            random => Tokens[random.Next(3)],
            Tokens,
            (sql, _) =>
            {
                try
                {
                    using var answer = SqliteQuery.Ask(file, Encoding.UTF8.GetString(sql));
                    var rows = answer.Rows().Take(1000).Count();
                    return $"{answer.Columns.Count} columns, {Math.Min(rows, 4)} rows";
                }
                catch (DestinationException error)
                {
                    return new([.. error.Message.Where(char.IsAsciiLetterLower).Take(40)]);
                }
            }
        );
        Assert.Equal(before, File.ReadAllBytes(file));
        Assert.Equal([file], Directory.GetFileSystemEntries(folder.Path));
    }
}
