namespace Downbeat.Connectors.Postgres;

/// <summary>Where songs and users are in a database.</summary>
public sealed record PostgresCatalogueOptions
{
    /// <summary>How to connect.</summary>
    public required PostgresConnection Connection { get; init; }

    /// <summary>Where the songs are.</summary>
    public PostgresCatalogueTable Songs { get; init; } = new() { Table = "songs" };

    /// <summary>Where the users are.</summary>
    public PostgresCatalogueTable Users { get; init; } = new() { Table = "users" };

    /// <summary>
    /// Changes are read again from so many minutes before the last one that was seen, 0 to 100,000: a transaction that takes that
    /// long commits rows that say they are older.
    /// </summary>
    public int OverlapMinutes
    {
        get;
        init =>
            field = value is >= 0 and <= 100_000
                ? value
                : throw new ArgumentOutOfRangeException(
                    nameof(value),
                    value,
                    "catalogueOverlapMinutes lies between 0 and 100,000."
                );
    } = 60;
}

/// <summary>A table, or what a query says, that holds songs or users.</summary>
public sealed record PostgresCatalogueTable
{
    /// <summary>The table or view: <c>songs</c>, <c>music.songs</c>, <c>"Music"."Songs"</c>. Does not count when there is a query.</summary>
    public required string Table { get; init; }

    /// <summary>A SELECT that says songs or users; null for the table.</summary>
    public string? Query { get; init; }

    /// <summary>Which column or expression of theirs each column of ours is; what is not named has the same name there.</summary>
    public IReadOnlyList<ColumnOf> Columns { get; init; } = [];

    /// <summary>Their columns that no two rows share all of, in the order in which rows count; none for the primary key.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>Their column that says when a row last changed; null when all rows are read each time.</summary>
    public string? UpdatedAt { get; init; }

    /// <summary>Parses <c>track_id=id, track_name=upper(title)</c>; null when it is none such.</summary>
    public static IReadOnlyList<ColumnOf>? ParseColumns(string text)
    {
        var columns = new List<ColumnOf>();
        foreach (var part in Split(text))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var ours = equals < 0 ? "" : part[..equals].Trim();
            var theirs = part[(equals + 1)..].Trim();
            if (ours.Length == 0 || theirs.Length == 0 || columns.Exists(column => column.Ours == ours))
            {
                return null;
            }

            columns.Add(new(ours, theirs));
        }

        return columns;
    }

    /// <summary>Parses <c>track_id, track_genre</c>; null when it is none such.</summary>
    public static IReadOnlyList<string>? ParseKey(string text)
    {
        var key = Split(text).ConvertAll(column => column.Trim());
        return key.Contains("") ? null : key;
    }

    /// <summary>Splits at commas that stand neither in parentheses nor in quotes.</summary>
    static List<string> Split(string text)
    {
        var parts = new List<string>();
        var (start, depth, quote) = (0, 0, '\0');
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
            }
            else if (letter is '\'' or '"')
            {
                quote = letter;
            }
            else if (letter == ',' && depth == 0)
            {
                parts.Add(text[start..at]);
                start = at + 1;
            }
            else
            {
                depth +=
                    letter is '(' or '[' ? 1
                    : letter is ')' or ']' ? -1
                    : 0;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }
}

/// <summary>A column of ours, and the column or expression of theirs that it is.</summary>
public sealed record ColumnOf(string Ours, string Theirs);
