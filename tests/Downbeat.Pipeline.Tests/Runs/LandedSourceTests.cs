using System.Text;
using System.Text.Json;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Runs;

/// <summary>In how many sections a file is scanned, by whom and in which order, changes nothing of what is kept of it.</summary>
public sealed class LandedSourceTests : IDisposable
{
    const string Key = "landing/streams/drop.csv";
    const int Block = ContentHash.BlockBytes; // Sections begin at multiples of it.
    const string Header = "user_id,track_id,listen_time,x\n";

    static readonly byte[] SomeRows = Rows(3 * Block);

    readonly TestLake lake = new();

    public void Dispose() => lake.Dispose();

    [Fact]
    public void AnyFileIsTheSameInAnyNumberOfSections() =>
        RandomRounds.Run(
            8,
            random =>
            {
                var odd = new OddListens(random, mayQuote: random.Next(8) == 0);
                var file = RandomFile(random, odd, random.Next(7 * Block));
                AssertSameInSections(file, odd.Zone, odd.Arrived, random, random.Next(2) == 0 ? 1 : 0.05);
            }
        );

    /// <summary>Rows end at, just before and just behind the place where a section begins, in LF and in CR LF.</summary>
    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void RowsMayEndAnywhereAroundTheBeginOfASection(string lineEnd)
    {
        for (var behind = -2; behind <= 2; behind++)
        {
            var file = new StringBuilder("user_id,track_id,listen_time,x" + lineEnd);
            for (var border = Block; border <= 2 * Block; border += Block)
            {
                file.Append("no listen" + lineEnd).Append("1,t,2024-06-25 12:00:00,");
                file.Append('x', border + behind - lineEnd.Length - file.Length).Append(lineEnd);
                file.Append(lineEnd).Append("2,t,2024-06-25 12:00:01," + lineEnd);
            }

            AssertSameInSections(Encoding.UTF8.GetBytes(file.ToString()), "UTC", TestLake.Arrived, new(behind), 1);
        }
    }

    [Theory]
    [InlineData("1,t,2024-06-25 12:00:00,\"quoted\nwith a line feed\"\n")]
    [InlineData("1,t,2024-06-25 12:00:00,\"quoted\n1,t,2024-06-25 13:00:00,no row\"\n")]
    [InlineData("1,t,2024-06-25 12:00:00,\"\n2,t,2024-06-25 13:00:00,never closed\n")]
    [InlineData("1,t,2024-06-25 12:00:00,in the \" middle\n")]
    [InlineData("\"\n")]
    public void AQuotedLineFeedAtTheBeginOfASectionIsNoLineEnd(string row)
    {
        var lineFeed = row.IndexOf('\n', StringComparison.Ordinal);
        for (var behind = -1; behind <= 1; behind++)
        {
            var file = Encoding.UTF8.GetBytes(Header + Filling((2 * Block) - Header.Length - lineFeed + behind) + row);
            AssertSameInSections([.. file, .. file[Header.Length..]], "UTC", TestLake.Arrived, new(behind), 1);
        }
    }

