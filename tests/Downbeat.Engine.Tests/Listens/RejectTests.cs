using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class RejectTests
{
    [Fact]
    public void EveryReasonIsCalledAsItIsWritten()
    {
        var reasons = Enum.GetValues<RejectReason>();
        Assert.Equal(RejectReasons.Count, reasons.Length);
        Assert.Equal(reasons.Select(reason => SnakeCase(reason.ToString())), reasons.Select(reason => reason.Text()));
    }

    [Fact]
    public void EveryFaultIsCalledAsItIsWritten()
    {
        var kinds = Enum.GetValues<FileFaultKind>();
        Assert.Equal(kinds.Select(kind => SnakeCase(kind.ToString())), kinds.Select(kind => kind.Text()));
        Assert.Throws<ArgumentOutOfRangeException>(() => ((FileFaultKind)kinds.Length).Text());
    }

    [Fact]
    public void CountsAreNamedWhereThereAreAny()
    {
        var counts = new long[RejectReasons.Count];
        counts[(int)RejectReason.BadUserId] = 3;
        counts[(int)RejectReason.AfterArrival] = 1;
        Assert.Equal(
            [new("after_arrival", 1), new("bad_user_id", 3)],
            RejectReasons.ByName(counts).Select(pair => new KeyValuePair<string, long>(pair.Key, pair.Value))
        );
    }

    static string SnakeCase(string name) =>
        string.Concat(
                name.Select((letter, at) => (at > 0 && char.IsUpper(letter) ? "_" : "") + char.ToLowerInvariant(letter))
            )
            .Replace("before1970", "before_1970", StringComparison.Ordinal);
}
