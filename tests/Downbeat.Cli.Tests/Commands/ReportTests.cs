using System.Text;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Cli.Tests.Commands;

/// <summary><c>downbeat report</c> as its user starts it, and reports that come by themselves.</summary>
public sealed class ReportTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly SmtpStandIn smtp = new();
    readonly CliRunner cli;

    public ReportTests()
    {
        cli = new(folder.Path);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write("lake/landing/songs/songs.csv", TestListens.Songs);
        folder.Write("lake/landing/users/users.csv", TestListens.Users);
        folder.Write(
            "lake/landing/streams/a.csv",
            TestListens.Csv(["1,track001,2024-06-24 10:00:00,0,0", "2,track001,2024-06-25 10:00:00,0,0"])
        );
        var lake = new FolderLake(Path.Combine(folder.Path, "lake"));
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        new Reconciliation(lake, new(), TimeProvider.System, NullLogger.Instance).Run();
    }

    public void Dispose()
    {
        smtp.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void TheNewestDateGoesToAFileOfThatDateUnlessOtherwiseAsked()
    {
        var said = Succeed();
        Assert.StartsWith("Wrote downbeat-report-2024-06-25.html, ", said, StringComparison.Ordinal);
        Assert.EndsWith(": lake: Tuesday, 25 June 2024\n", said, StringComparison.Ordinal);
        Assert.Contains(
            "<h1><span><bdi dir=\"auto\">lake</bdi></span> Tuesday, 25 June 2024</h1>",
            Read("downbeat-report-2024-06-25.html"),
            StringComparison.Ordinal
        );
        Succeed("--date", "2024-06-24");
        Succeed("--format", "html", "--out", "report.v2");
        Succeed("--out", "report.HTM");
        Assert.True(File.Exists(Path.Combine(folder.Path, "downbeat-report-2024-06-24.html")));
        folder.Write("reports/old.html", "old");
        Succeed("--from", "2024-06-20", "--out", "reports");
        Assert.Contains(
            "20 to 25 June 2024</h1>",
            Read("reports/downbeat-report-2024-06-20-to-2024-06-25.html"),
            StringComparison.Ordinal
        );
        Succeed("--from", "2024-06-24", "--to", "latest", "--out", "reports/old.html");
        Assert.Contains("24 to 25 June 2024</h1>", Read("reports/old.html"), StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(folder.Path, "reports")).Length); // Nothing else is left there.
        var output = Succeed("--date", "latest", "--out", "-");
        Assert.StartsWith("<!DOCTYPE html>\n", output, StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void ALinkStaysALinkAndWhatIsNoFileIsWrittenTo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such files.");
        var target = folder.Write("there.html", "old");
        var link = Path.Combine(folder.Path, "link.html");
        File.CreateSymbolicLink(link, target);
        Succeed("--out", "link.html");
        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.StartsWith("<!DOCTYPE html>", Read("there.html"), StringComparison.Ordinal);
        Assert.StartsWith("<!DOCTYPE html>", Succeed("--out", "/dev/stdout"), StringComparison.Ordinal);
    }

    static readonly (int ExitCode, string Why, string[] Arguments)[] Wrong =
    [
        (2, "--date: 2024-13-01 is no date", ["--date", "2024-13-01"]),
        (2, "--date is for one date", ["--date", "2024-06-24", "--from", "2024-06-24"]),
        (2, "--to goes with --from", ["--to", "2024-06-24"]),
        (2, "--to lies before --from", ["--from", "2024-06-25", "--to", "2024-06-24"]),
        (2, "at most 3660 dates", ["--from", "1990-01-01"]),
        (2, "--format: docx is none of html, pdf", ["--format", "docx"]),
        (2, "--out: x.docx ends with .docx, and a report is html or pdf: say which", ["--out", "x.docx"]),
        (2, "--out: nothing is no file", ["--out", ""]),
        (2, "--date: nothing is no date", ["--date", ""]),
        (2, "--date: nothing is no date", ["--date", "", "--out", "-"]),
        (2, "--out: there is no folder", ["--out", "no/such/file.html"]),
        (2, "there is no folder nowhere", ["--lake", "nowhere"]),
        (2, "--mail: nobody is named to mail to", ["--mail"]),
        (1, "lake has no tables of 2024-06-26; it has 2024-06-24 to 2024-06-25", ["--date", "2024-06-26"]),
        (1, "lake has no tables of 2024-07-01 to 2024-07-02", ["--from", "2024-07-01", "--to", "2024-07-02"]),
        (1, "lake has no tables of", ["--date", "yesterday"]),
    ];

    [Fact]
    public void WhatCannotBeIsSaid()
    {
        foreach (var (exitCode, why, arguments) in Wrong)
        {
            var result = cli.Run(["report", .. arguments]);
            Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
            Assert.Contains(why, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFiles(folder.Path, "*report*"));
    }

    [Fact]
    public void OfALakeWithoutTablesItIsSaidWhatMakesThem()
    {
        Assert.Equal(0, cli.Run("init", "empty").ExitCode);
        var result = cli.Run("report", "--lake", "empty");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("empty has no tables yet: `downbeat run` makes them", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutChromiumThereIsNoPdfAndItIsSaidWhatToInstall()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Programs are found otherwise.");
        cli.Variables["DOWNBEAT_CHROMIUM"] = "/bin/false";
        AssertFails("/bin/false printed no PDF (exit code 1)");
        cli.Variables["DOWNBEAT_CHROMIUM"] = "/no/such/program";
        AssertFails("/no/such/program cannot be started");
        cli.Variables["DOWNBEAT_CHROMIUM"] = "";
        cli.Prefix = ["/usr/bin/env"];
        cli.Variables["PATH"] =
            Path.GetDirectoryName(Environment.ProcessPath) is { } dotnet && File.Exists(Path.Combine(dotnet, "dotnet"))
                ? dotnet
                : DotnetFolder();
        AssertFails("apt-get install chromium");

        void AssertFails(string why)
        {
            var result = cli.Run("report", "--out", "report.pdf");
            Assert.Equal(1, result.ExitCode);
            Assert.Contains(why, result.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder.Path, "report.pdf")));
        }
    }

    [Fact]
    public void AReportIsMailedWithItsStoryAndAgainWhenTheServerIsBusy()
    {
        NameRecipients();
        var wasBusy = false;
        smtp.Answer = line =>
        {
            var isBusy = line == "DATA" && !wasBusy;
            wasBusy |= isBusy;
            return isBusy ? "451 busy" : null;
        };
        Assert.StartsWith("Mailed lake: Tuesday, 25 June 2024 by ", Succeed("--mail"), StringComparison.Ordinal);
        var mail = Assert.Single(smtp.Mails);
        Assert.Equal(["one@example.com", "two@example.com"], mail.To);
        Assert.Equal("[report] lake: Tuesday, 25 June 2024", mail.Header("Subject"));
        var (text, attachments) = mail.Parts();
        Assert.StartsWith(
            "1 listen by 1 listener in 1 session. That is as many listens as on the day before.",
            text,
            StringComparison.Ordinal
        );
        Assert.EndsWith("The report is attached.\n", text, StringComparison.Ordinal);
        var (name, kind, bytes) = Assert.Single(attachments);
        Assert.Equal(("downbeat-report-2024-06-25.html", "text/html"), (name, kind));
        Assert.Empty(Directory.GetFiles(folder.Path, "*report*"));

        // Mailed and written it is the same but for when it was made.
        Succeed("--mail", "--out", "report.html");
        Assert.Equal(WithoutFooter(Read("report.html")), WithoutFooter(Encoding.UTF8.GetString(bytes)));
        Assert.Equal(2, smtp.Mails.Count);
        Assert.Equal(2, smtp.Mails.Select(one => one.Header("Message-ID")).Distinct().Count());
    }

    [Fact]
    public void AMailThatIsNotTakenFailsTheCommand()
    {
        NameRecipients();
        smtp.Answer = line => line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 nobody" : null;
        var result = cli.Run("report", "--mail");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("the report was not mailed: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("550", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WatchMailsTheNewestDateThatIsOverAtItsTimeAndRunsGoOnWhenNobodyTakesIt()
    {
        NameRecipients();
        cli.Variables["DOWNBEAT_REPORT_AT"] = "@daily";
        folder.Write("lake/report.json", "{\"until\":\"2024-06-26T00:00:00+00:00\"}"); // Times were missed since.
        folder.Write("lake/landing/streams/b.csv", TestListens.Csv(["3,track001,2024-06-26 10:00:00,0,0"]));
        var published = Path.Combine(folder.Path, "lake/kpis/daily/date=2024-06-26.csv");
        var refused = 0;
        smtp.Answer = _ =>
        {
            var isDown = !File.Exists(published) || refused == 0;
            refused += isDown ? 1 : 0;
            return isDown ? "421 down" : null;
        };
        using (var process = cli.Start("watch"))
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            _ = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            try
            {
                await UntilAsync(() => !smtp.Mails.IsEmpty, process);
                Assert.True(File.Exists(published));
            }
            finally
            {
                process.Kill();
            }

            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("error:", await error, StringComparison.Ordinal);
        }

        Assert.StartsWith("[report] lake: ", Assert.Single(smtp.Mails).Header("Subject"), StringComparison.Ordinal);
    }

    [Fact]
    public void WatchSaysWhenNobodyIsNamedToMailTo()
    {
        cli.Variables["DOWNBEAT_REPORT_AT"] = "0 6 * * *";
        var result = cli.Run("watch");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(
            "reportAt says when a report is mailed, and nobody is named",
            result.Error,
            StringComparison.Ordinal
        );
        cli.Variables["DOWNBEAT_REPORT_AT"] = "tomorrow";
        Assert.Equal(2, cli.Run("status").ExitCode);
        cli.Variables["DOWNBEAT_REPORT_AT"] = "60 * * * *";
        var status = cli.Run("status");
        Assert.Equal(2, status.ExitCode);
        Assert.Contains("reportAt: it gives no times: ", status.Error, StringComparison.Ordinal);
        Assert.Contains("Write it like \"0 6 * * *\" or @daily.", status.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAlertOfADateThatIsHeldBackHasItsReportWithIt()
    {
        NameRecipients();
        cli.Variables["DOWNBEAT_ALERT_NO_LISTENS"] = "off";
        cli.Variables["DOWNBEAT_QUALITY_REJECTED_SHARE"] = "fail 0.1";
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_REPORT"] = "true";
        folder.Write(
            "lake/landing/streams/bad.csv",
            TestListens.Csv(["4,track002,2024-06-24 11:00:00,0,0", "x,y,z,0,0"])
        );
        var run = cli.Run("run");
        Assert.True(run.ExitCode == 3, run.Error);
        var (text, attachments) = Assert.Single(smtp.Mails).Parts();
        Assert.Contains("2024-06-24 is held back from the destinations", text, StringComparison.Ordinal);
        var (name, _, bytes) = Assert.Single(attachments);
        Assert.Equal("downbeat-report-2024-06-24.html", name);
        Assert.Contains(
            "is held back (rejected_share 25 % above 10 %)",
            Encoding.UTF8.GetString(bytes),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void OfADateOfWhichNothingIsPublishedBecauseItIsHeldBackThereIsNoReport()
    {
        NameRecipients();
        cli.Variables["DOWNBEAT_QUALITY_REJECTED_SHARE"] = "fail 0.1";
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";
        folder.Write(
            "lake/landing/streams/bad.csv",
            TestListens.Csv(["4,track002,2024-06-26 11:00:00,0,0", "x,y,z,0,0"])
        );
        Assert.Equal(3, cli.Run("run").ExitCode);
        smtp.Mails.Clear();
        foreach (
            var arguments in (string[][])
                [
                    ["--date", "2024-06-26"],
                    ["--date", "2024-06-26", "--mail"],
                    ["--from", "2024-06-26", "--to", "2024-06-27"],
                ]
        )
        {
            var result = cli.Run(["report", .. arguments]);
            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            Assert.Contains(
                "2024-06-26 is held back (rejected_share 50 % above 10 %); nothing of it was published before.",
                result.Error,
                StringComparison.Ordinal
            );
            Assert.Contains("`downbeat approve 2024-06-26` lets it through", result.Error, StringComparison.Ordinal);
        }

        Assert.Empty(smtp.Mails);
        Assert.Empty(Directory.GetFiles(folder.Path, "*report*"));
        Succeed("--from", "2024-06-25", "--to", "2024-06-26", "--out", "range.html");
        Assert.StartsWith("Wrote downbeat-report-2024-06-25.html", Succeed(), StringComparison.Ordinal);
    }

    void NameRecipients()
    {
        cli.Variables["DOWNBEAT_ALERT_EMAIL"] = $"smtp://127.0.0.1:{smtp.Port}";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_TO"] = "one@example.com, two@example.com";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_TLS"] = "false";
    }

    string Succeed(params string[] arguments)
    {
        var result = cli.Run(["report", .. arguments]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Output;
    }

    string Read(string file) => File.ReadAllText(Path.Combine(folder.Path, file));

    static string WithoutFooter(string html) => html[..html.IndexOf("<footer>", StringComparison.Ordinal)];

    static string DotnetFolder() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Where(folder => File.Exists(Path.Combine(folder, "dotnet")))
            .Select(folder =>
                Path.GetDirectoryName(
                    File.ResolveLinkTarget(Path.Combine(folder, "dotnet"), returnFinalTarget: true)?.FullName
                        ?? Path.Combine(folder, "dotnet")
                )!
            )
            .First();

    static async Task UntilAsync(Func<bool> condition, System.Diagnostics.Process process)
    {
        var patience = DateTime.UtcNow.AddMinutes(2);
        while (!condition())
        {
            Assert.False(process.HasExited, "It has ended.");
            Assert.True(DateTime.UtcNow < patience, "Nothing happened.");
            await Task.Delay(50);
        }
    }
}
