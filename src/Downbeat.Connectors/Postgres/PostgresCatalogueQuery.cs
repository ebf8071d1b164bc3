using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Downbeat.Pipeline.Catalogue;
using Npgsql;

namespace Downbeat.Connectors.Postgres;

/// <summary>
/// What is asked for songs, or for users: found out from the settings and from what the database says of its columns and keys,
/// within the transaction that reads.
/// </summary>
sealed class PostgresCatalogueQuery
{
    /// <summary>Whole numbers sort as such, everything else by the bytes of its text. Of these two both are something else.</summary>
    static readonly string[] NumberTypes = ["smallint", "integer", "bigint"];
    static readonly string[] FractionTypes = ["numeric", "real", "double precision", "money"];

    readonly NpgsqlConnection connection;
    readonly PostgresCatalogueTable table;
    readonly IReadOnlyList<string> wanted;
    readonly string what;
    readonly string name;
    readonly string from;
    readonly List<Column> columns;
    readonly List<Column> primaryKey = [];
    readonly List<Column> key;
    readonly uint tableOid;
    readonly Column? updatedAt;
    readonly string select;
    readonly int overlapMinutes;

    /// <summary>Finds out.</summary>
    /// <param name="connection">In the transaction.</param>
    /// <param name="what">What its settings begin with: <c>songs</c>.</param>
    /// <param name="table">What the settings say.</param>
    /// <param name="wanted">The columns that are read.</param>
    /// <param name="unread">The columns that may be named besides, and are not read.</param>
    /// <param name="overlapMinutes">From how long before the watermark changes are read again.</param>
    /// <exception cref="CatalogueException">The settings do not fit what is there.</exception>
    public PostgresCatalogueQuery(
        NpgsqlConnection connection,
        string what,
        PostgresCatalogueTable table,
        IReadOnlyList<string> wanted,
        IReadOnlyList<string> unread,
        int overlapMinutes
    )
    {
        (this.connection, this.what, this.table, this.overlapMinutes) = (connection, what, table, overlapMinutes);
        if (table.Query is { } query)
        {
            name = $"the query {what}Query";
            from = $"({query.Trim().TrimEnd(';')}\n) AS {Quote(what)}";
            columns = DescribeQuery();
        }
        else
        {
            (name, from, var oid) = FindTable();
            columns = DescribeTable(oid);
            primaryKey = [.. columns.Where(column => column.KeyPlace > 0).OrderBy(column => column.KeyPlace)];
            tableOid = oid;
        }

        this.wanted = wanted;
        CheckNames(unread);
        key = FindKey();
        updatedAt = table.UpdatedAt is { } changed ? FindOne(changed, $"{what}UpdatedAt") : null;
        if (updatedAt is not null)
        {
            CheckMergeable(updatedAt);
        }

        select = Select();
        CheckUnique();
    }

