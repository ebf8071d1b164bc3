using Amazon.S3.Model;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>A lake in a bucket.</summary>
public sealed class S3LakeTests : LakeContract, IDisposable
{
    readonly string bucket = S3Server.NewBucket();
    readonly List<S3Lake> lakes = [];

    public S3LakeTests() => Lake = Another();

    protected override ILake Lake { get; }

    public void Dispose()
    {
        foreach (var lake in lakes)
        {
            lake.DeleteScratch();
            lake.Dispose();
        }
    }

    protected override ILake Another()
    {
        lakes.Add(S3Server.Lake($"s3://{bucket}/a lake/of+mine"));
        return lakes[^1];
    }

    protected override void Land(string path, byte[] bytes) => PutObject($"a lake/of+mine/{path}", bytes);

    [Fact]
    public void FolderMarkersAreNoObjectsAndStay()
    {
        PutObject("a lake/of+mine/landing/streams/", []);
        PutObject("a lake/of+mine/landing/streams/2024/", []);
        Land("landing/streams/a.csv", Bytes("a"));
        var found = Assert.Single(Lake.List("landing/streams"));
        Assert.True(Lake.Move(found, null, "archive/streams/a.csv"));
        Assert.Equal(
            ["a lake/of+mine/landing/streams/", "a lake/of+mine/landing/streams/2024/"],
            Keys("a lake/of+mine/landing/")
        );
    }

    [Fact]
    public void AnObjectThatIsReplacedAfterItWasListedIsNotReadAsIt()
    {
        Land("landing/streams/a.csv", Bytes("old"));
        var listed = Assert.Single(Lake.List("landing/streams"));
        Land("landing/streams/a.csv", Bytes("new"));
        Assert.Throws<ObjectChangedException>(() => Text(Lake.Open(listed)));
        Assert.Throws<ObjectChangedException>(() => Text(Lake.OpenRange(listed, 1, 3)));
        Lake.Expect([listed]);
        Assert.Throws<ObjectChangedException>(() => Text(Lake.Open(listed)));
        Lake.Delete(listed.Path);
        Assert.Throws<FileNotFoundException>(() => Text(Lake.Open(listed)));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(6 << 20)] // Copied in parts, as only more than 5 GB are otherwise.
    public async Task MetadataMovesAlong(long maxBytesOfOneCopy)
    {
        var bytes = new byte[13 << 20];
        new Random(1).NextBytes(bytes);
        var put = new PutObjectRequest
        {
            BucketName = bucket,
            Key = "a lake/of+mine/landing/streams/a.csv",
            InputStream = new MemoryStream(bytes),
            ContentType = "text/csv; header=present",
        };
        put.Headers.ContentEncoding = "identity";
        put.Metadata["producer"] = "app 7";
        await S3Server.Client.PutObjectAsync(put);
        using var lake = S3Server.Lake($"s3://{bucket}/a lake/of+mine", maxBytesOfOneCopy: maxBytesOfOneCopy);
        Assert.True(lake.Move(Assert.Single(lake.List("landing/streams")), null, "archive/streams/x-a.csv"));
        var moved = await S3Server.Client.GetObjectMetadataAsync(bucket, "a lake/of+mine/archive/streams/x-a.csv");
        Assert.Equal("text/csv; header=present", moved.Headers.ContentType);
        Assert.Equal("identity", moved.Headers.ContentEncoding);
        Assert.Equal("app 7", moved.Metadata["producer"]);
        Assert.Equal(bytes.Length, moved.ContentLength);
        using var stream = Lake.Open("archive/streams/x-a.csv");
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        Assert.True(copy.GetBuffer().AsSpan(0, (int)copy.Length).SequenceEqual(bytes));
    }

    [Fact]
    public void AMoveThatDiedBetweenItsTwoStepsIsEnded()
    {
        Land("landing/streams/a.csv", Bytes("a"));
        Land("archive/streams/a.csv", Bytes("a"));
        Assert.True(Lake.Move(Lake.Find("landing/streams/a.csv")!, null, "archive/streams/a.csv"));
        Assert.Empty(Lake.List("landing/streams"));
        Assert.Equal("a", Read("archive/streams/a.csv"));
    }

    [Fact]
    public void OfManyWhoReplaceOneWins()
    {
        Lake.Put([("lease.json", Bytes("old"))]);
        var found = Lake.Find("lease.json")!;
        var won = new bool[16];
        Parallel.For(
            0,
            won.Length,
            new() { MaxDegreeOfParallelism = won.Length },
            one => won[one] = Lake.Replace(found, Bytes($"writer {one}"))
        );
        Assert.Single(won, true);
        Assert.Equal($"writer {Array.IndexOf(won, true)}", Read("lease.json"));
        Lake.Delete("lease.json");
        Assert.False(Lake.Replace(found, Bytes("too late")));
        Assert.Null(Lake.Find("lease.json"));
    }

    [Fact]
    public void FoldersMayLieInOtherBuckets()
    {
        var (raw, kept) = (S3Server.NewBucket(), S3Server.NewBucket());
        using var lake = S3Server.Lake(
            $"s3://{bucket}",
            elsewhere: new Dictionary<string, S3Place>(StringComparer.Ordinal)
            {
                ["landing"] = S3Server.Place($"s3://{raw}/drop"),
                ["landing/songs"] = S3Server.Place($"s3://{raw}/catalogue/songs"),
                ["archive"] = S3Server.Place($"s3://{kept}"),
            }
        );
        PutObject("drop/streams/a.csv", Bytes("a"), raw);
        PutObject("catalogue/songs/songs.csv", Bytes("songs"), raw);
        Assert.Equal("landing/songs/songs.csv", Assert.Single(lake.List("landing/songs")).Path);
        var listed = Assert.Single(lake.List("landing/streams"));
        Assert.Equal("landing/streams/a.csv", listed.Path);
        Assert.True(lake.Move(listed, null, "archive/streams/x-a.csv"));
        Assert.Equal(["streams/x-a.csv"], Keys("", kept));
        Assert.Equal(["catalogue/songs/songs.csv"], Keys("", raw));
        lake.Put([("runs/a.json", Bytes("{}"))]);
        Assert.Equal(["runs/a.json"], Keys(""));
        Assert.Equal($"s3://{raw}/drop/streams/b.csv", lake.Url("landing/streams/b.csv"));
    }

    void PutObject(string key, byte[] bytes, string? to = null) =>
        S3Server
            .Client.PutObjectAsync(
                new()
                {
                    BucketName = to ?? bucket,
                    Key = key,
                    InputStream = new MemoryStream(bytes),
                }
            )
            .GetAwaiter()
            .GetResult();

    IEnumerable<string> Keys(string prefix, string? of = null) =>
        (
            S3Server
                .Client.ListObjectsV2Async(new() { BucketName = of ?? bucket, Prefix = prefix })
                .GetAwaiter()
                .GetResult()
                .S3Objects
            ?? []
        ).Select(found => found.Key);
}
