using System.Net.Sockets;
using System.Text;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.Folder;

/// <summary>What others may make in a folder that Downbeat reads: links, pipes, names that are no text.</summary>
public sealed class FolderLinkTests : IDisposable
{
    const string Secret = "user_id,track_id,listen_time\nof someone else\n";

    readonly string folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
    readonly string outside = Directory.CreateTempSubdirectory("downbeat-test-outside-").FullName;
    readonly FolderLake lake;

    public FolderLinkTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Only administrators make links there.");
        Write(outside, "a.csv", Secret);
        Directory.CreateDirectory(Path.Combine(folder, "landing/streams"));
        lake = new(folder);
    }

    public void Dispose()
    {
        Shell.Run("/", $"rm -r {folder} {outside}"); // Names that are no text .NET does not delete.
    }

    [Fact]
    public void WhatIsNoFileIsPassedOverWithAReason()
    {
        var streams = Path.Combine(folder, "landing/streams");
        Shell.Run(
            streams,
            $"""
            mkfifo pipe.csv
            ln -s {outside}/a.csv link.csv
            ln -s /nowhere broken.csv
            ln -s {outside} linked-folder
            printf x > "$(printf 'bad\377.csv')"
            mkdir "$(printf 'dir\376')"; printf x > "$(printf 'dir\376')/a.csv"
            mkdir sub; mkfifo sub/pipe.csv.gz
            printf x > "$(printf 'new\nline.csv')"
            """
        );
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(streams, "socket.csv")));

        Assert.Equal(["landing/streams/new\nline.csv"], lake.List("landing/streams").Select(found => found.Path));
        var passedOver = lake.ListPassedOver("landing/streams");
        Assert.Equal(
            [
                "bad\uFFFD.csv: its name is not UTF-8: rename it",
                "broken.csv: it is a link: only files that lie there are taken",
                "dir\uFFFD: its name is not UTF-8: rename it",
                "link.csv: it is a link: only files that lie there are taken",
                "linked-folder: it is a link: only files that lie there are taken",
                "pipe.csv: it is a pipe, a socket or a device: only files are taken",
                "socket.csv: it is a pipe, a socket or a device: only files are taken",
                "sub/pipe.csv.gz: it is a pipe, a socket or a device: only files are taken",
            ],
            passedOver.Select(found => $"{found.Path["landing/streams/".Length..]}: {found.Why}")
        );
        foreach (var found in passedOver.Where(found => !found.Path.Contains('\uFFFD', StringComparison.Ordinal)))
        {
            Assert.Null(lake.Find(found.Path));
            Assert.ThrowsAny<SystemException>(() => lake.Open(found.Path)); // And does not wait for a writer.
            Assert.ThrowsAny<SystemException>(() => lake.OpenBytes(found.Path).Read(0, new byte[1]));
        }

        TestReport.Set("security", ("things in landing that are no files, passed over", passedOver.Count));
    }

    [Theory]
    [InlineData("landing/streams/sub", "landing/streams/sub/a.csv")]
    [InlineData("quarantine/0123456789ab", "quarantine/0123456789ab/a.csv")]
    [InlineData("archive/streams/sub", "archive/streams/sub/a.csv")]
    [InlineData("kpis/daily", "kpis/daily/a.csv")]
    [InlineData("slices/date=2024-06-25", "slices/date=2024-06-25/a.csv")]
    public void NothingIsReadWrittenMovedOrDeletedThroughALinkedFolder(string linked, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, linked))!);
        Directory.CreateSymbolicLink(Path.Combine(folder, linked), outside);
        Write(folder, "landing/streams/mine.csv", "mine");
        var mine = lake.Find("landing/streams/mine.csv")!;
        Assert.Null(lake.Find(path));
        Assert.DoesNotContain(
            lake.List(linked[..linked.IndexOf('/', StringComparison.Ordinal)]),
            found => found.Path == path
        );
        void Refused(Action work) =>
            Assert.Contains(
                "is a link",
                Assert.Throws<UnauthorizedAccessException>(work).Message,
                StringComparison.Ordinal
            );

        Refused(() => lake.Open(path));
        Refused(() => lake.OpenBytes(path).Read(0, new byte[1]));
        Refused(() => lake.Put([(path, [1])]));
        Refused(() => lake.PutIfAbsent(path, [1]));
        Refused(() => lake.Move(mine, null, path));
        Refused(() => lake.Move(mine, null, Path.GetDirectoryName(path) + "/new.csv"));
        Refused(() => lake.Delete(path));
        Refused(() =>
        {
            var made = Path.Combine(lake.Scratch, "made");
            File.WriteAllText(made, "x");
            lake.PutScratch(path, made);
        });
        Assert.Equal(["a.csv"], Directory.EnumerateFileSystemEntries(outside).Select(Path.GetFileName));
        Assert.Equal(Secret, File.ReadAllText(Path.Combine(outside, "a.csv")));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(folder, "landing/streams/mine.csv")));
    }

    [Fact]
    public void TheOwnersFoldersMayBeLinks()
    {
        Directory.Delete(Path.Combine(folder, "landing/streams"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "landing/streams"), outside);
        Write(outside, "sub/b.csv", "b");
        Assert.Equal(
            ["landing/streams/a.csv", "landing/streams/sub/b.csv"],
            lake.List("landing/streams").Select(found => found.Path)
        );
        Assert.Equal("b", Read("landing/streams/sub/b.csv"));
        Assert.True(lake.Move(lake.Find("landing/streams/a.csv")!, null, "archive/streams/x-a.csv"));
        Assert.Equal(Secret, Read("archive/streams/x-a.csv"));
    }

    [Fact]
    public void AFileOfTheLakeThatBecameALinkIsReplacedAndNotWrittenThrough()
    {
        Directory.CreateDirectory(Path.Combine(folder, "kpis/daily"));
        File.CreateSymbolicLink(Path.Combine(folder, "kpis/daily/a.csv"), Path.Combine(outside, "a.csv"));
        Assert.Null(lake.Find("kpis/daily/a.csv"));
        Assert.Empty(lake.List("kpis"));
        lake.Put([("kpis/daily/a.csv", Encoding.UTF8.GetBytes("ours"))]);
        Assert.Equal("ours", Read("kpis/daily/a.csv"));
        Assert.Equal(Secret, File.ReadAllText(Path.Combine(outside, "a.csv")));
    }

    [Fact]
    public void UnfinishedWorkBehindALinkIsNotDeleted()
    {
        Directory.SetLastWriteTimeUtc(outside, DateTime.UtcNow.AddDays(-1));
        File.SetLastWriteTimeUtc(Path.Combine(outside, "a.csv"), DateTime.UtcNow.AddDays(-1));
        Directory.CreateSymbolicLink(Path.Combine(folder, ".tmp"), outside);
        lake.DeleteScratch();
        Assert.Throws<UnauthorizedAccessException>(() => lake.Scratch);
        Assert.Throws<UnauthorizedAccessException>(() => lake.Put([("kpis/x", [1])]));
        Assert.Equal(["a.csv"], Directory.EnumerateFileSystemEntries(outside).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("rm a.csv; ln -s OUTSIDE/a.csv a.csv")]
    [InlineData("rm a.csv; mkfifo a.csv")]
    [InlineData("rm a.csv; mkdir a.csv")]
    [InlineData("cd ..; rm -r sub; ln -s OUTSIDE sub")]
    public void WhatIsSwappedBetweenListingAndOpeningIsNotRead(string swap)
    {
        Write(folder, "landing/streams/sub/a.csv", new string('x', Secret.Length));
        var listed = Assert.Single(lake.List("landing/streams"));
        Shell.Run(
            Path.Combine(folder, "landing/streams/sub"),
            swap.Replace("OUTSIDE", outside, StringComparison.Ordinal)
        );
        foreach (
            var read in (Action[])
                [
                    () => ((ILake)lake).Open(listed).ReadByte(),
                    () => ((ILake)lake).OpenRange(listed, 0, 5).ReadByte(),
                    () => lake.OpenBytes(listed.Path).Read(0, new byte[5]),
                ]
        )
        {
            var error = Record.Exception(read);
            Assert.True(error is IOException or UnauthorizedAccessException, error?.ToString() ?? "It was read.");
        }

        var moved = Record.Exception(() => Assert.False(lake.Move(listed, null, "archive/streams/x-a.csv")));
        Assert.True(moved is null or IOException or UnauthorizedAccessException, moved?.ToString());
        Assert.Null(lake.Find("archive/streams/x-a.csv"));
        Assert.Equal(Secret, File.ReadAllText(Path.Combine(outside, "a.csv")));
    }

    /// <summary>A folder is a folder and a link in turns, as fast as it goes; what is read is never what lies behind the link.</summary>
    [Fact]
    public async Task ASwapDuringOpeningIsNoticed()
    {
        var streams = Path.Combine(folder, "landing/streams");
        var (sub, kept, link) = (
            Path.Combine(streams, "sub"),
            Path.Combine(streams, "kept"),
            Path.Combine(streams, "link")
        );
        Write(sub, "a.csv", "mine");
        Directory.CreateSymbolicLink(link, outside);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var swapping = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Directory.Move(sub, kept);
                Directory.Move(link, sub);
                Directory.Move(sub, link);
                Directory.Move(kept, sub);
            }
        });
        var (opened, refused) = (0L, 0L);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Assert.Equal("mine", Read("landing/streams/sub/a.csv"));
                opened++;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                refused++;
            }
        }

        await swapping;
        TestReport.Set("security", ("files opened while their folder was swapped for a link", opened + refused));
    }

    /// <summary>Whoever holds another name of a file could change what was archived; that is what hashes are for.</summary>
    [Fact]
    public void AHardLinkIsAFileAsAnyOther()
    {
        Shell.Run(Path.Combine(folder, "landing/streams"), "printf x > a.csv; ln a.csv b.csv");
        Assert.Equal(2, lake.List("landing/streams").Count);
        Assert.True(lake.Move(lake.Find("landing/streams/a.csv")!, null, "archive/streams/x-a.csv"));
        Assert.Equal("x", Read("landing/streams/b.csv"));
    }

    string Read(string path)
    {
        using var reader = new StreamReader(lake.Open(path));
        return reader.ReadToEnd();
    }

    static void Write(string folder, string path, string text)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