    [Fact]
    public void ALongLineMayFillManySections()
    {
        foreach (var ending in (string[])["", "\n", "\n1,t,2024-06-25 12:00:00,\n"])
        {
            var zeros = new string('\0', (3 * Block) + (Block / 2));
            var file = Header + "1,t,2024-06-25 12:00:00,\n" + zeros + ending;
            AssertSameInSections(Encoding.UTF8.GetBytes(file), "UTC", TestLake.Arrived, new(1), 1);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("user_id,track_id\n1,t\n")]
    [InlineData("\"user_id\",track_id,listen_time\n1,t,2024-06-25 12:00:00\n")]
    [InlineData("user_id,track_id,listen_time")]
    [InlineData("user_id,track_id,listen_time\n1,t,2024-06-25 12:00:00\n")]
    public void AFileThatIsBetterReadAsAWholeIs(string text) =>
        AssertSameInSections(Encoding.UTF8.GetBytes(text), "UTC", TestLake.Arrived, new(1), 1);

    [Fact]
    public void AFileOfOtherBytesThanUtf8IsQuarantinedForTheFirstOfThem()
    {
        var file = Encoding.UTF8.GetBytes(Header + Filling(4 * Block));
        (file[^5], file[(2 * Block) + 77]) = (0xFF, 0xC3);
        AssertSameInSections(file, "UTC", TestLake.Arrived, new(1), 1);
    }

    [Fact]
    public void ASectionThatCannotBeReadFailsTheFileOnceAndLeavesNothing()
    {
        // The last reads of a section, of which there are three, and some before.
        var reads = 0;
        Scan(SomeRows, new ReadingLake(lake.Lake) { OnRead = () => Interlocked.Increment(ref reads) }, 3, new(0));
        for (var failsAt = 0; failsAt < reads; failsAt += failsAt < reads - 8 ? 5 : 1)
        {
            var read = 0;
            var faulty = new ReadingLake(lake.Lake)
            {
                OnRead = () =>
                {
                    if (Interlocked.Increment(ref read) > failsAt)
                    {
                        throw new IOException("The disk is broken.");
                    }
                },
            };
            var (entry, errors) = Scan(SomeRows, faulty, 3, new(failsAt));
            Assert.Null(entry);
            Assert.Equal("The disk is broken.", Assert.IsType<IOException>(Assert.Single(errors)).Message);
            Assert.Empty(lake.Unfinished());
        }
    }

    [Fact]
    public void AScanThatIsCancelledEndsSoAndLeavesNothing()
    {
        for (var cancelledAt = 0; ; cancelledAt += 3)
        {
            var read = 0;
            using var cancellation = new CancellationTokenSource();
            var reading = new ReadingLake(lake.Lake)
            {
                OnRead = () =>
                {
                    if (Interlocked.Increment(ref read) > cancelledAt)
                    {
                        cancellation.Cancel();
                    }
                },
            };
            var (entry, errors) = Scan(SomeRows, reading, 3, new(cancelledAt), cancellation.Token);
            if (read <= cancelledAt)
            {
                Assert.True(cancelledAt > 10, "It was read in so few reads that nothing was tried.");
                Assert.NotNull(entry); // Nobody has cancelled: it was read to its end before.
                break;
            }

            Assert.Null(entry);
            Assert.IsType<OperationCanceledException>(Assert.Single(errors));
            Assert.Empty(lake.Unfinished());
        }
    }

    /// <summary>Written anew, longer, shorter, or gone: what was scanned until then is nothing.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(-2 * Block)]
    [InlineData(int.MinValue)]
    public void AFileThatChangesWhileItIsReadIsLeft(int longer)
    {
        for (var changesAt = 1; ; changesAt += 3)
        {
            var read = 0;
            var reading = new ReadingLake(lake.Lake)
            {
                OnRead = () =>
                {
                    if (Interlocked.Increment(ref read) == changesAt)
                    {
                        Change(longer);
                    }
                },
            };
            var (entry, errors) = Scan(SomeRows, reading, 3, new(changesAt));
            if (read < changesAt)
            {
                Assert.True(changesAt > 10, "It was read in so few reads that nothing was tried.");
                Assert.NotNull(entry); // Nothing has changed: it was read to its end before.
                break;
            }

            Assert.Null(entry);
            Assert.True(longer == int.MinValue || errors.Count == 0, string.Join('\n', errors));
            Assert.All(errors, error => Assert.IsType<FileNotFoundException>(error));
            Assert.Empty(lake.Unfinished());
        }
    }

    [Fact]
    public void ARunLeavesNothingInScratch()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.Land(Key, SomeRows);
        var read = 0;
        using var cancellation = new CancellationTokenSource();
        var reading = new ReadingLake(lake.Lake)
        {
            OnRead = () =>
            {
                if (Interlocked.Increment(ref read) > 20)
                {
                    cancellation.Cancel();
                }
            },
        };
        var options = new RunOptions { Workers = 2, MinSectionBytes = Block };
        var reconciliation = new Reconciliation(
            reading,
            options,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
        );
        var record = reconciliation.Run(cancellationToken: cancellation.Token);
        Assert.Equal(RunOutcome.Stopped, record.Outcome);
        Assert.Empty(record.Errors);
        Assert.Empty(lake.Lake.List(".tmp"));
        Assert.Equal(RunOutcome.Done, lake.Run(options).Outcome);
        Assert.Empty(lake.Lake.List(".tmp"));
    }

