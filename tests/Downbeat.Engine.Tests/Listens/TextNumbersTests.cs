using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class TextNumbersTests
{
    [Fact]
    public void TheSameTextHasTheSameNumber()
    {
        var numbers = new TextNumbers();
        string[] texts =
        [
            "",
            "a",
            "b",
            "a\0",
            "\0",
            "\0\0",
            "12345678",
            "12345678\0",
            "123456789",
            "1234567",
            new('x', 64),
        ];
        Assert.Equal(Enumerable.Range(0, texts.Length), texts.Select(text => numbers.FindOrAdd(Given.Bytes(text))));
        Assert.Equal(Enumerable.Range(0, texts.Length), texts.Select(text => numbers.FindOrAdd(Given.Bytes(text))));
        Assert.Equal(texts, Enumerable.Range(0, numbers.Count).Select(number => Given.Latin1(numbers[number])));
    }

    [Fact]
    public void ManyIdsAreNumberedAsADictionaryNumbersThem() =>
        RandomRounds.Run(
            1,
            random =>
            {
                // So many ids that some have the same hash, which has 32 bits.
                var numbers = new TextNumbers();
                var expected = new Dictionary<string, int>(StringComparer.Ordinal);
                var id = new byte[64];
                for (var row = 0; row < 300_000; row++)
                {
                    var text = id.AsSpan(0, 1 + random.Next(64));
                    if (random.Next(3) > 0)
                    {
                        // A neighbour of the one before: one byte differs, or the length.
                        id[random.Next(id.Length)]++;
                    }
                    else
                    {
                        random.NextBytes(text);
                    }

                    var name = Given.Latin1(text);
                    if (!expected.TryGetValue(name, out var number))
                    {
                        expected.Add(name, number = expected.Count);
                    }

                    if (numbers.FindOrAdd(text) != number)
                    {
                        Assert.Fail($"Row {row} has not the number {number}.");
                    }
                }

                Assert.InRange(expected.Count, 200_000, 300_000);
                Assert.Equal(expected.Count, numbers.Count);
                Assert.True(numbers.MemoryBytes > expected.Keys.Sum(key => (long)key.Length));
                foreach (var (name, number) in expected)
                {
                    Assert.True(numbers[number].SequenceEqual(Given.Bytes(name)));
                }

                AssertSorts(numbers, expected.Keys);
            }
        );

    [Fact]
    public void SortingIsByBytes() =>
        RandomRounds.Run(
            200,
            random =>
            {
                // Much of them alike in the first eight bytes, which are compared as one number.
                var numbers = new TextNumbers();
                var texts = new HashSet<string>(StringComparer.Ordinal);
                for (var row = random.Next(100); row > 0; row--)
                {
                    var length = random.Next(12);
                    var text = string.Concat(
                        Enumerable
                            .Range(0, length)
                            .Select(at => at < 6 ? "\0\u00FF"[random.Next(2)] : "\0a\u0080\u00FF"[random.Next(4)])
                    );
                    texts.Add(text);
                    numbers.FindOrAdd(Given.Bytes(text));
                }

                AssertSorts(numbers, texts);
            }
        );

    [Fact]
    public void ClearingForgetsAllTexts()
    {
        var numbers = new TextNumbers();
        for (var round = 0; round < 3; round++)
        {
            // More than the first table holds, and others every time.
            for (var text = 0; text < 2000; text++)
            {
                Assert.Equal(text, numbers.FindOrAdd(Given.Bytes($"{round} {text}")));
            }

            Assert.Equal($"{round} 0", Given.Latin1(numbers[0]));
            Assert.Equal($"{round} 1999", Given.Latin1(numbers[1999]));
            numbers.Clear();
            Assert.Equal((0, 0L), (numbers.Count, numbers.MemoryBytes));
        }

        Assert.Equal(0, numbers.Sort(out var ranks).Count);
        Assert.Empty(ranks);
    }

    static void AssertSorts(TextNumbers numbers, IEnumerable<string> texts)
    {
        var sorted = numbers.Sort(out var ranks);
        Assert.Equal(texts.Order(StringComparer.Ordinal), Given.ListOf(sorted));
        for (var number = 0; number < numbers.Count; number++)
        {
            Assert.True(numbers[number].SequenceEqual(sorted[ranks[number]]));
        }
    }
}
