using System.ComponentModel;
using System.Diagnostics;

namespace Downbeat.Dashboard.Report;

/// <summary>Prints a report by Chromium, which has to be installed. It is given a file that refers to nothing, and no network.</summary>
public static class ChromiumPdf
{
    /// <summary>Names the program where it is not found by its usual names.</summary>
    public const string Variable = "DOWNBEAT_CHROMIUM";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly string[] Names =
    [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "msedge",
    ];

    /// <summary>The report as PDF.</summary>
    /// <exception cref="IOException">Chromium is missing, or did not print it; the message says what to do.</exception>
    public static byte[] Print(LakeReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        var program = Find();
        var folder = Directory.CreateTempSubdirectory("downbeat-report-").FullName;
        try
        {
            var (html, pdf) = (Path.Combine(folder, "report.html"), Path.Combine(folder, "report.pdf"));
            File.WriteAllText(html, report.Html);
            Run(program, folder, html, pdf, cancellationToken);
            return File.ReadAllBytes(pdf);
        }
        finally
        {
            TryDelete(folder);
        }
    }

    static void Run(string program, string folder, string html, string pdf, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            "--headless",
            "--disable-gpu",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-default-browser-check",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            $"--user-data-dir={Path.Combine(folder, "profile")}",
            // Its sandbox refuses to work for root.
            .. Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows() ? (string[])["--no-sandbox"] : [],
            "--no-pdf-header-footer",
            $"--print-to-pdf={pdf}",
            new Uri(html).AbsoluteUri,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Start(start);
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(Patience);
        try
        {
            process.WaitForExitAsync(stop.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException error)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException(
                $"{program} did not print the report in {Patience.TotalSeconds} s. Try --format html, which needs no Chromium.",
                error
            );
        }

        Task.WaitAll([said, output], CancellationToken.None);
        if (!IsPdf(pdf))
        {
            var why = said
                .Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .LastOrDefault("it does not say why.");
            throw new IOException(
                $"{program} printed no PDF (exit code {process.ExitCode}): {why} Name another Chromium with {Variable}, or take --format html, which needs none."
            );
        }
    }

    static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new IOException(
                $"{start.FileName} cannot be started (error {error.NativeErrorCode}): the variable {Variable} has to name a Chromium or Chrome.",
                error
            );
        }
    }

    static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return named;
        }

        var ending = OperatingSystem.IsWindows() ? ".exe" : "";
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries
        );
        return Names
                .SelectMany(name => folders, (name, folder) => Path.Combine(folder, name + ending))
                .FirstOrDefault(File.Exists)
            ?? throw new IOException(
                $"a PDF is printed by Chromium, and none is installed (on Debian: apt-get install chromium). If it is elsewhere, name it with the variable {Variable}. --format html needs none."
            );
    }

    static bool IsPdf(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        Span<byte> begin = stackalloc byte[5];
        using var file = File.OpenRead(path);
        return file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false) == begin.Length
            && begin.SequenceEqual("%PDF-"u8);
    }

    static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left lies where the system keeps what it may delete.
        }
    }
}