    /// <summary>As when the disk is full: the file stays for the next run, at whatever slice or reject the lake gave up.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(28)]
    [InlineData(29)]
    [InlineData(30)]
    public void ALakeThatTakesNoMoreLeavesTheFileToTheNextRun(int failsAt)
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.Run();
        lake.Land(Key, SomeRows);
        var puts = 0;
        var full = new ReadingLake(lake.Lake)
        {
            OnRead = () => { },
            OnPutScratch = path =>
            {
                if (!path.StartsWith("kpis/", StringComparison.Ordinal) && Interlocked.Increment(ref puts) >= failsAt)
                {
                    throw new IOException("No space left on device.");
                }
            },
        };
        var options = new RunOptions { Workers = 2, MinSectionBytes = Block };
        var record = lake.Run(options, through: full);
        Assert.Contains("No space left", Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Empty(record.Scanned);
        Assert.Empty(lake.Lake.List(".tmp"));
        Assert.Empty(lake.Run(options).Errors);
        Assert.Equal(3059, Assert.Single(lake.State.Sources).Value.Entry.Accepted);
    }

    /// <summary>Rows of any kind, with line ends near the begins of sections, and now and then a very long line.</summary>
    static byte[] RandomFile(Random random, OddListens odd, int length)
    {
        var file = new MemoryStream();
        file.Write(Encoding.UTF8.GetBytes(odd.Header()));
        while (file.Length < length)
        {
            file.Write(Encoding.UTF8.GetBytes(odd.Row(random.Next(4000))));
            var left = Block - (file.Length % Block);
            if (left < 5000 && random.Next(2) == 0)
            {
                file.Write(Encoding.UTF8.GetBytes(new string('x', (int)left + random.Next(-3, 3)) + "\n"));
            }
            else if (random.Next(3000) == 0)
            {
                file.Write(Encoding.UTF8.GetBytes(new string('é', random.Next(Block)) + "\n"));
            }
        }

        file.SetLength(file.Length - random.Next(2));
        return random.Next(6) == 0 ? odd.Mutate(file.ToArray(), validOnly: random.Next(3) > 0) : file.ToArray();
    }

    /// <summary>Long rows without rejects or quotes.</summary>
    static string Filling(int length)
    {
        const string Row = "1,t,2024-06-25 12:00:00,";
        var rows = new StringBuilder();
        while (rows.Length < length)
        {
            var left = length - rows.Length;
            var row = left < 10_000 ? left : 3000;
            rows.Append(Row).Append('x', Math.Max(0, row - Row.Length - 1)).Append('\n');
        }

        return rows.ToString();
    }

    /// <summary>Rows of many dates, some of them rejected.</summary>
    static byte[] Rows(int length)
    {
        var rows = new StringBuilder(Header);
        for (var row = 0; rows.Length < length; row++)
        {
            rows.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{row},t{row % 5},2024-06-{1 + (row % 28):d2} 12:00:00,{new string('x', 1000)}\n"
            );
            rows.Append(row % 300 == 0 ? "no listen\n" : "");
        }

