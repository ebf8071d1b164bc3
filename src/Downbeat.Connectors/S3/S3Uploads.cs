using System.Collections.Concurrent;

namespace Downbeat.Connectors.S3;

/// <summary>
/// Files on their way into S3, while those who made them go on. What was put stays on this machine, too, where someone is
/// likely to read it again in the same run.
/// </summary>
sealed class S3Uploads(S3Writer writer, Func<string, bool> isWorthKeeping) : IDisposable
{
    const int AtOnce = 16;

    readonly SemaphoreSlim free = new(AtOnce);
    readonly ConcurrentDictionary<string, Upload> uploads = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, string> kept = new(StringComparer.Ordinal);

    /// <summary>Begins to put a file, which belongs to this from now on. Waits while many are under way.</summary>
    public void Begin(string path, S3Key key, string file)
    {
        Wait(path);
        free.Wait();
        uploads[path] = new(path, key, file, PutAsync(path, key, file));
    }

    /// <summary>Waits until a path is not on its way any more.</summary>
    public void Wait(string path)
    {
        if (uploads.TryGetValue(path, out var upload))
        {
            Wait(upload);
        }
    }

    /// <summary>Waits until nothing is on its way any more.</summary>
    public void WaitAll()
    {
        foreach (var upload in uploads.Values)
        {
            Wait(upload);
        }
    }

    /// <summary>Waits until nothing is on its way any more, and gives up what fails: nobody builds on it now.</summary>
    public void EndAll()
    {
        foreach (var upload in uploads.Values)
        {
            try
            {
                upload.Task.GetAwaiter().GetResult();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Told to whoever waited for it, or wanted by nobody.
            }

            uploads.TryRemove(KeyValuePair.Create(upload.Path, upload));
        }
    }

    /// <summary>The local file of an object that was put, for its new owner; null where there is none.</summary>
    public string? TakeKept(string path) => kept.TryRemove(path, out var file) ? file : null;

    /// <summary>Forgets all local files, which are no more.</summary>
    public void ForgetAll() => kept.Clear();

    /// <inheritdoc/>
    public void Dispose() => free.Dispose();

    /// <summary>Forgets the local file of an object that is no more.</summary>
    public void Forget(string path)
    {
        if (TakeKept(path) is { } file)
        {
            File.Delete(file);
        }
    }

    /// <summary>What failed is tried again by whoever waits next: nothing may be committed on top of it.</summary>
    void Wait(Upload upload)
    {
        try
        {
            upload.Task.GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            free.Wait();
            uploads.TryUpdate(
                upload.Path,
                upload with
                {
                    Task = PutAsync(upload.Path, upload.Key, upload.File),
                },
                upload
            );
            throw;
        }

        uploads.TryRemove(KeyValuePair.Create(upload.Path, upload));
    }

    Task PutAsync(string path, S3Key key, string file) =>
        Task.Run(async () =>
        {
            try
            {
                await writer.PutFileAsync(key, file).ConfigureAwait(false);
                if (isWorthKeeping(path))
                {
                    kept[path] = file;
                }
                else
                {
                    File.Delete(file);
                }
            }
            finally
            {
                free.Release();
            }
        });

    sealed record Upload(string Path, S3Key Key, string File, Task Task);
}
