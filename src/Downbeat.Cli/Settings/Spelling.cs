namespace Downbeat.Cli.Settings;

/// <summary>Finds what someone may have meant who mistyped a name.</summary>
static class Spelling
{
    /// <summary>The known name that is nearest to a mistyped one; null when none is near.</summary>
    public static string? FindNearest(string mistyped, IEnumerable<string> known)
    {
        var nearest = known
            .Select(name => (Name: name, Distance: Distance(Fold(mistyped), Fold(name))))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return nearest.Name is not null && nearest.Distance <= Math.Max(1, nearest.Name.Length / 3)
            ? nearest.Name
            : null;
    }

    /// <summary>A question to append to a message; empty when no name is near.</summary>
    public static string Ask(string mistyped, IEnumerable<string> known) =>
        FindNearest(mistyped, known) is { } nearest ? $"; did you mean {nearest}?" : "";

    /// <summary>Case and what stands between words is often wrong, and says little.</summary>
    static string Fold(string name) =>
        string.Concat(name.Where(letter => letter is not ('-' or '_' or ' ')).Select(char.ToLowerInvariant));

    /// <summary>How many letters are to be added, left out, changed, or swapped with the next.</summary>
    static int Distance(string from, string to)
    {
        if (Math.Abs(from.Length - to.Length) > Math.Max(from.Length, to.Length) / 2)
        {
            return int.MaxValue;
        }

        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var changed = rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(changed, 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], 1 + rows[i - 2, j - 2]);
                }
            }
        }

        return rows[from.Length, to.Length];
    }
}
