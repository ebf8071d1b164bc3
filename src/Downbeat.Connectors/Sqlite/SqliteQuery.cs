using Downbeat.Pipeline.Publish;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Sqlite;

/// <summary>A question asked of a SQLite file, which it cannot change.</summary>
public sealed class SqliteQuery : IDisposable
{
    readonly SqliteConnection database;
    readonly SqliteCommand command;
    readonly SqliteDataReader reader;

    SqliteQuery(SqliteConnection database, SqliteCommand command, SqliteDataReader reader)
    {
        this.database = database;
        this.command = command;
        this.reader = reader;
        Columns = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
    }

    /// <summary>The names of the columns; none for a statement that has no answer.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Asks.</summary>
    /// <param name="file">The database's file.</param>
    /// <param name="sql">One statement, or several of which the first answer is taken.</param>
    /// <exception cref="DestinationException">The file cannot be read, or the question is not understood.</exception>
    public static SqliteQuery Ask(string file, string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (sql.Contains('\0', StringComparison.Ordinal))
        {
            throw new DestinationException("the query was not understood: it holds a NUL."); // The client would look for its end forever.
        }

        SqliteConnection? opened = null;
        SqliteCommand? asked = null;
        try
        {
            opened = SqliteFile.Open(file, SqliteOpenMode.ReadOnly);
            asked = opened.CreateCommand();
            asked.CommandText = "PRAGMA query_only = ON"; // Says so more clearly than a read-only file does.
            asked.ExecuteNonQuery();
            SQLitePCL.raw.sqlite3_set_authorizer(opened.Handle, Allow, null);
            asked.CommandText = sql;
            return new(opened, asked, asked.ExecuteReader());
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException)
        {
            asked?.Dispose();
            opened?.Dispose();
            throw error is SqliteException known
                ? Explain(file, known)
                : new DestinationException("a query has no parameters: put values in their place.", cause: error);
        }
    }

    /// <summary>The rows, one after the other: null, a long, a double, a text or bytes for every column.</summary>
    /// <exception cref="DestinationException">The file is damaged, or a value cannot be computed.</exception>
    public IEnumerable<object?[]> Rows()
    {
        while (Read())
        {
            var row = new object?[Columns.Count];
            for (var place = 0; place < row.Length; place++)
            {
                row[place] = reader.IsDBNull(place) ? null : reader.GetValue(place);
            }

            yield return row;
        }

        if (HasMore())
        {
            throw new DestinationException("one question at a time: there is another statement behind the first.");
        }
    }

    /// <summary>VACUUM INTO attaches the file that it writes.</summary>
    static int Allow(object data, int action, string first, string second, string database, string trigger)
    {
        const int Attach = 24;
        const int Deny = 1;
        return action == Attach ? Deny : 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        reader.Dispose();
        command.Dispose();
        database.Dispose();
    }

    bool Read()
    {
        try
        {
            return reader.Read();
        }
        catch (SqliteException error)
        {
            throw Explain(database.DataSource, error);
        }
    }

    bool HasMore()
    {
        try
        {
            return reader.NextResult();
        }
        catch (SqliteException error)
        {
            throw Explain(database.DataSource, error);
        }
    }

    static DestinationException Explain(string file, SqliteException error)
    {
        const int SqlError = 1;
        const int ReadOnly = 8;
        const int Denied = 23;

        // It says: SQLite Error 1: 'no such table: x'.
        var start = error.Message.IndexOf('\'', StringComparison.Ordinal);
        var inner = start < 0 ? error.Message : error.Message[(start + 1)..].TrimEnd('.').TrimEnd('\'');
        var what = error.SqliteErrorCode switch
        {
            SqlError => $"the query was not understood: {inner}.",
            ReadOnly =>
                "a query cannot change the warehouse: it is made from the published tables. Copy the file to work on it.",
            Denied => "a query reads the warehouse, and no other file.",
            _ => $"{file}: {SqliteFile.Explain(error)}",
        };
        return new(what, cause: error);
    }
}
