using System.Buffers;
using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Downbeat.Connectors.S3;

/// <summary>Reads ranges of objects.</summary>
sealed class S3Reader(S3Client client)
{
    /// <summary>Long enough that most of the time is transfer, short enough that a worker reads ahead in few MiB.</summary>
    public const int ChunkBytes = 4 << 20;

    /// <summary>Reads a range that is at most <see cref="ChunkBytes"/> long, again as a whole where it breaks off.</summary>
    /// <param name="key">The object.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="to">The byte behind the last; what the object does not have is left out.</param>
    /// <param name="version">The version that is meant; null for whatever is there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<S3Chunk> ReadAsync(
        S3Key key,
        long from,
        long to,
        string? version,
        CancellationToken cancellationToken
    ) => GetAsync(key, new ByteRange(from, to - 1), to - from, version, cancellationToken);

    /// <summary>Reads the last bytes of an object, as many as there are, up to <see cref="ChunkBytes"/>.</summary>
    public S3Chunk ReadEnd(S3Key key) =>
        GetAsync(
                key,
                new ByteRange($"bytes=-{ChunkBytes.ToString(CultureInfo.InvariantCulture)}"),
                ChunkBytes,
                null,
                CancellationToken.None
            )
            .GetAwaiter()
            .GetResult();

    async Task<S3Chunk> GetAsync(
        S3Key key,
        ByteRange range,
        long most,
        string? version,
        CancellationToken cancellationToken
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)most);
        try
        {
            return await client
                .DoAsync(
                    $"read {key}",
                    "s3:GetObject",
                    async (s3, token) =>
                    {
                        using var response = await s3.GetObjectAsync(
                                new()
                                {
                                    BucketName = key.Bucket,
                                    Key = key.Key,
                                    ByteRange = range,
                                    EtagToMatch = version,
                                },
                                token
                            )
                            .ConfigureAwait(false);
                        var length = (int)response.ContentLength;
                        if (length > most)
                        {
                            throw new InvalidDataException("the answer is longer than what was asked for");
                        }

                        await response
                            .ResponseStream.ReadExactlyAsync(buffer.AsMemory(0, length), token)
                            .ConfigureAwait(false);
                        return new S3Chunk(buffer, length, TotalSize(response), response.ETag);
                    },
                    error => error is AmazonS3Exception { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable },
                    cancellationToken: cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (AmazonS3Exception)
        {
            return new(buffer, 0, 0, ""); // The object is empty: no range of it can be had.
        }
    }

    static long TotalSize(GetObjectResponse response) =>
        response.ContentRange is { } range
        && long.TryParse(range[(range.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture, out var size)
            ? size
            : response.ContentLength;
}

/// <summary>A range that was read.</summary>
/// <param name="Buffer">From the pool, for whoever is done with the bytes to give back.</param>
/// <param name="Length">How many bytes there are.</param>
/// <param name="ObjectSize">How many bytes the whole object has.</param>
/// <param name="Version">The version that was read.</param>
readonly record struct S3Chunk(byte[] Buffer, int Length, long ObjectSize, string Version)
{
    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);

    /// <summary>Gives the memory back.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}
