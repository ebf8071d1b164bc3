using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Downbeat.Connectors.S3;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>The S3 server of this process's tests.</summary>
static class S3Server
{
    static int buckets;

    /// <summary>Its address; a test that asks for it is skipped where the server cannot run.</summary>
    public static string Address => Facts[0];

    /// <summary>A client that sees to what Downbeat does not do, as producers of files would.</summary>
    public static AmazonS3Client Client =>
        field ??= new(
            new BasicAWSCredentials(Facts[1], Facts[2]),
            new AmazonS3Config
            {
                ServiceURL = Address,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );

    static IReadOnlyList<string> Facts
    {
        get
        {
            var server = TestServer.Get("s3-radosgw");
            Assert.SkipUnless(server.Missing is null, server.Missing ?? "");

            // Where the SDK's own chain looks for them.
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", server.Words[1]);
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", server.Words[2]);
            return server.Words;
        }
    }

    /// <summary>Makes a bucket that nobody has used.</summary>
    public static string NewBucket()
    {
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"bucket-{Environment.ProcessId}-{Interlocked.Increment(ref buckets)}"
        );
        Client.PutBucketAsync(name).GetAwaiter().GetResult();
        return name;
    }

    /// <summary>A lake at a place.</summary>
    public static S3Lake Lake(
        string url,
        string? endpoint = null,
        ILogger? logger = null,
        IReadOnlyDictionary<string, S3Place>? elsewhere = null,
        long? maxBytesOfOneCopy = null
    ) =>
        new(
            Place(url),
            new()
            {
                Endpoint = endpoint ?? Address,
                Elsewhere = elsewhere ?? new Dictionary<string, S3Place>(StringComparer.Ordinal),
            },
            logger ?? NullLogger.Instance,
            TimeSpan.FromMilliseconds(5),
            maxBytesOfOneCopy
        );

    /// <summary>A place of which the test knows that it is one.</summary>
    public static S3Place Place(string url) =>
        S3Place.TryParse(url, out var place) ? place : throw new ArgumentException(url, nameof(url));
}
