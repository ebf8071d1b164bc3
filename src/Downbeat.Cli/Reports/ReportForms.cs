using System.Text;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.Smtp;
using Downbeat.Dashboard.Report;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Reports;

/// <summary>Reports as files and as mails.</summary>
static class ReportForms
{
    /// <summary>Names Chromium where it is not found.</summary>
    public const string ChromiumVariable = ChromiumPdf.Variable;

    /// <summary>One file that refers to nothing.</summary>
    public const string Html = "html";

    const string Pdf = "pdf";

    /// <summary>The forms there are; files end with them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Html, Pdf];

    /// <summary>The form that is asked for, or that the file's name says.</summary>
    /// <exception cref="UsageException">There is no such form.</exception>
    public static string Parse(string? format, string? file) =>
        file?.Length == 0
            ? throw new UsageException("--out: nothing is no file; name one, or leave --out away for the usual name.")
        : format is null ? FormOf(file)
        : Names.Contains(format, StringComparer.Ordinal) ? format
        : throw new UsageException(
            $"--format: {format} is none of {string.Join(", ", Names)}{Spelling.Ask(format, Names)}"
        );

    /// <summary>The form that a file's name says; a folder, and a name without an ending, say none.</summary>
    static string FormOf(string? file)
    {
        var ending = file is null || Directory.Exists(file) ? "" : Path.GetExtension(file).ToLowerInvariant();
        return ending switch
        {
            "" or $".{Html}" or ".htm" => Html,
            $".{Pdf}" => Pdf,
            _ => throw new UsageException(
                $"--out: {file} ends with {ending}, and a report is {string.Join(" or ", Names)}: say which with --format."
            ),
        };
    }

    /// <summary>What a lake is called where its place is nobody's concern.</summary>
    public static string NameOf(ILake lake)
    {
        var place = lake is FolderLake ? Path.GetFullPath(lake.Name) : lake.Name;
        var name = place.TrimEnd('/', Path.DirectorySeparatorChar);
        name = name[(name.LastIndexOfAny(['/', Path.DirectorySeparatorChar]) + 1)..];
        return name.Length > 0 ? name : "Lake";
    }

    /// <summary>A report as a file.</summary>
    public static byte[] Bytes(LakeReport report, string form, CancellationToken cancellationToken) =>
        form == Pdf ? ChromiumPdf.Print(report, cancellationToken) : Encoding.UTF8.GetBytes(report.Html);

    /// <summary>A report as a mail.</summary>
    public static Letter Letter(LakeReport report, string form, string id, CancellationToken cancellationToken) =>
        new(
            id,
            TimeProvider.System.GetUtcNow(),
            $"[report] {report.Subject}",
            $"{report.Story}\n\nThe report is attached.\n",
            [Attachment(report, form, cancellationToken)]
        );

    /// <summary>A report as a file that goes with a mail.</summary>
    public static Attachment Attachment(LakeReport report, string form, CancellationToken cancellationToken) =>
        new(
            $"{report.Name}.{form}",
            form == Pdf ? "application/pdf" : "text/html; charset=utf-8",
            Bytes(report, form, cancellationToken)
        );
}