        return Encoding.UTF8.GetBytes(rows.ToString());
    }

    void Change(int longer)
    {
        var file = Path.Combine(lake.Folder, Key);
        if (longer == int.MinValue)
        {
            File.Delete(file);
            return;
        }

        using var stream = new FileStream(
            file,
            new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
            }
        );
        stream.SetLength(SomeRows.Length + longer);
        stream.Write("user_id"u8);
    }

    static void AssertSameInSections(
        byte[] file,
        string zone,
        DateTimeOffset arrived,
        Random random,
        double maxRejectedShare
    )
    {
        var expected = Keep(file, 1);
        foreach (var sections in (int[])[2, 3, 7])
        {
            var found = Keep(file, sections);
            Assert.Equal(expected.Entry, found.Entry);
            Assert.Equal(expected.Files.Keys, found.Files.Keys);
            foreach (var (path, bytes) in expected.Files)
            {
                Assert.True(bytes.AsSpan().SequenceEqual(found.Files[path]), $"{path} differs in {sections} sections.");
            }
        }

        (string Entry, SortedDictionary<string, byte[]> Files) Keep(byte[] file, int sections)
        {
            using var other = new TestLake(zone);
            other.Land(Key, file, arrived);
            var options = new RunOptions { MaxRejectedShare = maxRejectedShare };
            var (entry, errors) = Scan(other, other.Lake, options, sections, random);
            Assert.Empty(errors);
            Assert.NotNull(entry);
            Assert.Empty(other.Unfinished());
            var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
            foreach (
                var kept in other
                    .Lake.List("")
                    .Where(kept => kept.Path is not LakePaths.Lake and not LakePaths.LakeCopy and not Key)
                    .Where(kept => !kept.Path.StartsWith(".tmp/", StringComparison.Ordinal))
            )
            {
                files.Add(kept.Path, File.ReadAllBytes(Path.Combine(other.Folder, kept.Path)));
            }

            return (JsonSerializer.Serialize(entry), files);
        }
    }

    (SourceEntry? Entry, List<Exception> Errors) Scan(
        byte[] file,
        ILake through,
        int sections,
        Random random,
        CancellationToken cancellationToken = default
    )
    {
        lake.Land(Key, file);
        return Scan(lake, through, new() { MaxRejectedShare = 1 }, sections, random, cancellationToken);
    }

    /// <summary>Scans the file by one worker or several, its sections in any order.</summary>
    static (SourceEntry? Entry, List<Exception> Errors) Scan(
        TestLake lake,
        ILake through,
        RunOptions options,
        int sections,
        Random random,
        CancellationToken cancellationToken = default
    )
    {
        var landed = lake.Lake.Find(Key)!;
        var source = new LandedSource(through, options, landed, [], _ => false, sections);
        Assert.InRange(source.Sections, 1, sections);
        int[] order = [.. Enumerable.Range(0, source.Sections)];
        random.Shuffle(order);
        var zone = LakeFile.Read(lake.Lake).FindZone();
        var known = new TrackIndex(new Texts.Builder().Build());
        var errors = new List<Exception>();
        var entries = new List<SourceEntry?>();
        var done = 0;
        var next = -1;
        void Work()
        {
            var scan = new SectionScan(through, zone, known, 4 << 20, options.MaxDatesPerFile, (_, _) => { });
            while (Interlocked.Increment(ref next) is var at && at < order.Length)
            {
                try
                {
                    var isDone = source.Scan(scan, order[at], cancellationToken);
                    var entry = isDone ? source.Keep() : null;
                    lock (entries)
                    {
                        done += isDone ? 1 : 0;
                        entries.Add(entry);
                    }
                }
                catch (Exception error) when (error is IOException or OperationCanceledException)
                {
                    lock (entries)
                    {
                        errors.Add(error);
                    }
                }
            }
        }

        var workers = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Task.Run(Work, CancellationToken.None));
        Task.WaitAll([.. workers], CancellationToken.None);
        Assert.Equal(1, done + errors.Count); // Whoever waits for the file learns once that it is done.
        return (entries.SingleOrDefault(entry => entry is not null), errors);
    }

    /// <summary>Tells of everything that is read.</summary>
    sealed class ReadingLake(ILake inner) : ForwardingLake(inner)
    {
        public required Action OnRead { get; init; }

        public Action<string>? OnPutScratch { get; init; }

        public override void PutScratch(string path, string scratchFile)
        {
            OnPutScratch?.Invoke(path);
            base.PutScratch(path, scratchFile);
        }

        public override Stream Open(string path)
        {
            OnRead();
            return base.Open(path);
        }

        public override IByteSource OpenBytes(string path) => new ReadingBytes(base.OpenBytes(path), OnRead);
    }

    sealed class ReadingBytes(IByteSource inner, Action onRead) : IByteSource
    {
        public string Name => inner.Name;

        public long Length => inner.Length;

        public void Read(long offset, Span<byte> destination)
        {
            onRead();
            inner.Read(offset, destination);
        }
    }
}
