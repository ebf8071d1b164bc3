using System.Text.RegularExpressions;

namespace Downbeat.Dashboard.Safety;

/// <summary>Takes out of a text what is nobody's business who looks at a page: paths, hosts, accounts, addresses.</summary>
static partial class Redaction
{
    const RegexOptions Options = RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;
    const int MostMs = 1000;

    /// <summary>The text without them; of a path its last part stays, which says which file it was.</summary>
    /// <param name="text">A message of the pipeline.</param>
    /// <param name="lake">What the lake is called by who started the server.</param>
    public static string Of(string text, string lake)
    {
        if (lake.Contains('/', StringComparison.Ordinal))
        {
            text = text.Replace(lake, "the lake", StringComparison.Ordinal);
        }

        text = Process().Replace(text, "process ${number} elsewhere");
        text = Address().Replace(text, "…");
        text = WindowsPath().Replace(text, "…");
        text = AbsolutePath().Replace(text, "…/${last}");
        return Host().Replace(text, "…");
    }

    [GeneratedRegex(@"process (?<number>\d+) on [^\s:;,]*[^\s:;,.]", Options, MostMs)]
    private static partial Regex Process();

    /// <summary><c>postgresql://reader@db.example.com/music</c>, <c>arn:aws:iam::1:role/x</c>, <c>reader@db</c>.</summary>
    [GeneratedRegex(
        @"[A-Za-z][A-Za-z0-9+.-]*://[^\s'"",;]*[^\s'"",;.:)]|arn:[^\s'"",;]+[^\s'"",;.:)]|[\w.+-]+@[\w.-]*\w",
        Options,
        MostMs
    )]
    private static partial Regex Address();

    [GeneratedRegex(@"(?<!\w)[A-Za-z]:\\[^\s'"",;]+", Options, MostMs)]
    private static partial Regex WindowsPath();

    [GeneratedRegex(@"(?<![\w.:/%-])(~|\.{1,2})?/([^\s/'"":]+/)*(?<last>[^\s/'"":,;]*[^\s/'"":,;.)])", Options, MostMs)]
    private static partial Regex AbsolutePath();

    /// <summary>An IP address, a name with a port, or a name of three parts that is no file.</summary>
    [GeneratedRegex(
        @"(?<![\w.-])(\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[[0-9A-Fa-f:]*:[0-9A-Fa-f:]*\](:\d+)?|[A-Za-z][\w.-]*:\d{2,5}(?![\w:])|([A-Za-z0-9-]+\.){2,}(?!(csv|gz|json|db|md|html|tmp)\b)[A-Za-z]{2,})(?![\w-])",
        Options,
        MostMs
    )]
    private static partial Regex Host();
}
