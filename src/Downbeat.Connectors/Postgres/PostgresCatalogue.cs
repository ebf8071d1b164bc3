using Downbeat.Engine.Catalogue;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Downbeat.Connectors.Postgres;

/// <summary>
/// Songs and users in PostgreSQL. The server itself writes the CSV (<c>COPY … TO STDOUT</c>), within one read-only transaction
/// that sees one moment, so that the rules for landed files decide what is rejected, and nothing is held in memory.
/// </summary>
public sealed class PostgresCatalogue : ICatalogueSource
{
    static readonly string[] UnreadOfSongs =
    [
        "album_name",
        "explicit",
        "danceability",
        "energy",
        "key",
        "loudness",
        "mode",
        "speechiness",
        "acousticness",
        "instrumentalness",
        "liveness",
        "valence",
        "tempo",
        "time_signature",
    ];

    static readonly string[] UnreadOfUsers = ["user_name", "user_age", "created_at"];

    readonly PostgresCatalogueOptions options;

    /// <summary>Connects to nothing before it is used.</summary>
    public PostgresCatalogue(PostgresCatalogueOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        Retries = new("postgres catalogue", IsTransient, logger);
    }

    /// <inheritdoc/>
    public string Place => $"PostgreSQL {options.Connection.Address}";

    /// <summary>What is tried again, and when.</summary>
    internal Retries Retries { get; init; }

    /// <summary>Called between reading the songs and reading the users, for tests that change something then.</summary>
    internal Action? BetweenTables { get; init; }

