using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class TrackIndexTests
{
    [Fact]
    public void AnIndexWithoutIdsFindsNothing()
    {
        Assert.Equal(-1, TrackIndex.Empty.Find("t"u8));
        Assert.Equal(-1, TrackIndex.Empty.Find("\0"u8));
        Assert.Equal(-1, TrackIndex.Empty.Find(new byte[24]));
        Assert.Equal([-1], FindAll(TrackIndex.Empty, ["\0"], new Random(1)));
    }

    [Fact]
    public void AnIdIsNoOtherThatItBeginsWithOrThatZerosFollow()
    {
        string[] ids = ["\0", "\0\0", "a", "a\0", "a\0\0\0", "ab", new('c', 23), new('c', 24)];
        var index = new TrackIndex(Given.Texts(ids));
        for (var number = 0; number < ids.Length; number++)
        {
            Assert.Equal(number, index.Find(Given.Bytes(ids[number])));
        }

        string[] others = ["\0\0\0", "a\0\0", "abc", "b", "ab\0", new('c', 22), new('c', 25), new('c', 64)];
        Assert.All(others, other => Assert.Equal(-1, index.Find(Given.Bytes(other))));
        Assert.Equal(Enumerable.Range(0, ids.Length), FindAll(index, ids, new Random(1)));
        Assert.Equal(others.Select(_ => -1), FindAll(index, others, new Random(1)));
    }

    /// <summary>Tables from free to as full as they get, in which most ids stand at another's place.</summary>
    [Fact]
    public void WhatADictionaryFindsIsFound() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var longest = random.Next(3) switch
                {
                    0 => 3,
                    1 => 30,
                    _ => 70,
                };
                var ids = new SortedSet<string>(StringComparer.Ordinal);
                var count = random.Next(4) == 0 ? random.Next(5000) : random.Next(60);
                for (var id = 0; id < count; id++)
                {
                    ids.Add(RandomId(random, ids, longest));
                }

                var numbers = ids.Index().ToDictionary(id => id.Item, id => id.Index, StringComparer.Ordinal);
                var index = new TrackIndex(Given.Texts(ids));
                Assert.Equal(ids, Given.ListOf(index.Tracks));
                List<string> asked = [.. ids, .. Enumerable.Range(0, 200).Select(_ => RandomId(random, ids, longest))];
                var expected = asked
                    .Select(id => id.Length <= TrackIndex.MaxBytes ? numbers.GetValueOrDefault(id, -1) : -1)
                    .ToList();
                Assert.Equal(expected, asked.Select(id => index.Find(Given.Bytes(id))));
                Assert.Equal(expected, FindAll(index, asked, random));
            }
        );

    /// <summary>Ids of few letters, often with one that is there already at the begin.</summary>
    static string RandomId(Random random, SortedSet<string> ids, int longest)
    {
        var some = random.Next(3) == 0 && ids.Count > 0 ? ids.GetViewBetween(RandomText(random, 2), "\u00FF").Min : "";
        var id = (some ?? "") + RandomText(random, random.Next(1, longest + 1));
        return id[..Math.Min(id.Length, 64)];
    }

    static string RandomText(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => "\0ab\u00FE"[random.Next(4)]));

    /// <summary>Looks up ids side by side, where they lie among other bytes.</summary>
    static int[] FindAll(TrackIndex index, IReadOnlyList<string> ids, Random random)
    {
        var bytes = new List<byte>();
        var starts = new int[ids.Count];
        for (var id = 0; id < starts.Length; id++)
        {
            starts[id] = bytes.Count;
            bytes.AddRange(Given.Bytes(ids[id]));
            bytes.AddRange(Given.Bytes(RandomText(random, random.Next(3))));
        }

        var behind = new byte[TrackIndex.ReadBytes - 1]; // Behind an id of one byte.
        random.NextBytes(behind);
        var numbers = new int[starts.Length];
        index.Find([.. bytes, .. behind], starts, [.. ids.Select(id => id.Length)], numbers);
        return numbers;
    }
}
