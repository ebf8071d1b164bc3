using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.OpenLineage;

/// <summary>
/// Tells of runs, in order, on a thread of its own: whoever runs waits for nobody, and what cannot be told is told to the log, once
/// until it works again. Runs are told of one at a time.
/// </summary>
public sealed class LineageOutbox : IDisposable
{
    /// <summary>A server that is down for long makes this many wait at most; the oldest are given up.</summary>
    const int MostWaiting = 1000;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(300);

    readonly LineageOptions options;
    readonly LineageEvent events;
    readonly ILogger logger;
    readonly TimeProvider clock;
    readonly BlockingCollection<byte[]> waiting = new(new ConcurrentQueue<byte[]>());
    readonly Lazy<HttpClient> client;
    readonly Lazy<Thread> worker;
    (RunRequest Request, RunRecord Record)? begun;
    bool isFailing;

    /// <summary>Prepares to tell; nothing is opened before there is something to tell.</summary>
    public LineageOutbox(LineageOptions options, LineageEvent events, ILogger logger, TimeProvider clock)
    {
        (this.options, this.events, this.logger, this.clock) = (options, events, logger, clock);
        client = new(CreateClient);
        worker = new(Start);
    }

    /// <summary>A run begins.</summary>
    public void Begin(RunRequest request, RunRecord record)
    {
        begun = (request, record);
        Post(() => events.Start(request, record));
    }

    /// <summary>A run has ended; of one that had nothing to do nothing was told, and nothing is.</summary>
    public void End(RunEnd end)
    {
        if (begun is { } run)
        {
            begun = null;
            var now = clock.GetUtcNow();
            Post(() => events.End(run.Request, run.Record, end, now));
        }
    }

    /// <summary>Waits until everything was told, but not for ever.</summary>
    /// <returns>Whether it was.</returns>
    public bool Flush(TimeSpan patience)
    {
        waiting.CompleteAdding();
        return !worker.IsValueCreated || worker.Value.Join(patience);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Flush(Patience))
        {
            waiting.Dispose();
            if (client.IsValueCreated)
            {
                client.Value.Dispose();
            }
        }
        else
        {
            logger.LineageLate(Place, Patience.TotalSeconds); // Its thread ends with the process.
        }
    }

    /// <summary>Where events go, without secrets.</summary>
    string Place => options.Endpoint?.GetLeftPart(UriPartial.Path) ?? options.File!;

    void Post(Func<byte[]> make)
    {
        try
        {
            var made = make();
            while (waiting.Count >= MostWaiting && waiting.TryTake(out _))
            {
                // Given up.
            }

            waiting.Add(made);
            _ = worker.Value;
        }
        catch (InvalidOperationException)
        {
            // Nobody takes any more: the process ends.
        }
    }

    Thread Start()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "lineage" };
        thread.UnsafeStart();
        return thread;
    }

    void Work()
    {
        foreach (var made in waiting.GetConsumingEnumerable())
        {
            if (Tell(made) is { } problem)
            {
                if (!isFailing)
                {
                    logger.LineageFailed(Place, problem.TrimEnd('.'));
                }

                isFailing = true;
            }
            else
            {
                isFailing = false;
            }
        }
    }

    /// <summary>Tells an event; says why that failed, or null.</summary>
    string? Tell(byte[] made)
    {
        try
        {
            if (options.File is { } file)
            {
                // A line in one write: others may add to the file, too.
                using var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 0);
                stream.Write([.. made, (byte)'\n']);
                return null;
            }

            var problem = Send(made, out var mayWork);
            if (mayWork)
            {
                Thread.Sleep(RetryAfter);
                problem = Send(made, out _);
            }

            return problem;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return error.Message;
        }
    }

    string? Send(byte[] made, out bool mayWork)
    {
        mayWork = true;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, options.Endpoint)
            {
                Content = new ByteArrayContent(made) { Headers = { ContentType = new("application/json") } },
            };
            if (options.ApiKey is { } key)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            }

            using var response = client.Value.Send(request, HttpCompletionOption.ResponseHeadersRead);
            mayWork = (int)response.StatusCode is >= 500 or 429 or 408;
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException)
        {
            mayWork = false;
            return "it did not answer in time";
        }
    }

    static HttpClient CreateClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Patience }, disposeHandler: true) // A key goes nowhere else.
        {
            Timeout = Patience,
        };
}
