using System.Collections.Concurrent;
using System.Text;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>What goes wrong with S3, and what Downbeat makes of it.</summary>
public sealed class S3FaultTests : IDisposable
{
    readonly string bucket = S3Server.NewBucket();
    readonly FaultyProxy proxy = new(new(S3Server.Address));
    readonly Told told = new();
    readonly S3Lake lake;

    public S3FaultTests() => lake = S3Server.Lake($"s3://{bucket}/lake", proxy.Address, told);

    public void Dispose()
    {
        lake.DeleteScratch();
        lake.Dispose();
        proxy.Dispose();
    }

    [Theory]
    [InlineData(500, "InternalError")]
    [InlineData(503, "SlowDown")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(429, "TooManyRequests")]
    [InlineData(409, "ConditionalRequestConflict")]
    [InlineData(400, "RequestTimeout")]
    public void WhatPassesIsTriedAgainAndSaid(int status, string code)
    {
        var seen = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        proxy.OnRequest = request =>
            // A HEAD has no body to say why in.
            (request.Method != "HEAD" || status >= 429) && seen.TryAdd($"{request.Method} {request.Target}", true)
                ? Fault.Refusal(status, code)
                : Fault.None;
        lake.Put([("landing/streams/a.csv", Bytes("a,b"))]);
        Assert.True(lake.PutIfAbsent("lease.json", Bytes("own")));
        var listed = Assert.Single(lake.List("landing/streams"));
        Assert.Equal(listed, lake.Find(listed.Path));
        Assert.Equal("a,b", Text(lake.Open(listed)));
        Assert.True(lake.Move(listed, null, "archive/streams/a.csv"));
        Assert.Equal("a,b", Text(lake.Open("archive/streams/a.csv")));
        lake.Delete("archive/streams/a.csv");
        Assert.Empty(lake.List("archive"));
        Assert.Contains(told.Lines, line => line.Contains(code, StringComparison.Ordinal));
        Assert.All(told.Lines, line => Assert.Contains("trying again in", line, StringComparison.Ordinal));
    }

    [Fact]
    public void WhatDoesNotPassFailsWithItsCause()
    {
        proxy.OnRequest = _ => Fault.Refusal(503, "SlowDown");
        var error = Assert.Throws<IOException>(() => lake.Put([("runs/a.json", Bytes("{}"))]));
        Assert.Equal(
            $"S3 did not write s3://{bucket}/lake/runs/a.json: 503 SlowDown, Made up by a test.",
            error.Message
        );
        Assert.Equal(6, told.Lines.Count);
    }

    [Fact]
    public void WhatIsForbiddenIsNotTriedAgain()
    {
        proxy.OnRequest = _ => Fault.Refusal(403, "AccessDenied");
        var error = Assert.Throws<LakeAccessException>(() => lake.List("landing"));
        Assert.Equal(
            $"S3 did not list s3://{bucket}/lake/landing/: the credentials need s3:ListBucket there (403 AccessDenied; policies are in docs/aws.md).",
            error.Message
        );
        Assert.Throws<LakeAccessException>(() => lake.Put([("a", Bytes(""))]));
        Assert.Throws<LakeAccessException>(() => lake.PutIfAbsent("a", Bytes("")));
        Assert.Throws<LakeAccessException>(() => lake.Find("a"));
        Assert.Throws<LakeAccessException>(() => lake.Open("a"));
        Assert.Throws<LakeAccessException>(() => lake.OpenBytes("a"));
        Assert.Throws<LakeAccessException>(() => lake.Delete("a"));
        Assert.Empty(told.Lines);
    }

