using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests;

/// <summary>What every lake promises.</summary>
public abstract class LakeContract
{
    protected abstract ILake Lake { get; }

    /// <summary>Another process at the same lake.</summary>
    protected abstract ILake Another();

    /// <summary>Puts an object as a producer does, who knows nothing of Downbeat.</summary>
    protected abstract void Land(string path, byte[] bytes);

    [Fact]
    public void WhatWasPutIsThere()
    {
        Lake.Put([("a/one.txt", Bytes("1")), ("a/two.txt", Bytes("22")), ("b", Bytes(""))]);
        Assert.Equal("1", Read("a/one.txt"));
        Assert.Equal("", Read("b"));
        Assert.Equal(2, Lake.Find("a/two.txt")!.Size);
        Lake.Put([("a/one.txt", Bytes("other"))]);
        Assert.Equal("other", Read("a/one.txt"));
        Assert.Equal(["a/one.txt", "a/two.txt"], Lake.List("a").Select(found => found.Path));
    }

    [Fact]
    public void WhatWasPutIsListedAsItIsSaidUntilSomebodyPutsSomethingElse()
    {
        LakeObject[] Put(string text) => [.. Lake.PutSeen([("kpis/a.csv", Bytes(text)), ("kpis/b.csv", Bytes(text))])];

        // What differs when the bytes differ is the version, where there is one; else the time.
        static (string, long, object) Shown(LakeObject one) =>
            (one.Path, one.Size, one.Version is { } version ? version : one.Modified);
        var seen = Put("1");
        Assert.Equal(seen.Select(Shown), Another().List("kpis").Select(Shown));
        Another().Put([("kpis/b.csv", Bytes("2"))]);
        var listed = Lake.List("kpis");
        Assert.Equal(Shown(seen[0]), Shown(listed[0]));
        Assert.NotEqual(Shown(seen[1]), Shown(listed[1]));
    }

    [Fact]
    public void WhatIsNotThereIsNotFound()
    {
        Assert.Null(Lake.Find("nothing"));
        Assert.Null(Lake.Find("no/such/folder"));
        Assert.Empty(Lake.List("nowhere"));
        Assert.ThrowsAny<IOException>(() => Read("nothing"));
        var error = Record.Exception(() => Lake.OpenBytes("no/such"));
        Assert.True(error is FileNotFoundException or DirectoryNotFoundException, error?.ToString());
        Lake.Delete("nothing");
        Lake.Delete(["nothing", "nowhere/either"]);
    }

    [Fact]
    public void AnObjectIsListedAsItIsFound()
    {
        Land("landing/streams/a.csv", Bytes("a,b\n"));
        Assert.Equal(Lake.Find("landing/streams/a.csv"), Assert.Single(Lake.List("landing/streams")));
        Assert.Equal(Lake.Find("landing/streams/a.csv"), Assert.Single(Another().List("landing")));
        Assert.Empty(Lake.List("landing/stream")); // A folder is no prefix.
    }

    [Theory]
    [InlineData("plain.csv")]
    [InlineData("with space.csv")]
    [InlineData("with+plus.csv")]
    [InlineData("100%25.csv")]
    [InlineData("naïve — 日本語 🎵.csv")]
    [InlineData("quote'\"&<>=?#;:@!$(),~*|^`{}[]\\.csv")]
    [InlineData("deep/er/and/deeper.csv")]
    [InlineData("e\u0301.csv")]
    [InlineData("line\nfeed and \u0001.csv")]
    public void AnyNameWillDo(string name)
    {
        var path = $"landing/streams/{name}";
        Land(path, Bytes(name));
        var listed = Assert.Single(Lake.List("landing/streams"));
        Assert.Equal(path, listed.Path);
        Assert.Equal(listed, Lake.Find(path));
        using (var stream = Lake.Open(listed))
        {
            Assert.Equal(name, Text(stream));
        }

        var target = $"archive/streams/id-{name}";
        Assert.True(Lake.Move(listed, null, target));
        Assert.Null(Lake.Find(path));
        Assert.Equal(name, Read(target));
        Lake.Delete([target, "archive/nothing"]);
        Assert.Null(Lake.Find(target));
    }

