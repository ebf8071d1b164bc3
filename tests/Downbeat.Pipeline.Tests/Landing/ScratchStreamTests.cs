using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Landing;

public sealed class ScratchStreamTests
{
    const string InMemory = "/dev/shm";

    /// <summary>On a disk, and on a file system in memory, which may have no way past the page cache.</summary>
    public static TheoryData<string> Folders => [AppContext.BaseDirectory, Path.GetTempPath(), InMemory];

    [Theory]
    [MemberData(nameof(Folders))]
    public void WhatIsWrittenIsInTheFile(string folder)
    {
        Assert.SkipUnless(Directory.Exists(folder), "This machine has no such folder.");
        const int Block = 1 << 20;
        foreach (
            var size in (int[])
                [0, 1, 4095, 4096, 4097, Block - 1, Block, Block + 1, (2 * Block) - 4096, 2 * Block, (3 * Block) + 123]
        )
        {
            var random = new Random(size);
            var bytes = new byte[size];
            random.NextBytes(bytes);
            foreach (var most in (int[])[1 + (size / 3), 100_000, 5 * Block])
            {
                var file = ScratchStream.NewName(folder);
                try
                {
                    using (var stream = new ScratchStream(file))
                    {
                        for (var at = 0; at < size; )
                        {
                            var length = Math.Min(size - at, random.Next(1, most + 1));
                            stream.Write(bytes, at, length);
                            at += length;
                            Assert.Equal(at, stream.Position);
                        }

                        Assert.Equal(size, stream.Length);
                    }

                    Assert.True(bytes.AsSpan().SequenceEqual(File.ReadAllBytes(file)), $"{size} bytes in {folder}");
                }
                finally
                {
                    File.Delete(file);
                }
            }
        }
    }

    [Fact]
    public void StreamsMayBeOpenSideBySide()
    {
        var folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
        RandomRounds.Run(
            5,
            random =>
            {
                var files = Enumerable
                    .Range(0, 8)
                    .Select(number => (Path: ScratchStream.NewName(folder), Number: (byte)number))
                    .Select(file => (file.Path, file.Number, Stream: new ScratchStream(file.Path)))
                    .ToList();
                var written = new int[files.Count];
                for (var writes = 0; writes < 100; writes++)
                {
                    var number = random.Next(files.Count);
                    var piece = new byte[random.Next(100_000)];
                    piece.AsSpan().Fill((byte)number);
                    files[number].Stream.Write(piece);
                    written[number] += piece.Length;
                }

                foreach (var (path, number, stream) in files)
                {
                    stream.Dispose();
                    stream.Dispose(); // Nobody else gets its buffer twice.
                    var bytes = File.ReadAllBytes(path);
                    Assert.Equal(written[number], bytes.Length);
                    Assert.False(bytes.AsSpan().ContainsAnyExcept(number));
                    File.Delete(path);
                }
            }
        );
        Directory.Delete(folder);
    }

    [Fact]
    public void AFileThatIsThereIsNeitherWrittenOverNorDeleted()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "precious");
        foreach (var size in (int[])[10, 3 << 20])
        {
            Assert.Throws<IOException>(() =>
            {
                using var stream = new ScratchStream(file);
                stream.Write(new byte[size]);
            });
            Assert.Equal("precious", File.ReadAllText(file));
        }

        File.Delete(file);
    }

    /// <summary>Whether in the middle, or with what is left at the end.</summary>
    [Fact]
    public void AFullDiskIsAnIOExceptionThatNamesTheDisk()
    {
        var folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
        Assert.SkipUnless(
            Execute("mount", "-t", "tmpfs", "-o", "size=2m", "downbeat-test", folder),
            "Who runs the tests may not mount a small file system."
        );
        try
        {
            AssertTellsThatTheDiskIsFull(folder);
        }
        finally
        {
            Assert.True(Execute("umount", folder));
            Directory.Delete(folder);
        }
    }

    [Fact]
    public void AFolderThatIsGoneIsAnIOException() =>
        Assert.ThrowsAny<IOException>(() =>
        {
            using var stream = new ScratchStream(Path.Combine(Path.GetTempPath(), "downbeat-no-such-folder", "file"));
            stream.Write(new byte[2 << 20]);
        });

    /// <summary>The disk has room for 2 MiB.</summary>
    static void AssertTellsThatTheDiskIsFull(string folder)
    {
        foreach (var size in (int[])[(2 << 20) + 1, 3 << 20, (4 << 20) + 5])
        {
            var file = ScratchStream.NewName(folder);
            var error = Assert.ThrowsAny<IOException>(() =>
            {
                using var stream = new ScratchStream(file);
                stream.Write(new byte[size]);
            });
            Assert.Contains($"no room is left on the disk of {folder}", error.Message, StringComparison.Ordinal);
            File.Delete(file);
        }
    }

    static bool Execute(string program, params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true, // "Must be superuser" is no news.
        };
        try
        {
            using var process = System.Diagnostics.Process.Start(start)!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // There is no such program.
        }
    }
}
