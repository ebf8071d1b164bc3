using System.Text.RegularExpressions;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.Publish;

/// <summary>The SQL in docs/warehouses.md, which is tried as it stands.</summary>
static partial class Documentation
{
    /// <summary>The block that begins with the line <c>-- title</c>.</summary>
    public static string Sql(string title) =>
        Blocks()
            .Matches(File.ReadAllText(Path.Combine(Repository.Folder, "docs", "warehouses.md")))
            .Select(block => block.Groups["sql"].Value)
            .Single(block => block.StartsWith($"-- {title}\n", StringComparison.Ordinal));

    [GeneratedRegex(
        "^```sql\n(?<sql>.*?)^```",
        RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Blocks();
}