    [Fact]
    public void ThousandsAreListedInByteOrder()
    {
        var names = Enumerable
            .Range(0, 2500)
            .Select(number => $"landing/streams/{number % 7}/é{number:x}.csv")
            .ToList();
        Parallel.ForEach(names, new() { MaxDegreeOfParallelism = 16 }, name => Land(name, Bytes(name)));
        var listed = Lake.List("landing/streams");
        names.Sort(Utf8Order.Compare);
        Assert.Equal(names, listed.Select(found => found.Path));
        Assert.Equal(names[1700..], Lake.ListBehind("landing/streams", names[1699]).Select(found => found.Path));
        Assert.Equal(names, Lake.ListBehind("landing/streams", null).Select(found => found.Path));

        Lake.Expect(listed);
        foreach (var one in listed.Take(300).Concat(listed.Skip(2400).Reverse()))
        {
            using var stream = Lake.Open(one);
            Assert.Equal(one.Path, Text(stream));
        }

        Lake.Delete([.. names.Take(1500)]);
        Assert.Equal(1000, Lake.List("landing/streams").Count);
    }

    [Fact]
    public void OfManyWhoPutIfAbsentOneWins()
    {
        for (var round = 0; round < 5; round++)
        {
            var path = $"ledger/{round:D20}.json";
            var won = new bool[16];
            Parallel.For(
                0,
                won.Length,
                new() { MaxDegreeOfParallelism = won.Length },
                one => won[one] = Lake.PutIfAbsent(path, Bytes($"writer {one}"))
            );
            Assert.Single(won, true);
            Assert.Equal($"writer {Array.IndexOf(won, true)}", Read(path));
        }

        Lake.Delete("ledger/00000000000000000000.json");
        Assert.True(Lake.PutIfAbsent("ledger/00000000000000000000.json", Bytes("again")));
    }

    [Fact]
    public void AScratchFileBecomesAnObject()
    {
        var file = Path.Combine(Lake.Scratch, "made");
        File.WriteAllText(file, "of a slice");
        Lake.PutScratch("slices/date=2024-06-25/a-0.slice", file);
        Assert.False(File.Exists(file));
        Lake.Flush();
        Assert.Equal("of a slice", Read("slices/date=2024-06-25/a-0.slice"));
        Assert.Equal("slice", Middle(Lake, "slices/date=2024-06-25/a-0.slice", 5, 5));
        Assert.Equal("slice", Middle(Another(), "slices/date=2024-06-25/a-0.slice", 5, 5));
        File.WriteAllText(file, "another");
        Lake.PutScratch("slices/date=2024-06-25/a-0.slice", file);
        Assert.Equal("another", Middle(Lake, "slices/date=2024-06-25/a-0.slice", 0, 7)); // Without waiting.
        Lake.DeleteScratch();
        Assert.False(File.Exists(file));
        Assert.Equal("another", Middle(Lake, "slices/date=2024-06-25/a-0.slice", 0, 7));
    }

    /// <summary>Longer than any request, chunk or part.</summary>
    [Fact]
    public void ALargeObjectIsReadAsItWasWritten()
    {
        const int Size = 300_000_000;
        var bytes = new byte[Size];
        new Random(1).NextBytes(bytes);
        var file = Path.Combine(Lake.Scratch, "large");
        File.WriteAllBytes(file, bytes);
        Lake.PutScratch("landing/streams/large.csv", file);
        Lake.Flush();
        var found = Lake.Find("landing/streams/large.csv")!;
        Assert.Equal(Size, found.Size);
        AssertSame(bytes, Lake.Open(found.Path));
        AssertSame(bytes, Lake.Open(found));
        AssertSame(bytes.AsSpan(12_345_678..(Size - 1)), Lake.OpenRange(found, 12_345_678, Size - 1));
        var random = Another().OpenBytes(found.Path);
        Assert.Equal(Size, random.Length);
        foreach (
            var (from, length) in ((int, int)[])[(Size - 9, 9), (Size - 5_000_000, 4_000_000), (7, 100_000), (0, 1)]
        )
        {
            var read = new byte[length];
            random.Read(from, read);
            Assert.True(read.AsSpan().SequenceEqual(bytes.AsSpan(from, length)));
        }

        Assert.Throws<EndOfStreamException>(() => random.Read(Size - 5, new byte[6]));
        Assert.True(Lake.Move(found, null, "archive/streams/large.csv"));
        Assert.Null(Lake.Find(found.Path));
        AssertSame(bytes, Lake.Open("archive/streams/large.csv"));
    }

    [Fact]
    public void WhatWasReplacedSinceItWasListedDoesNotMove()
    {
        Land("landing/streams/a.csv", Bytes("old"));
        var read = Lake.Find("landing/streams/a.csv")!;
        Land("landing/streams/a.csv", Bytes("newer"));
        Assert.False(Lake.Move(read, null, "archive/streams/a.csv"));
        Assert.Equal("newer", Read("landing/streams/a.csv"));
        Assert.Null(Lake.Find("archive/streams/a.csv"));
    }

