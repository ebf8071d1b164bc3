using Amazon.S3;
using Amazon.S3.Model;

namespace Downbeat.Connectors.S3;

/// <summary>Puts objects.</summary>
sealed class S3Writer(S3Client client)
{
    /// <summary>A file that is larger is put in parts, several at once.</summary>
    const long PartBytes = 16 << 20;

    const int MaxParts = 10_000;
    const int PartsAtOnce = 4;

    /// <summary>Puts an object.</summary>
    /// <param name="key">Where to.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="condition">Says under which condition only; its refusal is thrown as it comes.</param>
    public Task<PutObjectResponse> PutAsync(S3Key key, byte[] bytes, Action<PutObjectRequest>? condition = null) =>
        client.DoAsync(
            $"write {key}",
            Actions,
            async (s3, token) =>
            {
                using var body = new MemoryStream(bytes, writable: false);
                var request = NewRequest(key);
                request.InputStream = body;
                condition?.Invoke(request);
                return await s3.PutObjectAsync(request, token).ConfigureAwait(false);
            },
            condition is null ? null : error => S3Faults.IsRefused(error) || S3Faults.IsNotFound(error)
        );

    /// <summary>Puts a file.</summary>
    public async Task PutFileAsync(S3Key key, string file)
    {
        var size = new FileInfo(file).Length;
        if (size > PartBytes)
        {
            await PutPartsAsync(key, file, size).ConfigureAwait(false);
            return;
        }

        await client
            .DoAsync(
                $"write {key}",
                Actions,
                async (s3, token) =>
                {
                    var request = NewRequest(key);
                    request.FilePath = file;
                    return await s3.PutObjectAsync(request, token).ConfigureAwait(false);
                }
            )
            .ConfigureAwait(false);
    }

    const string Actions = "s3:PutObject (and kms:GenerateDataKey where a KMS key encrypts)";

    async Task PutPartsAsync(S3Key key, string file, long size)
    {
        var partBytes = Math.Max(PartBytes, (size + MaxParts - 1) / MaxParts);
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = key.Bucket,
            Key = key.Key,
            ContentType = ContentType(key.Key),
        };
        client.Encrypt(request);
        await InPartsAsync(
                client,
                request,
                (int)((size + partBytes - 1) / partBytes),
                PartsAtOnce,
                async (s3, upload, part, token) =>
                {
                    var sent = await s3.UploadPartAsync(
                            new()
                            {
                                BucketName = key.Bucket,
                                Key = key.Key,
                                UploadId = upload,
                                PartNumber = part + 1,
                                FilePath = file,
                                FilePosition = part * partBytes,
                                PartSize = Math.Min(partBytes, size - (part * partBytes)),
                            },
                            token
                        )
                        .ConfigureAwait(false);
                    return sent.ETag;
                }
            )
            .ConfigureAwait(false);
    }

    /// <summary>Makes an object of parts: all of them or nothing.</summary>
    /// <param name="client">Makes the requests.</param>
    /// <param name="begin">What the object is to be.</param>
    /// <param name="parts">How many parts there are.</param>
    /// <param name="atOnce">How many are under way at most.</param>
    /// <param name="put">Puts a part, numbered from 0, under the id of the upload, and says its ETag.</param>
    /// <returns>The object's ETag.</returns>
    public static async Task<string> InPartsAsync(
        S3Client client,
        InitiateMultipartUploadRequest begin,
        int parts,
        int atOnce,
        Func<AmazonS3Client, string, int, CancellationToken, Task<string>> put
    )
    {
        var what = $"write {new S3Key(begin.BucketName, begin.Key)}";
        var begun = await client
            .DoAsync(what, Actions, (s3, token) => s3.InitiateMultipartUploadAsync(begin, token))
            .ConfigureAwait(false);
        try
        {
            var tags = new PartETag[parts];
            await Parallel
                .ForAsync(
                    0,
                    parts,
                    new ParallelOptions { MaxDegreeOfParallelism = atOnce },
                    async (part, token) =>
                        tags[part] = new(
                            part + 1,
                            await client
                                .DoAsync(
                                    what,
                                    Actions,
                                    (s3, token) => put(s3, begun.UploadId, part, token),
                                    cancellationToken: token
                                )
                                .ConfigureAwait(false)
                        )
                )
                .ConfigureAwait(false);
            var ended = await client
                .DoAsync(
                    what,
                    Actions,
                    (s3, token) =>
                        s3.CompleteMultipartUploadAsync(
                            new()
                            {
                                BucketName = begin.BucketName,
                                Key = begin.Key,
                                UploadId = begun.UploadId,
                                PartETags = [.. tags],
                            },
                            token
                        )
                )
                .ConfigureAwait(false);
            return ended.ETag;
        }
        catch
        {
            await TryAbortAsync(client, begin, begun.UploadId).ConfigureAwait(false);
            throw;
        }
    }

    static async Task TryAbortAsync(S3Client client, InitiateMultipartUploadRequest begin, string upload)
    {
        try
        {
            await client
                .DoAsync(
                    "end an upload",
                    "s3:AbortMultipartUpload",
                    (s3, token) =>
                        s3.AbortMultipartUploadAsync(
                            new()
                            {
                                BucketName = begin.BucketName,
                                Key = begin.Key,
                                UploadId = upload,
                            },
                            token
                        )
                )
                .ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What went wrong before is worth telling; a lifecycle rule of the bucket removes what is left.
        }
    }

    PutObjectRequest NewRequest(S3Key key)
    {
        var request = new PutObjectRequest
        {
            BucketName = key.Bucket,
            Key = key.Key,
            ContentType = ContentType(key.Key),
        };
        client.Encrypt(request);
        return request;
    }

    static string ContentType(string key) =>
        Path.GetExtension(key) switch
        {
            ".csv" => "text/csv",
            ".json" => "application/json",
            _ => "application/octet-stream",
        };
}
