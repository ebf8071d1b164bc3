using Amazon.S3;
using Amazon.S3.Model;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.S3;

/// <summary>Moves objects within S3, their metadata with them; no byte comes to this machine.</summary>
sealed class S3Copy(S3Client client)
{
    /// <summary>The most that S3 copies in one request.</summary>
    const long MaxBytesAtOnce = 5L << 30;

    const long PartBytes = 256 << 20;
    const int PartsAtOnce = 8;

    /// <summary>The size above which an object is copied in parts; less than what S3 can do only in tests.</summary>
    public long MaxBytesOfOneRequest { get; init; } = MaxBytesAtOnce;

    /// <summary>Looks at an object; null where there is none.</summary>
    public GetObjectMetadataResponse? Look(S3Key key)
    {
        try
        {
            return client.Do(
                $"look at {key}",
                "s3:GetObject and s3:ListBucket",
                (s3, token) => s3.GetObjectMetadataAsync(new() { BucketName = key.Bucket, Key = key.Key }, token),
                S3Faults.IsNotFound
            );
        }
        catch (AmazonS3Exception error) when (S3Faults.IsNotFound(error))
        {
            return null;
        }
    }

    /// <summary>Copies a version of an object, and makes sure that the copy is one; false when it is another by now.</summary>
    public bool Copy(S3Key source, long size, string version, S3Key target)
    {
        try
        {
            if (size > MaxBytesOfOneRequest)
            {
                CopyParts(source, size, version, target).GetAwaiter().GetResult();
            }
            else
            {
                CopyWhole(source, version, target);
            }
        }
        catch (AmazonS3Exception error) when (S3Faults.IsRefused(error))
        {
            return false;
        }
        catch (ObjectChangedException)
        {
            return false;
        }

        var copied = Look(target);
        if (copied?.ContentLength == size && copied.ETag == version)
        {
            return true;
        }

        // Not every server knows the condition, and not every ETag is a sum of the bytes.
        var now = Look(source);
        if (now?.ETag == version && copied?.ContentLength == size && !(IsMd5(copied) && IsMd5(now)))
        {
            return true;
        }

        Delete(target, null);
        return now?.ETag != version
            ? false
            : throw new IOException($"S3 made no true copy of {source}, which stays; the next run tries again.");
    }

    /// <summary>Deletes a version of an object; not one that was put there meanwhile.</summary>
    /// <remarks>
    /// A server that does not know conditional deletes (AWS does) deletes what is put between our last look and the request.
    /// </remarks>
    public void DeleteVersion(S3Key key, string version)
    {
        if (!client.IsAws && Look(key)?.ETag is var now && now != version)
        {
            return;
        }

        try
        {
            Delete(key, version);
        }
        catch (AmazonS3Exception error) when (S3Faults.IsRefused(error))
        {
            // Another object is there now.
        }
        catch (AmazonS3Exception error) when (S3Faults.IsUnknown(error))
        {
            Delete(key, null);
        }
    }

    void Delete(S3Key key, string? version) =>
        client.Do(
            $"delete {key}",
            "s3:DeleteObject",
            (s3, token) =>
                s3.DeleteObjectAsync(
                    new()
                    {
                        BucketName = key.Bucket,
                        Key = key.Key,
                        IfMatch = version,
                    },
                    token
                ),
            error => S3Faults.IsRefused(error) || S3Faults.IsUnknown(error)
        );

    /// <summary>The ETag of an object that was put in parts, or that KMS encrypts, is no sum of its bytes.</summary>
    static bool IsMd5(GetObjectMetadataResponse found) =>
        found.ETag.Trim('"') is { Length: 32 } tag
        && tag.All(char.IsAsciiHexDigit)
        && (
            found.ServerSideEncryptionMethod is null
            || found.ServerSideEncryptionMethod == ServerSideEncryptionMethod.None
            || found.ServerSideEncryptionMethod == ServerSideEncryptionMethod.AES256
        );

    void CopyWhole(S3Key source, string version, S3Key target) =>
        client.Do(
            $"copy {source} to {target}",
            "s3:GetObject on the one and s3:PutObject on the other (s3:GetObjectTagging and s3:PutObjectTagging where it has tags)",
            (s3, token) =>
            {
                var request = new CopyObjectRequest
                {
                    SourceBucket = source.Bucket,
                    SourceKey = source.Key,
                    ETagToMatch = version,
                    DestinationBucket = target.Bucket,
                    DestinationKey = target.Key,
                    MetadataDirective = S3MetadataDirective.COPY,
                };
                client.Encrypt(request);
                return s3.CopyObjectAsync(request, token);
            },
            S3Faults.IsRefused,
            isCopy: true
        );

    async Task CopyParts(S3Key source, long size, string version, S3Key target)
    {
        var original = Look(source) ?? throw new FileNotFoundException($"{source} is gone.");
        var partBytes = Math.Min(PartBytes, MaxBytesOfOneRequest);
        var request = new InitiateMultipartUploadRequest { BucketName = target.Bucket, Key = target.Key };
        var (from, to) = (original.Headers, request.Headers);
        to.ContentType = from.ContentType;
        to.ContentEncoding = from.ContentEncoding;
        to.ContentDisposition = from.ContentDisposition;
        to.CacheControl = from.CacheControl;
        foreach (var name in original.Metadata.Keys)
        {
            request.Metadata[name] = original.Metadata[name];
        }

        client.Encrypt(request);
        await S3Writer
            .InPartsAsync(
                client,
                request,
                (int)((size + partBytes - 1) / partBytes),
                PartsAtOnce,
                async (s3, upload, part, token) =>
                {
                    var copied = await s3.CopyPartAsync(
                            new()
                            {
                                SourceBucket = source.Bucket,
                                SourceKey = source.Key,
                                ETagToMatch = [version],
                                DestinationBucket = target.Bucket,
                                DestinationKey = target.Key,
                                UploadId = upload,
                                PartNumber = part + 1,
                                FirstByte = part * partBytes,
                                LastByte = Math.Min((part + 1) * partBytes, size) - 1,
                            },
                            token
                        )
                        .ConfigureAwait(false);
                    return copied.ETag;
                }
            )
            .ConfigureAwait(false);
    }
}
