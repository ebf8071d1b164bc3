using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>The content hash is that of docs/lake.md, however the bytes come.</summary>
public sealed class ContentHashTests
{
    static readonly byte[] Bytes = XxHash3Tests.Pattern((3 * ContentHash.BlockBytes) + 70_000);

    [Theory] // Made with the commands that docs/lake.md gives, by xxhsum 0.8.1.
    [InlineData(0, "2c0a8a99dc147d5445c3b49d035665b2")]
    [InlineData(1, "252c95858028fe075caa5d652f757958")]
    [InlineData(1_048_576, "61c3b2116ddbf0a6f6c9ee9bbcad6e1f")]
    [InlineData(1_048_577, "319c36f65e128fd97826ca9ae39f1de1")]
    [InlineData(3_145_728, "5881d2ce3936feba0b1792b8f4d39b00")]
    [InlineData(3_145_733, "a05a66b35bf6bb66d08a989649285a1a")]
    public void TheHashIsThatOfTheDocumentedCommands(int length, string hash)
    {
        Assert.Equal(hash, OfBlocks(length));
        Assert.Equal(hash, Sequential(length).Finish());
        using var stream = new MemoryStream(Bytes, 0, length);
        Assert.Equal(hash, ContentHash.Of(stream));
    }

    [Fact]
    public void AnySplitGivesTheSameAndSoDoesCombine() =>
        RandomRounds.Run(
            30,
            random =>
            {
                var length = RandomLength(random);
                var hash = new ContentHash.Sequential();
                var longest = 1 << random.Next(4, 22);
                for (var at = 0; at < length; )
                {
                    var piece = random.Next(Math.Min(longest, length - at) + 1);
                    hash.Append(Bytes.AsSpan(at, piece));
                    at += piece;
                }

                Assert.Equal(length, hash.Length);
                Assert.Equal(OfBlocks(length), hash.Finish());
                Assert.Equal(hash.Finish(), hash.Finish());
            }
        );

    [Fact]
    public void PrefixesHaveTheHashesOfFilesThatEndThere() =>
        RandomRounds.Run(
            20,
            random =>
            {
                var length = RandomLength(random);
                long[] sizes =
                [
                    .. Enumerable.Range(0, 5).Select(_ => (long)RandomLength(random)),
                    0,
                    length,
                    ContentHash.BlockBytes,
                    length, // Two older versions may have the same size.
                ];
                var hash = new ContentHash.Sequential(sizes);
                var half = random.Next(length + 1);
                hash.Append(Bytes.AsSpan(0, half));
                hash.Append(Bytes.AsSpan(half, length - half));
                Assert.All(sizes, size => Assert.Equal(size <= length ? OfBlocks((int)size) : null, hash.Prefix(size)));
                Assert.Equal(OfBlocks(length), hash.Finish());
                Assert.Null(new ContentHash.Sequential().Prefix(0));
            }
        );

    [Fact]
    public void EveryByteAndTheLengthCount()
    {
        var bytes = Bytes.AsSpan(0, (2 * ContentHash.BlockBytes) + 5).ToArray();
        var before = Of(bytes);
        foreach (var at in (int[])[0, ContentHash.BlockBytes - 1, ContentHash.BlockBytes, bytes.Length - 1])
        {
            bytes[at] ^= 1;
            Assert.NotEqual(before, Of(bytes));
            bytes[at] ^= 1;
        }

        Assert.Equal(before, Of(bytes));
        Assert.NotEqual(Of(new byte[7]), Of(new byte[8]));
    }

    [Fact]
    public void BlocksThatCannotBeThoseOfALengthAreRefused()
    {
        Assert.Throws<ArgumentException>(() => ContentHash.Combine([], 1));
        Assert.Throws<ArgumentException>(() => ContentHash.Combine([1], 0));
        Assert.Throws<ArgumentException>(() => ContentHash.Combine([1], ContentHash.BlockBytes + 1));
    }

    static int RandomLength(Random random) =>
        random.Next(3) switch
        {
            0 => random.Next(2_000),
            1 => random.Next(Bytes.Length + 1),
            _ => (random.Next(1, 4) * ContentHash.BlockBytes) + random.Next(-2, 3),
        };

    static string Of(byte[] bytes)
    {
        var hash = new ContentHash.Sequential();
        hash.Append(bytes);
        return hash.Finish();
    }

    static ContentHash.Sequential Sequential(int length)
    {
        var hash = new ContentHash.Sequential();
        hash.Append(Bytes.AsSpan(0, length));
        return hash;
    }

    static string OfBlocks(int length) =>
        ContentHash.Combine(
            [
                .. Enumerable
                    .Range(0, (length + ContentHash.BlockBytes - 1) / ContentHash.BlockBytes)
                    .Reverse() // In any order.
                    .Select(index =>
                        (
                            Index: index,
                            Hash: ContentHash.OfBlock(
                                Bytes.AsSpan(
                                    index * ContentHash.BlockBytes,
                                    Math.Min(ContentHash.BlockBytes, length - (index * ContentHash.BlockBytes))
                                )
                            )
                        )
                    )
                    .OrderBy(block => block.Index)
                    .Select(block => block.Hash),
            ],
            length
        );
}
