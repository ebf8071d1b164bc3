using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Downbeat.Testing.Servers;

/// <summary>An HTTP server on this machine that keeps what it is sent, and answers as it is told: 200 when nobody says.</summary>
public sealed class HttpStandIn : IDisposable
{
    readonly HttpListener listener = new();

    /// <summary>Begins to listen.</summary>
    public HttpStandIn()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = new($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        }

        listener.Prefixes.Add(Address.AbsoluteUri);
        listener.Start();
        _ = ServeAsync();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Answers to the next requests: a status, its text, and a header; a status of 0 never answers.</summary>
    public ConcurrentQueue<(int Status, string Text, string? RetryAfter)> Answers { get; } = [];

    /// <summary>What it answers when no answer waits.</summary>
    public (int Status, string Text, string? RetryAfter) Usual { get; set; } = (200, "ok", null);

    /// <summary>What it was sent.</summary>
    public ConcurrentQueue<TakenRequest> Requests { get; } = [];

    /// <inheritdoc/>
    public void Dispose() => ((IDisposable)listener).Dispose();

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                Requests.Enqueue(
                    new(
                        context.Request.RawUrl!,
                        context.Request.Headers.AllKeys.ToDictionary(
                            name => name!,
                            name => context.Request.Headers[name]!,
                            StringComparer.OrdinalIgnoreCase
                        ),
                        body.ToArray()
                    )
                );
                var (status, text, retryAfter) = Answers.TryDequeue(out var next) ? next : Usual;
                if (status == 0)
                {
                    continue;
                }

                context.Response.StatusCode = status;
                if (retryAfter is not null)
                {
                    context.Response.Headers["Retry-After"] = retryAfter;
                }

                context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: false);
            }
        }
        catch (Exception error)
            when (error is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // It ends.
        }
    }
}

/// <summary>A request that was taken.</summary>
public sealed record TakenRequest(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);
}