    [Fact]
    public void ABucketThatIsNotThereIsSaid()
    {
        using var other = S3Server.Lake("s3://no-such-bucket-here");
        var error = Assert.Throws<IOException>(() => other.List("landing"));
        Assert.Contains("no such bucket", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASecretThatIsWrongIsSaidAndNotShown()
    {
        proxy.OnRequest = _ => Fault.Refusal(403, "SignatureDoesNotMatch");
        var error = Assert.Throws<LakeAccessException>(() => lake.List("landing"));
        Assert.EndsWith("the credentials are wrong (SignatureDoesNotMatch).", error.Message, StringComparison.Ordinal);
        var secret = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!;
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void BodiesThatBreakOffAreReadAgain()
    {
        var bytes = new byte[(9 << 20) + 7];
        new Random(1).NextBytes(bytes);
        lake.Put([("landing/streams/a.csv", bytes), ("slices/a.slice", bytes)]);
        var seen = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var breaks = 0;
        proxy.OnRequest = request =>
            request.Method == "GET" && Interlocked.Increment(ref breaks) % 2 == 1
                ? new() { BodyBytes = 100_000 * breaks }
                : Fault.None;
        var listed = Assert.Single(lake.List("landing/streams"));
        AssertSame(bytes, lake.Open(listed));
        AssertSame(bytes, lake.Open(listed.Path));
        AssertSame(bytes.AsSpan(12_345), lake.OpenRange(listed, 12_345, bytes.Length));
        var read = new byte[bytes.Length];
        lake.OpenBytes("slices/a.slice").Read(0, read);
        AssertSame(bytes, new MemoryStream(read));
        Assert.NotEmpty(told.Lines);
    }

    /// <summary>The put was done and the answer lost: the second attempt is refused, and it is ours all the same.</summary>
    [Fact]
    public void APutIfAbsentWhoseAnswerWasLostIsWon()
    {
        var first = true;
        proxy.OnRequest = request =>
        {
            var loses = request.Method == "PUT" && first;
            first &= !loses;
            return new() { LosesAnswer = loses };
        };
        Assert.True(lake.PutIfAbsent("ledger/1.json", Bytes("ours")));
        Assert.False(lake.PutIfAbsent("ledger/1.json", Bytes("ours")));
        first = true;
        Assert.False(lake.PutIfAbsent("ledger/1.json", Bytes("other")));
        first = true;
        Assert.True(lake.Replace(lake.Find("ledger/1.json")!, Bytes("next")));
        Assert.Equal("next", Text(lake.Open("ledger/1.json")));
        Assert.NotEmpty(told.Lines);
    }

    [Theory]
    [InlineData(S3Encryption.S3, "AES256", null)]
    [InlineData(S3Encryption.Kms, "aws:kms", "alias/lake")]
    [InlineData(S3Encryption.Bucket, null, null)]
    public void WhatIsWrittenIsEncryptedAsSet(S3Encryption how, string? method, string? key)
    {
        lake.Put([("landing/streams/a.csv", Bytes("a"))]);
        var listed = Assert.Single(lake.List("landing/streams"));
        var heads = new ConcurrentBag<string>();
        proxy.OnRequest = request =>
        {
            if (request.Method is "PUT" or "POST")
            {
                heads.Add(request.Head);
                return Fault.Refusal(403, "AccessDenied"); // This server knows no keys.
            }

            return Fault.None;
        };
        using var encrypting = new S3Lake(
            S3Server.Place($"s3://{bucket}/lake"),
            new()
            {
                Endpoint = proxy.Address,
                Encryption = how,
                KmsKey = key,
            },
            told
        );
        foreach (var bytes in (int[])[1, 20 << 20])
        {
            var file = Path.Combine(encrypting.Scratch, "made");
            File.WriteAllBytes(file, new byte[bytes]);
            encrypting.PutScratch($"slices/{bytes}.slice", file);
        }

        Assert.Throws<LakeAccessException>(encrypting.Flush);
        Assert.Throws<LakeAccessException>(() => encrypting.PutIfAbsent("lease.json", Bytes("")));
        Assert.Throws<LakeAccessException>(() => encrypting.Move(listed, null, "archive/streams/a.csv"));
        Assert.True(heads.Count >= 4);
        foreach (var head in heads)
        {
            Assert.Equal(method, Header(head, "x-amz-server-side-encryption"));
            Assert.Equal(key, Header(head, "x-amz-server-side-encryption-aws-kms-key-id"));
        }

        static string? Header(string head, string name) =>
            head.Split("\r\n")
                .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
                ?[(name.Length + 1)..].Trim();
    }

    [Fact]
    public void AnUploadThatFailedIsTriedAgainByTheNextFlush()
    {
        proxy.OnRequest = request => request.Method == "PUT" ? Fault.Refusal(403, "AccessDenied") : Fault.None;
        var file = Path.Combine(lake.Scratch, "made");
        File.WriteAllText(file, "slice");
        lake.PutScratch("slices/a.slice", file);
        Assert.Throws<LakeAccessException>(lake.Flush);
        proxy.OnRequest = null;
        lake.Flush();
        Assert.Equal("slice", Text(lake.Open("slices/a.slice")));
    }

    [Fact]
    public void AServerThatIsNotThereIsSaid()
    {
        var address = proxy.Address;
        proxy.Dispose();
        var error = Assert.Throws<IOException>(() => lake.Find("lake.json"));
        Assert.StartsWith(
            $"S3 at {address} did not look at s3://{bucket}/lake/lake.json: ",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("onnection refused", error.Message, StringComparison.Ordinal);
    }

    static void AssertSame(ReadOnlySpan<byte> expected, Stream stream)
    {
        using var copy = new MemoryStream();
        using (stream)
        {
            stream.CopyTo(copy);
        }

        Assert.True(expected.SequenceEqual(copy.GetBuffer().AsSpan(0, (int)copy.Length)));
    }

    static string Text(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    sealed class Told : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines.Enqueue(formatter(state, exception));
    }
}
