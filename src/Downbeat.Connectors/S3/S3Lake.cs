using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.S3;

/// <summary>
/// A lake in buckets of S3, or of a server that speaks like it. An object there is whole by nature and its ETag is its
/// version; what has to be written once is written by conditional requests.
/// </summary>
public sealed class S3Lake : ILake, IDisposable
{
    /// <summary>What S3 lists, and deletes, in one request.</summary>
    const int PerRequest = 1000;

    readonly S3Place root;
    readonly KeyValuePair<string, S3Place>[] elsewhere; // The longest paths first.
    readonly S3Client client;
    readonly S3Reader reader;
    readonly S3Writer writer;
    readonly S3Copy copy;
    readonly S3Uploads uploads;
    readonly S3Scratch scratch = new();
    S3Prefetch? prefetch;

    /// <summary>Names a place; nothing is asked of it before something is read or put.</summary>
    /// <param name="place">Where the lake is.</param>
    /// <param name="options">Where S3 is.</param>
    /// <param name="logger">Told what was tried again.</param>
    public S3Lake(S3Place place, S3Options options, ILogger logger)
        : this(place, options, logger, null, null) { }

    internal S3Lake(S3Place place, S3Options options, ILogger logger, TimeSpan? firstDelay, long? maxBytesOfOneCopy)
    {
        ArgumentNullException.ThrowIfNull(options);
        root = place;
        elsewhere = [.. options.Elsewhere.OrderByDescending(other => other.Key.Length)];
        client = new(options, logger, firstDelay);
        reader = new(client);
        writer = new(client);
        copy = maxBytesOfOneCopy is { } most ? new(client) { MaxBytesOfOneRequest = most } : new(client);
        uploads = new(writer, IsWorthKeeping);
        CheckPlaces();
    }

    /// <inheritdoc/>
    public string Name => root.ToString();

    /// <inheritdoc/>
    public string Scratch => scratch.Folder;

    /// <inheritdoc/>
    public int Concurrency => 32;

