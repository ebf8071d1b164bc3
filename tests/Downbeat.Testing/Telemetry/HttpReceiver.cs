using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Downbeat.Testing.Telemetry;

/// <summary>A server that keeps what is posted to it.</summary>
public sealed class HttpReceiver : IDisposable
{
    readonly HttpListener listener = new();
    readonly ConcurrentQueue<ReceivedRequest> requests = [];

    /// <summary>Listens on a free port of this machine.</summary>
    public HttpReceiver(int status = 200)
    {
        Status = status;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }

        listener.Prefixes.Add(Address + "/");
        listener.Start();
        _ = AnswerAsync();
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>What it answers.</summary>
    public int Status { get; set; }

    /// <summary>What arrived, in order.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => [.. requests];

    /// <inheritdoc/>
    public void Dispose() => listener.Close();

    async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                requests.Enqueue(
                    new(
                        context.Request.Url!.AbsolutePath,
                        context.Request.Headers.AllKeys.ToDictionary(
                            name => name!,
                            name => context.Request.Headers[name]!,
                            StringComparer.OrdinalIgnoreCase
                        ),
                        body.ToArray()
                    )
                );
                context.Response.StatusCode = Status;
                context.Response.Close();
            }
        }
        catch (Exception error)
            when (error is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }
}

/// <summary>A request as it arrived.</summary>
public sealed record ReceivedRequest(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);
