using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class TextsTests
{
    [Fact]
    public void TextsAreKeptInOrder()
    {
        var builder = new Texts.Builder();
        string[] given = ["b", "", "a", new('x', 5000), "b"];
        foreach (var text in given)
        {
            builder.Add(Given.Bytes(text));
            Assert.Equal(Given.Bytes(text), builder.Last);
        }

        var texts = builder.Build();
        Assert.Equal((5, 5003), (texts.Count, texts.ByteCount));
        Assert.Equal(given, Given.ListOf(texts));
        Assert.Equal(Given.Bytes(given[3]), texts.Memory(3).ToArray());
    }

    [Fact]
    public void ABuilderThatGoesOnLeavesWhatItBuilt()
    {
        var builder = new Texts.Builder();
        builder.Add("a"u8);
        var before = builder.Build();
        builder.Add("b"u8);
        Assert.Equal(["a"], Given.ListOf(before));
        Assert.Equal(["a", "b"], Given.ListOf(builder.Build()));
    }

    [Fact]
    public void ATextIsFoundOrWhereItWouldStand()
    {
        var texts = Given.Texts("B", "a", "aa", "\u00C3");
        Assert.Equal(0, texts.Find("B"u8));
        Assert.Equal(2, texts.Find("aa"u8));
        Assert.Equal(~0, texts.Find(""u8));
        Assert.Equal(~1, texts.Find("Z"u8));
        Assert.Equal(~2, texts.Find("a\0"u8));
        Assert.Equal(~4, texts.Find("é"u8));
        Assert.Equal(~0, Given.Texts().Find("a"u8));
    }

    [Fact]
    public void FindAgreesWithASearchFromTheStart() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var ids = SortedIds(random, random.Next(40));
                var texts = Given.Texts(ids);
                var wanted = RandomId(random);
                var smaller = ids.Count(id => string.CompareOrdinal(id, wanted) < 0);
                Assert.Equal(ids.Contains(wanted) ? smaller : ~smaller, texts.Find(Given.Bytes(wanted)));
            }
        );

    [Fact]
    public void FindInFindsEveryTextOfTheOtherList() =>
        RandomRounds.Run(
            300,
            random =>
            {
                // Few in many are searched, the others are merged: both ways and the sizes between.
                var own = SortedIds(random, random.Next(random.Next(2) == 0 ? 4 : 60));
                var other = SortedIds(random, random.Next(200));
                Assert.Equal(own.Select(id => other.IndexOf(id)), Given.Texts(own).FindIn(Given.Texts(other)));
            }
        );

    [Fact]
    public void AUnionHoldsEveryTextOnce() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var lists = Enumerable
                    .Range(0, random.Next(17))
                    .Select(_ => SortedIds(random, random.Next(30)))
                    .ToList();
                var union = Given.ListOf(Texts.Union([.. lists.Select(list => Given.Texts(list))], out var renumbered));
                Assert.Equal(
                    lists.SelectMany(list => list).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
                    union
                );
                Assert.Equal(lists.Count, renumbered.Length);
                Assert.All(
                    lists.Zip(renumbered),
                    pair => Assert.Equal(pair.First.Select(id => union.IndexOf(id)), pair.Second)
                );
            }
        );

    static List<string> SortedIds(Random random, int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => RandomId(random))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Of few letters, low and high, some behind a beginning that many share: many are equal, or one begins another.</summary>
    static string RandomId(Random random) =>
        new string('a', random.Next(3) == 0 ? random.Next(30) : 0)
        + new string([.. Enumerable.Range(0, random.Next(4)).Select(_ => "\0aZ\u00FF"[random.Next(4)])]);
}
