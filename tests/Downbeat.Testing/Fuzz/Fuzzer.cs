using System.Globalization;

namespace Downbeat.Testing.Fuzz;

/// <summary>
/// Tries a target with many inputs: those of <c>tests/Corpus/</c> as they are, then ones that a generator makes, and mutations of any that
/// led to something new. What is observed of an input is a short text, and a text not seen before keeps the input.
/// </summary>
public static class Fuzzer
{
    const int SoakTimes = 50;

    /// <summary>Tries so many inputs besides the corpus, when soaking more.</summary>
    /// <param name="kind">The folder of the corpus, and the name under which executions are counted.</param>
    /// <param name="rounds">How many.</param>
    /// <param name="make">Makes an input.</param>
    /// <param name="tokens">What mutations put in.</param>
    /// <param name="check">Tries an input, throws when a promise is broken, and says what was observed.</param>
    public static void Run(
        string kind,
        int rounds,
        Func<Random, byte[]> make,
        IReadOnlyList<byte[]> tokens,
        Func<byte[], Random, string> check
    )
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentNullException.ThrowIfNull(check);
        var given = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_SEED");
        var seed = string.IsNullOrEmpty(given)
            ? Random.Shared.Next(1 << 30)
            : int.Parse(given, CultureInfo.InvariantCulture);
        var random = new Random(seed);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var kept = new List<byte[]>();
        var corpus = Corpus(kind);
        foreach (var (name, bytes) in corpus)
        {
            Try(bytes, name);
        }

        rounds *= RandomRounds.IsSoak ? SoakTimes : 1;
        for (var round = 0; round < rounds; round++)
        {
            var input =
                kept.Count == 0 || random.Next(3) == 0 ? make(random)
                : random.Next(4) == 0
                    ? Mutations.Splice(kept[random.Next(kept.Count)], kept[random.Next(kept.Count)], random)
                : kept[random.Next(kept.Count)];
            Try(random.Next(3) == 0 ? input : Mutations.Of(input, tokens, random), $"round {round}");
        }

        TestReport.Add("fuzz", ($"{kind} executions", corpus.Count + rounds));
        TestReport.Add("fuzz", ($"{kind} different outcomes", seen.Count));

        void Try(byte[] input, string name)
        {
            try
            {
                if (seen.Add(check(input, random)))
                {
                    kept.Add(input);
                }
            }
            catch (Exception error)
            {
                var file = Path.Combine(Path.GetTempPath(), $"downbeat-fuzz-{kind}-{Guid.NewGuid():N}");
                File.WriteAllBytes(file, input);
                throw new InvalidOperationException(
                    $"{kind}, {name}, DOWNBEAT_TEST_SEED={seed}: {error.Message} The input is {file}: once this is mended, it goes to tests/Corpus/{kind}/ under a name that says what it is.",
                    error
                );
            }
        }
    }

    /// <summary>The inputs that are kept in the repository, by name.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Corpus(string kind)
    {
        var folder = Path.Combine(Repository.Folder, "tests", "Corpus", kind);
        return Directory.Exists(folder)
            ?
            [
                .. Directory
                    .GetFiles(folder)
                    .Order(StringComparer.Ordinal)
                    .Select(file => (Path.GetFileName(file), File.ReadAllBytes(file))),
            ]
            : [];
    }

    /// <summary>Runs something that must not ask for more memory than this, over time, on this thread.</summary>
    public static T WithinBytes<T>(long most, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = work();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= most
            ? result
            : throw new InvalidOperationException(
                $"{allocated} bytes of memory were asked for, and {most} are allowed."
            );
    }
}