    /// <inheritdoc/>
    public (FetchedTable Songs, FetchedTable Users) Fetch(
        FetchRequest songs,
        FetchRequest users,
        Action<long, long> onRows,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(songs);
        ArgumentNullException.ThrowIfNull(users);
        ArgumentNullException.ThrowIfNull(onRows);
        return Explain(() => Retries.Run(stop => FetchOnce(songs, users, onRows, stop), cancellationToken));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Check(CancellationToken cancellationToken = default)
    {
        var findings = new List<Finding>();
        NpgsqlConnection? connection = null;
        try
        {
            Try("connect", () => connection = Begin());
            Try("read songs", () => Songs(connection!, cancellationToken).TryRead());
            Try("read users", () => Users(connection!, cancellationToken).TryRead());
        }
        catch (CatalogueException error)
        {
            findings.Add(new(error.Data["what"] as string ?? "read", error.Message));
        }
        finally
        {
            connection?.Dispose();
        }

        return findings;

        void Try(string what, Action work)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                Explain(() =>
                {
                    work();
                    return true;
                });
                findings.Add(new(what));
            }
            catch (CatalogueException error)
            {
                error.Data["what"] = what;
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A connection lives no longer than a call.
    }

    (FetchedTable Songs, FetchedTable Users) FetchOnce(
        FetchRequest songs,
        FetchRequest users,
        Action<long, long> onRows,
        CancellationToken cancellationToken
    )
    {
        using var connection = Begin();
        var fromSongs = new Reading(connection, Songs(connection, cancellationToken), songs);
        var fromUsers = new Reading(connection, Users(connection, cancellationToken), users);
        if (fromSongs.Table.IsEmpty || fromUsers.Table.IsEmpty)
        {
            return (fromSongs.Table, fromUsers.Table);
        }

        var total = fromSongs.Rows + fromUsers.Rows;
        onRows(0, total);
        fromSongs.Copy(rows => onRows(rows, total), cancellationToken);
        BetweenTables?.Invoke();
        fromUsers.Copy(rows => onRows(fromSongs.Rows + rows, total), cancellationToken);
        onRows(total, total);
        return (fromSongs.Table, fromUsers.Table);
    }

    /// <summary>A connection in a transaction that sees one moment and cannot write.</summary>
    NpgsqlConnection Begin()
    {
        var connection = options.Connection.Open();
        try
        {
            foreach (
                var sql in (string[])
                    [
                        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
                        "SET LOCAL TimeZone = 'UTC'", // Watermarks and keys are texts that are compared later.
                        "SET LOCAL DateStyle = 'ISO'",
                        "SET LOCAL standard_conforming_strings = on", // A backslash in a watermark is one.
                    ]
            )
            {
                using var command = new NpgsqlCommand(sql, connection);
                command.ExecuteNonQuery();
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    PostgresCatalogueQuery Songs(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new(
            connection,
            "songs",
            options.Songs,
            SongsScan.RequiredColumns,
            UnreadOfSongs,
            options.OverlapMinutes,
            cancellationToken
        );

    PostgresCatalogueQuery Users(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new(
            connection,
            "users",
            options.Users,
            UsersScan.RequiredColumns,
            UnreadOfUsers,
            options.OverlapMinutes,
            cancellationToken
        );

    T Explain<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (CatalogueException error)
        {
            throw new CatalogueException($"{Place}: {error.Message}", error.IsTransient, error);
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new CatalogueException(
                $"{Place}: {options.Connection.Address.User} lacks a right: {error.MessageText}. docs/catalogue.md has the grants that are needed.",
                cause: error
            );
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            throw new CatalogueException(
                $"{Place}: {error.MessageText}. What songsColumns, songsQuery, usersColumns and usersQuery call must not write.",
                cause: error
            );
        }
        catch (PostgresException error) when (error.SqlState.StartsWith("42", StringComparison.Ordinal))
        {
            throw new CatalogueException(
                $"{Place}: {error.MessageText} (SQLSTATE {error.SqlState}). See songsColumns, songsQuery, usersColumns and usersQuery in docs/catalogue.md.",
                cause: error
            );
        }
        catch (Exception error)
            when (error is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
        {
            throw new CatalogueException(
                $"{Place}: {PostgresFaults.Explain(error, options.Connection)}",
                IsTransient(error),
                error
            );
        }
        catch (IOException error)
        {
            throw new CatalogueException(error.Message, cause: error); // A file: the authority, or the rows.
        }
    }

    /// <summary>That the transaction cannot write is no fault of the server here.</summary>
    static bool IsTransient(Exception error) =>
        PostgresFaults.IsTransient(error)
        && error is not PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>Reads one of the two.</summary>
    sealed class Reading
    {
        readonly NpgsqlConnection connection;
        readonly string copy;
        readonly string file;

        public Reading(NpgsqlConnection connection, PostgresCatalogueQuery query, FetchRequest request)
        {
            this.connection = connection;
            file = request.File;
            var since = request.Known?.Shape == query.Shape ? request.Known.Watermark : null;
            copy = query.Copy(since);
            (var isEmpty, Rows, var watermark) = query.Look(since);
            Table = new()
            {
                Shape = query.Shape,
                IsEmpty = isEmpty,
                IsChangesOnly = since is not null,
                Watermark = watermark,
                KeyIsNumber = query.KeyIsNumber,
            };
        }

        public FetchedTable Table { get; }

        public long Rows { get; }

        /// <summary>Copies the rows; a file that an attempt before has begun is begun anew.</summary>
        public void Copy(Action<long> onRows, CancellationToken cancellationToken)
        {
            // Not by blocking calls: while the server sorts nothing comes, and only these can be stopped then.
            using var csv = connection.BeginTextExportAsync(copy, cancellationToken).GetAwaiter().GetResult();
            File.Delete(file);
            using var output = new ScratchStream(file);
            var bytes = ((StreamReader)(TextReader)csv).BaseStream;
            var buffer = new byte[256 * 1024];
            var lines = -1L; // The header is no row.
            while (true)
            {
                var read = bytes
                    .ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                    .AsTask()
                    .GetAwaiter()
                    .GetResult();
                if (read == 0)
                {
                    return;
                }

                output.Write(buffer, 0, read);
                lines += buffer.AsSpan(0, read).Count((byte)'\n');
                onRows(Math.Clamp(lines, 0, Rows)); // A row may have line ends within.
            }
        }
    }
}