    [Fact]
    public void WhatIsGoneDoesNotMove()
    {
        Land("landing/streams/a.csv", Bytes("a"));
        var read = Lake.Find("landing/streams/a.csv")!;
        Lake.Delete(read.Path);
        var error = Record.Exception(() => Assert.False(Lake.Move(read, null, "archive/streams/a.csv")));
        Assert.True(error is null or FileNotFoundException, error?.ToString());
        Assert.Null(Lake.Find("archive/streams/a.csv"));
    }

    [Fact]
    public void NothingMovesOntoSomething()
    {
        Land("landing/streams/a.csv", Bytes("a"));
        Lake.Put([("archive/streams/a.csv", Bytes("another"))]);
        Assert.Throws<IOException>(() => Lake.Move(Lake.Find("landing/streams/a.csv")!, null, "archive/streams/a.csv"));
        Assert.Equal("a", Read("landing/streams/a.csv"));
        Assert.Equal("another", Read("archive/streams/a.csv"));
    }

    /// <summary>A ledger that someone has written to names such paths; each operation of a lake is asked for each.</summary>
    [Fact]
    public void NothingLeadsOutOfTheLake()
    {
        string[] paths =
        [
            "..",
            "../outside",
            "../../../../../../../../etc/passwd",
            "a/../../outside",
            "landing/streams/../../lake.json",
            "landing/streams/../../../outside",
            "quarantine/../../../outside/rejects.csv",
            "slices/date=2024-06-25/../../../outside-0.slice",
            "./outside",
            "landing/./streams/a.csv",
            "/etc/passwd",
            "/",
            "//etc/passwd",
            "",
            ".",
            "a/..",
            "nul\0/../outside",
            "kpis/daily\0.csv",
        ];
        Land("landing/streams/a.csv", Bytes("a"));
        var landed = Lake.Find("landing/streams/a.csv")!;
        var tried = 0;
        foreach (var path in paths)
        {
            void Try(Action work)
            {
                tried++;
                var error = Record.Exception(work);
                Assert.True(error is UnauthorizedAccessException, $"{path}: {error}");
                Assert.Contains("leads out of the lake", error.Message, StringComparison.Ordinal);
            }

            Try(() => Lake.Find(path));
            Try(() => Lake.Open(path).Dispose());
            Try(() => Lake.Open(landed with { Path = path }).Dispose());
            Try(() => Lake.OpenRange(landed with { Path = path }, 0, 1).ReadByte());
            Try(() => Lake.OpenBytes(path).Read(0, new byte[1]));
            Try(() => Lake.Put([(path, Bytes("x"))]));
            Try(() => Lake.PutIfAbsent(path, Bytes("x")));
            Try(() => Lake.Replace(landed with { Path = path }, Bytes("x")));
            Try(() => Lake.Move(landed, null, path));
            Try(() => Lake.Move(landed with { Path = path }, null, "archive/streams/a.csv"));
            Try(() => Lake.Delete(path));
            Try(() => Lake.Delete([path]));
            Try(() =>
            {
                var made = Path.Combine(Lake.Scratch, "made");
                File.WriteAllText(made, "x");
                Lake.PutScratch(path, made);
                Lake.Flush();
            });
        }

        Assert.Equal("a", Read("landing/streams/a.csv"));
        TestReport.Set("security", ($"paths out of the lake tried, {GetType().Name}", tried));
    }

    /// <summary>Longer than a file system takes; whether another takes it is its own affair.</summary>
    [Fact]
    public void APathThatIsTooLongIsAnErrorAndNoCrash()
    {
        foreach (
            var path in (string[])
                [$"kpis/{new string('x', 5000)}", $"slices/{new string('/', 1)}x/{new string('y', 300)}"]
        )
        {
            var error = Record.Exception(() =>
            {
                Lake.Put([(path, Bytes("x"))]);
                Lake.Delete(path);
            });
            Assert.True(error is null or IOException or UnauthorizedAccessException, error?.ToString());
        }
    }

    static string Middle(ILake lake, string path, long offset, int length)
    {
        var read = new byte[length];
        lake.OpenBytes(path).Read(offset, read);
        return Encoding.UTF8.GetString(read);
    }

    static void AssertSame(ReadOnlySpan<byte> expected, Stream stream)
    {
        using (stream)
        {
            var buffer = new byte[1 << 20];
            while (stream.Read(buffer) is > 0 and var read)
            {
                Assert.True(expected[..read].SequenceEqual(buffer.AsSpan(0, read)));
                expected = expected[read..];
            }
        }

        Assert.Equal(0, expected.Length);
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected string Read(string path)
    {
        using var stream = Lake.Open(path);
        return Text(stream);
    }

    protected static string Text(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