    /// <summary>Where an object is, or would be, as <c>s3://bucket/key</c>.</summary>
    public string Url(string path) => At(path).ToString();

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default) =>
        List(folder, null, cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> ListBehind(string folder, string? path) => List(folder, path, default);

    /// <inheritdoc/>
    public LakeObject? Find(string path)
    {
        uploads.Wait(path);
        return copy.Look(At(path)) is { } found
            ? new(path, found.ContentLength, Second(found.LastModified), found.ETag)
            : null;
    }

    /// <inheritdoc/>
    public Stream Open(string path)
    {
        uploads.Wait(path);
        var key = At(path);
        var first = reader
            .ReadAsync(key, 0, S3Reader.ChunkBytes, null, CancellationToken.None)
            .GetAwaiter()
            .GetResult();
        return S3Stream.Open(reader, key, first);
    }

    /// <inheritdoc/>
    public Stream Open(LakeObject listed)
    {
        ArgumentNullException.ThrowIfNull(listed);
        return listed.Version is null ? Open(listed.Path)
            : prefetch?.Take(listed) is { } read ? S3Stream.Open(reader, At(listed.Path), read)
            : OpenRange(listed, 0, listed.Size);
    }

    /// <inheritdoc/>
    public Stream OpenRange(LakeObject listed, long from, long until)
    {
        ArgumentNullException.ThrowIfNull(listed);
        return S3Stream.Open(reader, At(listed.Path), from, until, listed.Version);
    }

    /// <inheritdoc/>
    public void Expect(IReadOnlyList<LakeObject> listed) =>
        prefetch = new(reader, listed.Select(one => (one, At(one.Path))));

    /// <inheritdoc/>
    public IByteSource OpenBytes(string path)
    {
        uploads.Wait(path);
        return uploads.TakeKept(path) is { } kept
            ? new S3Bytes(path, kept)
            : new S3Bytes(reader, At(path), path, scratch.NewFile());
    }

    /// <inheritdoc/>
    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => PutSeen(objects);

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var seen = new LakeObject[objects.Count];
        Parallel
            .ForAsync(
                0,
                seen.Length,
                new ParallelOptions { MaxDegreeOfParallelism = Concurrency },
                async (at, _) =>
                {
                    var (path, bytes) = objects[at];
                    var answer = await writer.PutAsync(At(path), bytes).ConfigureAwait(false);
                    seen[at] = new(path, bytes.Length, default, answer.ETag);
                }
            )
            .GetAwaiter()
            .GetResult();
        return seen;
    }

    /// <inheritdoc/>
    public void PutScratch(string path, string scratchFile)
    {
        var file = scratch.NewFile(); // Whoever made it may delete it from now on.
        File.Move(scratchFile, file);
        uploads.Begin(path, At(path), file);
    }

    /// <inheritdoc/>
    public bool PutIfAbsent(string path, byte[] bytes)
    {
        var attempts = 0;
        try
        {
            writer
                .PutAsync(
                    At(path),
                    bytes,
                    request =>
                    {
                        attempts++;
                        request.IfNoneMatch = "*";
                    }
                )
                .GetAwaiter()
                .GetResult();
            return true;
        }
        catch (AmazonS3Exception error) when (S3Faults.IsRefused(error))
        {
            return attempts > 1 && IsThere(path, bytes); // The answer to the first attempt may have been lost.
        }
    }

    /// <inheritdoc/>
    public bool Replace(LakeObject found, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(found);
        var version = found.Version ?? throw new IOException($"{Url(found.Path)} was found without its version.");

        // Some servers (Ceph 16) compare with the quotes that belong to an ETag, and so never find it the same.
        return TryReplace(found.Path, version, bytes)
            || (!client.IsAws && TryReplace(found.Path, version.Trim('"'), bytes))
            || IsThere(found.Path, bytes); // The answer to the first attempt may have been lost.
    }

    /// <inheritdoc/>
    public void Flush() => uploads.WaitAll();

    /// <inheritdoc/>
    /// <remarks>The version decides, not the hash: what was read of it was of that version.</remarks>
    public bool Move(LakeObject read, string? hash, string target)
    {
        ArgumentNullException.ThrowIfNull(read);
        uploads.Wait(read.Path);
        var (from, to) = (At(read.Path), At(target));
        var version = read.Version ?? throw new IOException($"{from} was listed without its version.");
        if (copy.Look(to) is not { } there)
        {
            if (!copy.Copy(from, read.Size, version, to))
            {
                return false;
            }
        }
        else if (there.ETag != version || there.ContentLength != read.Size)
        {
            throw new IOException($"{target} exists already, so {read.Path} cannot move there.");
        }

        copy.DeleteVersion(from, version);
        return true;
    }

    /// <inheritdoc/>
    public void Delete(string path) => Delete([path]);

    /// <inheritdoc/>
    public void Delete(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        foreach (var path in paths)
        {
            uploads.Wait(path);
            uploads.Forget(path);
        }

        foreach (var bucket in paths.Select(At).GroupBy(key => key.Bucket, StringComparer.Ordinal))
        {
            // XML cannot hold every key.
            var odd = bucket.Where(key => key.Key.Any(char.IsControl)).ToList();
            foreach (var keys in bucket.Except(odd).Chunk(PerRequest).Concat(odd.Select(key => new[] { key })))
            {
                Delete(bucket.Key, keys);
            }
        }
    }

    /// <inheritdoc/>
    public void DeleteScratch()
    {
        uploads.EndAll();
        uploads.ForgetAll();
        scratch.Delete();
    }

    /// <summary>Closes connections.</summary>
    public void Dispose()
    {
        uploads.Dispose();
        client.Dispose();
    }

    /// <summary>Slices and the catalogue are read in the run that makes them, and never change.</summary>
    bool IsWorthKeeping(string path) =>
        (IsBelow(path, LakePaths.Slices) || IsBelow(path, LakePaths.Catalogue)) && scratch.HasRoom;

    static bool IsBelow(string path, string folder) =>
        path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal);

    /// <summary>LastModified comes in whole seconds or not, by request and server.</summary>
    static DateTimeOffset Second(DateTime? modified) =>
        DateTimeOffset.FromUnixTimeSeconds(new DateTimeOffset(modified!.Value.ToUniversalTime()).ToUnixTimeSeconds());

    /// <summary>What is in one folder must not be in another: files that were archived would have landed.</summary>
    void CheckPlaces()
    {
        string[] folders =
        [
            LakePaths.Streams,
            LakePaths.Songs,
            LakePaths.Users,
            LakePaths.Archive,
            LakePaths.Retracted,
            LakePaths.Forgetting,
            LakePaths.Quarantine,
            LakePaths.Slices,
            LakePaths.Ledger,
            LakePaths.Catalogue,
            LakePaths.Kpis,
            LakePaths.Runs,
        ];
        var places = folders.ToDictionary(
            folder => folder,
            folder =>
            {
                var key = At(folder + "/");
                return $"{key.Bucket}/{key.Key}";
            },
            StringComparer.Ordinal
        );
        foreach (var (folder, place) in places)
        {
            var other = folders.FirstOrDefault(other =>
                other != folder && place.StartsWith(places[other], StringComparison.Ordinal)
            );
            if (other is not null)
            {
                throw new LakeException(
                    $"{folder}/ and {other}/ lie in the same place, s3://{place}: each needs a prefix of its own."
                );
            }
        }
    }

    S3Key At(string path)
    {
        if (!LakePaths.IsInside(path))
        {
            throw LakePaths.LeadsOut(path, Name);
        }

        foreach (var (folder, place) in elsewhere)
        {
            if (IsBelow(path, folder))
            {
                return new(place.Bucket, place.Key(path[(folder.Length + 1)..]));
            }
        }

        return new(root.Bucket, root.Key(path));
    }

    List<LakeObject> List(string folder, string? behind, CancellationToken cancellationToken)
    {
        uploads.WaitAll();
        var first = At(folder + "/");
        var request = new ListObjectsV2Request
        {
            BucketName = first.Bucket,
            Prefix = first.Key,
            Encoding = EncodingType.Url, // XML cannot hold every key.
            StartAfter = behind is null ? null : At(behind).Key,
        };
        var found = new List<LakeObject>();
        ListObjectsV2Response page;
        do
        {
            page = client
                .DoAsync(
                    $"list s3://{first.Bucket}/{first.Key}",
                    "s3:ListBucket",
                    (s3, token) => s3.ListObjectsV2Async(request, token),
                    cancellationToken: cancellationToken
                )
                .GetAwaiter()
                .GetResult();
            foreach (var one in page.S3Objects ?? [])
            {
                // A space is a plus here on AWS, and a plus is none.
                var key = page.Encoding == EncodingType.Url ? WebUtility.UrlDecode(one.Key) : one.Key;
                if (!key.EndsWith('/')) // A marker of a folder is nobody's input.
                {
                    var path = $"{folder}/{key[first.Key.Length..]}";
                    found.Add(new(path, one.Size ?? 0, Second(one.LastModified), one.ETag));
                }
            }

            request.ContinuationToken = page.NextContinuationToken;
        } while (page.IsTruncated == true);

        found.Sort((left, right) => Utf8Order.Compare(left.Path, right.Path)); // As some servers do not.
        return found;
    }

    void Delete(string bucket, S3Key[] keys)
    {
        try
        {
            client.Do(
                keys.Length == 1 ? $"delete {keys[0]}" : $"delete {keys[0]} and {keys.Length - 1} more",
                "s3:DeleteObject",
                async (s3, token) =>
                    keys is [var only]
                        ? (object)
                            await s3.DeleteObjectAsync(new() { BucketName = bucket, Key = only.Key }, token)
                                .ConfigureAwait(false)
                        : await s3.DeleteObjectsAsync(
                                new()
                                {
                                    BucketName = bucket,
                                    Objects = [.. keys.Select(key => new KeyVersion { Key = key.Key })],
                                    Quiet = true,
                                },
                                token
                            )
                            .ConfigureAwait(false),
                error => error is DeleteObjectsException
            );
        }
        catch (DeleteObjectsException error)
        {
            var failed = error.Response.DeleteErrors[0];
            throw new IOException(
                $"S3 did not delete s3://{bucket}/{failed.Key}: {failed.Code}, {failed.Message}",
                error
            );
        }
    }

    bool TryReplace(string path, string version, byte[] bytes)
    {
        try
        {
            writer.PutAsync(At(path), bytes, request => request.IfMatch = version).GetAwaiter().GetResult();
            return true;
        }
        catch (AmazonS3Exception error) when (S3Faults.IsRefused(error) || S3Faults.IsNotFound(error))
        {
            return false;
        }
    }

    bool IsThere(string path, byte[] bytes)
    {
        try
        {
            using var stream = Open(path);
            using var found = new MemoryStream();
            stream.CopyTo(found);
            return found.GetBuffer().AsSpan(0, (int)found.Length).SequenceEqual(bytes);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
