using System.Data.Common;
using System.Globalization;
using System.Text;
using Downbeat.Connectors.Sql;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Sqlite;

/// <summary>
/// The embedded warehouse: a file that any SQLite client reads. A date's rows are deleted and inserted.
/// </summary>
/// <param name="file">The database's file; it is made when missing.</param>
public sealed class SqliteDestination(string file)
    : SqlDestination("sqlite.sql", new FittedTexts(takesNul: true), retries: null)
{
    /// <inheritdoc/>
    public override string Name => "sqlite";

    /// <inheritdoc/>
    public override string Place => file;

    /// <summary>Nobody else writes between looking and writing.</summary>
    private protected override string Begin => "BEGIN IMMEDIATE";

    private protected override bool IsThere => File.Exists(file);

    /// <inheritdoc/>
    public override IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default)
    {
        var isNew = !IsThere;
        var findings = base.Check(lakeId, cancellationToken);
        if (isNew)
        {
            Close();
            File.Delete(file);
        }

        return findings;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<PlannedDate>? FindDifferent(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        Func<DateOnly, DateTables?> read,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(dates);
        return IsThere && WhyDamaged() is { } why
            ? [.. dates.Select(date => new PlannedDate(date, $"{Path.GetFileName(file)} {why}"))]
            : base.FindDifferent(lakeId, dates, read, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        if (IsThere && WhyDamaged() is not null)
        {
            SetAside();
            return;
        }

        base.Forget(lakeId, dates, cancellationToken);
    }

    /// <summary>Whether the file is one that SQLite can read in every place; null when it is.</summary>
    string? WhyDamaged()
    {
        Close();
        try
        {
            using var connection = SqliteFile.Open(file, SqliteOpenMode.ReadOnly);
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA integrity_check(1)";
            return command.ExecuteScalar() is "ok" ? null : "is damaged";
        }
        catch (SqliteException error) when (SqliteFile.IsDamage(error))
        {
            return "is damaged";
        }
        catch (SqliteException error)
        {
            throw new DestinationException(
                $"could not read {Place}: {SqliteFile.Explain(error)}",
                SqliteFile.IsTransient(error),
                error
            );
        }
    }

    /// <summary>Keeps a damaged file beside the new one: someone may want to look into it.</summary>
    void SetAside()
    {
        Close();
        var aside = $"{file}.damaged";
        for (var number = 2; File.Exists(aside); number++)
        {
            aside = string.Create(CultureInfo.InvariantCulture, $"{file}.damaged-{number}");
        }

        foreach (var with in (string[])["-journal", "-wal", "-shm"]) // Of the damaged file; the new one has none.
        {
            if (File.Exists(file + with))
            {
                File.Move(file + with, aside + with, overwrite: true);
            }
        }

        File.Move(file, aside);
    }

    private protected override DbConnection Open(bool write) =>
        SqliteFile.Open(file, write ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadOnly);

    private protected override ILookup<string, string> FindColumns(SqlSession session) =>
        session
            .Read(
                "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns",
                row => (Table: row.GetString(0), Column: row.GetString(1))
            )
            .ToLookup(row => row.Table, row => row.Column, StringComparer.OrdinalIgnoreCase);

    private protected override string TypeOf(KpiType type) =>
        type switch
        {
            KpiType.Integer => "INTEGER NOT NULL DEFAULT 0",
            KpiType.Quotient => "REAL NOT NULL DEFAULT 0",
            _ => "TEXT NOT NULL DEFAULT ''",
        };

    private protected override void Lock(SqlSession session)
    {
        // The whole file was locked when the transaction began.
    }

    private protected override void Load(SqlSession session, IReadOnlyList<DateTables> dates, IDisposable? staged)
    {
        foreach (var schema in KpiTables.Published)
        {
            session.Execute($"DELETE FROM {Table(schema.Name)} WHERE date IN {In(dates)}");
            session.Step();
            var columns = schema.Columns;
            using var command = ((SqliteConnection)session.Connection).CreateCommand();
            command.CommandText =
                $"INSERT INTO {Table(schema.Name)} ({Columns(schema)}) VALUES ({string.Join(", ", columns.Select(column => $"@{column.Name}"))})";
            var parameters = columns.Select(column => command.Parameters.AddWithValue($"@{column.Name}", "")).ToArray();
            foreach (var date in dates)
            {
                session.CancellationToken.ThrowIfCancellationRequested();
                parameters[0].Value = ListenDate.Text(date.Date);
                foreach (var row in date.Table(schema.Name).Rows)
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
        }
    }

    private protected override string? Explain(Exception error) =>
        error is SqliteException fault ? SqliteFile.Explain(fault) : null;

    private protected override bool IsTransient(Exception error) =>
        error is SqliteException fault && SqliteFile.IsTransient(fault);
}
