using System.Text;
using System.Text.RegularExpressions;

namespace Downbeat.Connectors.Sql;

/// <summary>A file below <c>sql/</c>, which a database administrator can read and the program executes.</summary>
static partial class SqlScript
{
    /// <summary>The statements of a file like <c>sqlite.sql</c>, in their order, without comments.</summary>
    public static IReadOnlyList<string> Statements(string file)
    {
        using var stream =
            typeof(SqlScript).Assembly.GetManifestResourceStream($"sql/{file}")
            ?? throw new InvalidOperationException($"sql/{file} is not part of this build.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return
        [
            .. CommentLine()
                .Replace(reader.ReadToEnd(), "")
                .Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        ];
    }

    // Comments stand on lines of their own in these files, and no text in them holds a semicolon at the end of a line.
    [GeneratedRegex("^ *--.*\n", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CommentLine();
}
