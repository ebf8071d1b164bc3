using System.Data;
using System.Globalization;
using System.Text;
using Downbeat.Connectors.Sql;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Sqlite;

/// <summary>
/// The embedded warehouse: a file that any SQLite client reads. A batch of dates is one transaction, in which a date's rows are
/// deleted and inserted.
/// </summary>
/// <param name="file">The database's file; it is made when missing.</param>
public sealed class SqliteDestination(string file) : IDestination
{
    const string Begin = "BEGIN IMMEDIATE"; // Nobody else writes between looking and writing.

    static readonly IReadOnlyList<string> OwnTables = [.. KpiTables.Schemas.Select(schema => schema.Name)];

    SqliteConnection? open;
    bool writable;

    /// <summary>For tests, which let it die there.</summary>
    internal Action? BeforeStatement { get; init; }

    /// <inheritdoc/>
    public string Name => "sqlite";

    /// <inheritdoc/>
    public string Place => file;

    /// <inheritdoc/>
    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(file))
        {
            Dispose(); // Deleted under our feet, perhaps: what is open is not it.
            return new Dictionary<DateOnly, HeldDate>();
        }

        return Guard(
            "read",
            () =>
            {
                var database = Open(writable);
                if (!Has(database, "downbeat_lake"))
                {
                    return new();
                }

                CheckOwner(database, lakeId);
                return ReadHeld(database);
            }
        );
    }

    /// <inheritdoc/>
    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Guard(
            "prepare",
            () =>
            {
                var database = Open(write: true);
                Transact(
                    database,
                    () =>
                    {
                        Make(database);
                        TakeOwnership(database, request);
                    }
                );
                return true;
            }
        );
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dates);
        return Guard(
            "publish",
            () =>
            {
                var database = Open(write: true);
                Transact(
                    database,
                    () =>
                    {
                        var held = ReadHeld(database);
                        foreach (var date in dates.Where(date => IsNewer(date, held)))
                        {
                            cancellationToken.ThrowIfCancellationRequested();
                            Replace(database, date);
                        }
                    }
                );
                return Array.Empty<string>();
            }
        );
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default)
    {
        var findings = new List<Finding>();
        try
        {
            Find(lakeId, cancellationToken);
            findings.Add(new("read"));
            var isNew = !File.Exists(file);
            Guard(
                "write to",
                () =>
                {
                    var database = Open(write: true);
                    Execute(database, Begin);
                    Make(database);
                    Execute(database, "ROLLBACK");
                    return true;
                }
            );
            if (isNew)
            {
                Dispose();
                File.Delete(file);
            }

            findings.Add(new("write"));
        }
        catch (DestinationException error)
        {
            findings.Add(new(findings.Count == 0 ? "read" : "write", error.Message));
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        open?.Dispose();
        open = null;
    }

    static bool IsNewer(DateTables date, Dictionary<DateOnly, HeldDate> held) =>
        !held.TryGetValue(date.Date, out var there)
        || (there.Version <= date.Version && there.Fingerprint != date.Fingerprint);

    void Make(SqliteConnection database)
    {
        // What is not ours is not touched: a table of the same name, of whoever made it, would be filled otherwise.
        if (!Has(database, "downbeat_lake") && OwnTables.FirstOrDefault(table => Has(database, table)) is { } foreign)
        {
            throw new DestinationException(
                $"it has a table {foreign} that Downbeat did not make: rename that, or name another file with the setting sqlite."
            );
        }

        foreach (var statement in SqlScript.Statements("sqlite.sql"))
        {
            Execute(database, statement);
        }

        foreach (var schema in KpiTables.Schemas)
        {
            var columns = Columns(database, schema.Name);
            foreach (var column in schema.Columns.Where(column => !columns.Contains(column.Name)))
            {
                // What earlier versions of Downbeat did not have. Empty until the date is published again.
                Execute(
                    database,
                    $"ALTER TABLE \"{schema.Name}\" ADD COLUMN \"{column.Name}\" {column.Type switch { KpiType.Integer => "INTEGER NOT NULL DEFAULT 0", KpiType.Quotient => "REAL NOT NULL DEFAULT 0", _ => "TEXT NOT NULL DEFAULT ''" }}"
                );
            }
        }
    }

    void TakeOwnership(SqliteConnection database, DestinationRequest request)
    {
        if (FindOwner(database) is { } owner && owner != request.LakeId)
        {
            if (!request.TakeOver)
            {
                CheckOwner(database, request.LakeId);
            }

            // The other lake's versions say nothing about ours; a date of it that we do not have is removed as any other.
            Execute(database, "UPDATE downbeat_published SET ledger_version = 0, fingerprint = 'of another lake'");
        }

        Execute(
            database,
            "INSERT INTO downbeat_lake (only_row, lake_id) VALUES (1, $lake) ON CONFLICT (only_row) DO UPDATE SET lake_id = excluded.lake_id",
            ("$lake", request.LakeId)
        );
    }

    void CheckOwner(SqliteConnection database, string lakeId)
    {
        if (FindOwner(database) is { } owner && owner != lakeId)
        {
            throw new DestinationException(
                $"it belongs to the lake with the id {owner}, and this one's is {lakeId}; `downbeat run --take-over` makes it this lake's."
            );
        }
    }

    string? FindOwner(SqliteConnection database)
    {
        using var command = Command(database, "SELECT lake_id FROM downbeat_lake");
        return (string?)command.ExecuteScalar();
    }

    Dictionary<DateOnly, HeldDate> ReadHeld(SqliteConnection database)
    {
        var held = new Dictionary<DateOnly, HeldDate>();
        using var command = Command(database, "SELECT date, ledger_version, fingerprint FROM downbeat_published");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            held.Add(
                DateOnly.ParseExact(reader.GetString(0), "yyyy-MM-dd", CultureInfo.InvariantCulture),
                new(reader.GetInt64(1), reader.GetString(2))
            );
        }

        return held;
    }

    void Replace(SqliteConnection database, DateTables date)
    {
        var dateText = ListenDate.Text(date.Date);
        foreach (var table in date.Tables)
        {
            Execute(database, $"DELETE FROM \"{table.Schema.Name}\" WHERE date = $date", ("$date", dateText));
            Insert(database, table, dateText);
        }

        Execute(
            database,
            """
            INSERT INTO downbeat_published (date, ledger_version, fingerprint) VALUES ($date, $version, $fingerprint)
            ON CONFLICT (date) DO UPDATE SET
                ledger_version = excluded.ledger_version, fingerprint = excluded.fingerprint, published_at = CURRENT_TIMESTAMP
            """,
            ("$date", dateText),
            ("$version", date.Version),
            ("$fingerprint", date.Fingerprint)
        );
    }

    void Insert(SqliteConnection database, KpiTable table, string dateText)
    {
        var columns = table.Schema.Columns;
        using var command = Command(
            database,
            $"INSERT INTO \"{table.Schema.Name}\" ({string.Join(", ", columns.Select(column => $"\"{column.Name}\""))}) "
                + $"VALUES ({string.Join(", ", columns.Select(column => $"${column.Name}"))})"
        );
        var parameters = columns
            .Select(column => command.Parameters.AddWithValue($"${column.Name}", dateText))
            .ToArray();
        foreach (var row in table.Rows)
        {
            for (var place = 1; place < parameters.Length; place++)
            {
                var cell = row[place - 1];
                parameters[place].Value = columns[place].Type switch
                {
                    KpiType.Integer => cell.Integer,
                    KpiType.Quotient => cell.Quotient,
                    _ => Encoding.UTF8.GetString(cell.Text.Span),
                };
            }

            command.ExecuteNonQuery();
        }
    }

    HashSet<string> Columns(SqliteConnection database, string table)
    {
        using var command = Command(database, "SELECT name FROM pragma_table_info($table)", ("$table", table));
        using var reader = command.ExecuteReader();
        var columns = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    bool Has(SqliteConnection database, string table)
    {
        using var command = Command(database, "SELECT 1 FROM sqlite_master WHERE name = $name", ("$name", table));
        return command.ExecuteScalar() is not null;
    }

    void Transact(SqliteConnection database, Action work)
    {
        Execute(database, Begin);
        try
        {
            work();
            Execute(database, "COMMIT");
        }
        catch
        {
            try
            {
                Execute(database, "ROLLBACK");
            }
            catch (SqliteException)
            {
                // Rolled back by SQLite itself already, as when the disk is full.
            }

            throw;
        }
    }

    void Execute(SqliteConnection database, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = Command(database, sql, parameters);
        command.ExecuteNonQuery();
    }

    SqliteCommand Command(SqliteConnection database, string sql, params (string Name, object Value)[] parameters)
    {
        BeforeStatement?.Invoke();
        var command = database.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    SqliteConnection Open(bool write)
    {
        if (open?.State == ConnectionState.Open && (writable || !write))
        {
            return open;
        }

        Dispose();
        open = SqliteFile.Open(file, write ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadOnly);
        writable = write;
        return open;
    }

    T Guard<T>(string verb, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException error)
        {
            Dispose();
            throw new DestinationException(SqliteFile.Explain(file, verb, error), SqliteFile.IsTransient(error), error);
        }
        catch (DestinationException error)
        {
            Dispose();
            throw new DestinationException($"{file}: {error.Message}", error.IsTransient, error);
        }
    }
}