    /// <summary>Stands for all that shapes the rows.</summary>
    public string Shape =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    $"{connection.Host}:{connection.Port}/{connection.Database} {Copy(null)} {updatedAt}"
                )
            )
        )[..32];

    /// <summary>Of each column of the key in the rows whether it sorts as a number.</summary>
    public IReadOnlyList<bool> KeyIsNumber => updatedAt is null ? [] : key.ConvertAll(column => column.IsNumber);

    /// <summary>Reads a row, if there is one.</summary>
    public void TryRead() => Scalar<long>($"SELECT count(*) FROM ({select} LIMIT 1) AS one");

    /// <summary>Looks how many rows there are to read, and up to when they changed.</summary>
    /// <param name="since">The watermark since when changes are wanted; null for all rows.</param>
    public (bool IsEmpty, long Rows, string? Watermark) Look(string? since)
    {
        if (updatedAt is null)
        {
            var all = Scalar<long>($"SELECT count(*) FROM {from}");
            return (all == 0, all, null);
        }

        // A change that claims to come from the future must not hide those that come until then.
        var now = updatedAt.Type switch
        {
            "date" => "current_date",
            "timestamp without time zone" => "localtimestamp",
            _ => "transaction_timestamp()",
        };
        var (changed, type) = (Quote(updatedAt.Name), updatedAt.Type);
        var before = since is null ? $"'-infinity'::{type}" : $"{Literal(since)}::{type}";
        using var command = new NpgsqlCommand(
            $"SELECT count(*), (CASE WHEN max({changed}) IS NULL THEN {before} ELSE greatest(least(max({changed}), {now}::{type}), {before}) END)::text FROM {from}{Where(since)}",
            connection
        );
        using var reader = command.ExecuteReader();
        reader.Read();
        var (rows, watermark) = (reader.GetInt64(0), reader.GetString(1));
        reader.Close();
        return (rows == 0 && (since is null || !Scalar<bool>($"SELECT EXISTS (SELECT FROM {from})")), rows, watermark);
    }

    /// <summary>The statement that sends the rows.</summary>
    /// <param name="since">The watermark since when changes are wanted; null for all rows.</param>
    public string Copy(string? since) =>
        $"COPY ({select}{Where(since)} ORDER BY {string.Join(", ", key.Select(column => column.Order))}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')";

    string Where(string? since) =>
        since is null
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" WHERE {Quote(updatedAt!.Name)} >= {Literal(since)}::{updatedAt.Type} - interval '{overlapMinutes} minutes' OR {Quote(updatedAt.Name)} IS NULL"
            );

    string Select()
    {
        var parts = wanted.Select(ours => $"{Expression(ours)} AS {Quote(ours)}").ToList();
        if (updatedAt is not null)
        {
            parts.AddRange(key.Select((column, place) => $"{column.Sortable} AS \"downbeat key {place + 1}\""));
        }

        return $"SELECT {string.Join(", ", parts)} FROM {from}";
    }

    /// <summary>A column of theirs, quoted, or an expression as it stands in the settings.</summary>
    string Expression(string ours)
    {
        var theirs = table.Columns.FirstOrDefault(column => column.Ours == ours)?.Theirs ?? ours;
        return Find(theirs) is { } column ? Quote(column.Name) : theirs;
    }

    void CheckNames(IReadOnlyList<string> unread)
    {
        var problems = new List<string>();
        foreach (var (ours, theirs) in table.Columns.Select(column => (column.Ours, column.Theirs)))
        {
            if (!wanted.Contains(ours, StringComparer.Ordinal) && !unread.Contains(ours, StringComparer.Ordinal))
            {
                problems.Add(
                    $"{what}Columns maps {ours}, which is no column of {what}; those are {string.Join(", ", wanted)}"
                );
            }
            else if (wanted.Contains(ours, StringComparer.Ordinal) && Find(theirs) is null && IsName(theirs))
            {
                problems.Add(
                    $"{what}Columns says {ours}={theirs}, and {name} has no column {theirs}; {Nearest(theirs)}"
                );
            }
        }

        foreach (
            var ours in wanted.Where(ours => table.Columns.All(column => column.Ours != ours) && Find(ours) is null)
        )
        {
            problems.Add(
                $"{name} has no column {ours}; {Nearest(ours)}. Say which it is in {what}Columns, like \"{ours}={NearestNames(ours).FirstOrDefault() ?? "id"}\""
            );
        }

        if (problems.Count > 0)
        {
            throw new CatalogueException($"{string.Join("; and ", problems)}.");
        }
    }

    List<Column> FindKey()
    {
        var found = table.Key.Count > 0 ? [.. table.Key.Select(column => FindOne(column, $"{what}Key"))] : primaryKey;
        return found.Count > 0
            ? found
            : throw new CatalogueException(
                $"{name} has no primary key, which would say in which order rows count: set {what}Key to columns that no two rows share, like \"{columns.FirstOrDefault()?.Name ?? "id"}\"."
            );
    }

    Column FindOne(string theirs, string setting) =>
        Find(theirs)
        ?? throw new CatalogueException($"{setting} names {theirs}, and {name} has no such column; {Nearest(theirs)}.");

    void CheckMergeable(Column changed)
    {
        if (!changed.Type.StartsWith("timestamp", StringComparison.Ordinal) && changed.Type != "date")
        {
            throw new CatalogueException(
                $"{what}UpdatedAt names {changed.Name}, which is {changed.Type}, and a timestamp is expected: take the setting out, and all rows are read each time."
            );
        }

        if (key.Find(column => column.IsFraction) is { } fraction)
        {
            throw new CatalogueException(
                $"{what}UpdatedAt needs a key of whole numbers or texts, and {fraction.Name} is {fraction.Type}: set {what}Key to other columns, or take {what}UpdatedAt out, and all rows are read each time."
            );
        }
    }

    /// <summary>Makes sure that the order of rows is one: an index says so, or all are looked at.</summary>
    void CheckUnique()
    {
        if (tableOid != 0 && key.TrueForAll(column => column.IsNotNull) && HasUniqueIndex())
        {
            return;
        }

        var names = string.Join(", ", key.Select(column => Quote(column.Name)));
        var isNull = string.Join(" OR ", key.Select(column => $"{Quote(column.Name)} IS NULL"));
        if (Scalar<bool>($"SELECT EXISTS (SELECT FROM {from} GROUP BY {names} HAVING count(*) > 1 OR {isNull})"))
        {
            throw new CatalogueException(
                $"{string.Join(", ", key.Select(column => column.Name))} of {name} does not tell all rows apart, or is NULL in some: set {what}Key to columns that no two rows share."
            );
        }
    }

    bool HasUniqueIndex()
    {
        using var command = new NpgsqlCommand(
            """
            SELECT EXISTS (
                SELECT FROM pg_index
                WHERE indrelid = $1 AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
                    AND (indkey::int2[])[0:indnkeyatts - 1] <@ $2)
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = tableOid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid },
                new() { Value = key.Select(column => column.Number).ToArray() },
            },
        };
        return (bool)command.ExecuteScalar()!;
    }

    (string Name, string From, uint Oid) FindTable()
    {
        var given = table.Table;
        var parts = given.Contains('"', StringComparison.Ordinal) ? null : given.Split('.');
        string[] spellings = parts is null
            ? [given]
            :
            [
                string.Join('.', parts.Select(Quote)),
                string.Join('.', parts.Select(part => Quote(part.ToLowerInvariant()))),
            ];
        foreach (var spelling in spellings)
        {
            using var command = new NpgsqlCommand("SELECT to_regclass($1)::oid", connection)
            {
                Parameters = { new() { Value = spelling } },
            };
            if (command.ExecuteScalar() is uint oid)
            {
                return ($"the table {given}", spelling, oid);
            }
        }

        var there = new List<string>();
        using (
            var command = new NpgsqlCommand(
                """
                SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
                """,
                connection
            )
        )
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                there.Add(reader.GetString(0));
            }
        }

        var near = Near(given, there).Take(3).ToList();
        throw new CatalogueException(
            $"there is no table {given}; {(near.Count == 0 ? "this user sees none at all" : $"the nearest are {string.Join(", ", near)}")}. Set {what}Table, like \"music.{what}\", or {what}Query."
        );
    }

    List<Column> DescribeTable(uint oid)
    {
        using var command = new NpgsqlCommand(
            """
            SELECT a.attname, format_type(a.atttypid, NULL), a.attnum, a.attnotnull,
                coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum), 0)
            FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
            WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid },
            },
        };
        using var reader = command.ExecuteReader();
        var found = new List<Column>();
        while (reader.Read())
        {
            found.Add(
                new(
                    reader.GetString(0),
                    reader.GetString(1),
                    reader.GetInt16(2),
                    reader.GetBoolean(3),
                    reader.GetInt32(4)
                )
            );
        }

        return found;
    }

    List<Column> DescribeQuery()
    {
        using var command = new NpgsqlCommand($"SELECT * FROM {from} LIMIT 0", connection);
        using var reader = command.ExecuteReader();
        return
        [
            .. Enumerable
                .Range(0, reader.FieldCount)
                .Select(place => new Column(
                    reader.GetName(place),
                    reader.GetPostgresType(place).DisplayName,
                    0,
                    IsNotNull: false,
                    KeyPlace: 0
                )),
        ];
    }

    T Scalar<T>(string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return (T)command.ExecuteScalar()!;
    }

    /// <summary>Their column of a name, as it stands or without regard to case.</summary>
    Column? Find(string theirs)
    {
        var bare = theirs is ['"', .., '"'] ? theirs[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : theirs;
        return columns.Find(column => column.Name == bare)
            ?? columns.Find(column => column.Name.Equals(bare, StringComparison.OrdinalIgnoreCase));
    }

    string Nearest(string missing) =>
        NearestNames(missing) is [_, ..] near ? $"the nearest are {string.Join(", ", near)}" : "it has none";

    List<string> NearestNames(string missing) =>
        [.. Near(missing, columns.Select(column => column.Name).Except(Used(), StringComparer.Ordinal)).Take(3)];

    /// <summary>Theirs that are some other column of ours already.</summary>
    IEnumerable<string> Used() =>
        wanted
            .Select(ours => Find(table.Columns.FirstOrDefault(column => column.Ours == ours)?.Theirs ?? ours)?.Name)
            .OfType<string>();

    /// <summary>Names by how many letters they have in common, in order.</summary>
    static IEnumerable<string> Near(string missing, IEnumerable<string> names) =>
        names
            .OrderByDescending(name => 2.0 * CommonLetters(missing, name) / (missing.Length + name.Length))
            .ThenBy(name => name, StringComparer.Ordinal);

    static int CommonLetters(string left, string right)
    {
        var common = new int[left.Length + 1, right.Length + 1];
        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                common[i, j] =
                    char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1])
                        ? common[i - 1, j - 1] + 1
                        : Math.Max(common[i - 1, j], common[i, j - 1]);
            }
        }

        return common[left.Length, right.Length];
    }

    static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Whether it can only be a column, and no expression.</summary>
    static bool IsName(string theirs) =>
        theirs is ['"', .., '"']
        || !char.IsAsciiDigit(theirs[0]) && theirs.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '$');

    sealed record Column(string Name, string Type, short Number, bool IsNotNull, int KeyPlace)
    {
        public bool IsNumber => NumberTypes.Contains(Type, StringComparer.Ordinal);

        public bool IsFraction => FractionTypes.Any(type => Type.StartsWith(type, StringComparison.Ordinal));

        /// <summary>As it stands in the rows when they are to be merged.</summary>
        public string Sortable => IsNumber ? Quote(Name) : $"{Quote(Name)}::text";

        /// <summary>By bytes, whatever language the database sorts in: it can then be told without the database.</summary>
        public string Order => IsNumber || IsFraction ? Quote(Name) : $"{Quote(Name)}::text COLLATE \"C\"";
    }
}
