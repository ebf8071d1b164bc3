using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>A lake whose landed objects arrived when a test says: S3 itself knows only now.</summary>
sealed class ArrivalLake(ILake inner) : ForwardingLake(inner), ILake
{
    readonly ILake inner = inner;

    /// <summary>When objects arrived, by path.</summary>
    public Dictionary<string, DateTimeOffset> Arrivals { get; } = new(StringComparer.Ordinal);

    public int Concurrency => inner.Concurrency;

    public override IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default) =>
        [.. inner.List(folder, cancellationToken).Select(found => Arrived(found)!)];

    public override LakeObject? Find(string path) => Arrived(inner.Find(path));

    public Stream Open(LakeObject listed) => inner.Open(listed);

    public Stream OpenRange(LakeObject listed, long from, long until) => inner.OpenRange(listed, from, until);

    public void Expect(IReadOnlyList<LakeObject> listed) => inner.Expect(listed);

    public bool Replace(LakeObject found, byte[] bytes) => inner.Replace(found, bytes);

    public void Delete(IReadOnlyList<string> paths) => inner.Delete(paths);

    LakeObject? Arrived(LakeObject? found) =>
        found is not null && Arrivals.TryGetValue(found.Path, out var arrived)
            ? found with
            {
                Modified = arrived,
            }
            : found;
}
