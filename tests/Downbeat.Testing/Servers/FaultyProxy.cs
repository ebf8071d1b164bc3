using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Downbeat.Testing.Servers;

/// <summary>Stands before an HTTP server, counts what it answers, and fails on demand: one connection a request.</summary>
public sealed class FaultyProxy : IDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly Uri server;
    readonly ConcurrentBag<ProxiedRequest> requests = [];
    readonly CancellationTokenSource disposed = new(); // Cancelled, and left to the collector: tests dispose of this twice.

    /// <summary>Starts before a server.</summary>
    public FaultyProxy(Uri server)
    {
        this.server = server;
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Its own address.</summary>
    public string Address =>
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Says what is to go wrong with a request; null or <see cref="Fault.None"/> for nothing.</summary>
    public Func<ProxiedRequest, Fault>? OnRequest { get; set; }

    /// <summary>All requests that were answered.</summary>
    public IReadOnlyCollection<ProxiedRequest> Requests => requests;

    /// <inheritdoc/>
    public void Dispose()
    {
        listener.Dispose();
        disposed.Cancel();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(disposed.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var (head, rest) = await ReadHeadAsync(stream);
                var words = head.Split(' ', 3);
                var request = new ProxiedRequest(words[0], words[1], head);
                var fault = OnRequest?.Invoke(request) ?? Fault.None;
                if (fault is { Status: { } status, Code: { } code })
                {
                    await AnswerAsync(stream, head, rest, status, code);
                    return;
                }

                await ForwardAsync(stream, head, rest, request, fault);
                requests.Add(request);
            }
            catch (Exception error)
                when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // Whoever asked learns that the connection broke.
            }
        }
    }

    static async Task<(string Head, byte[] Behind)> ReadHeadAsync(NetworkStream stream)
    {
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length));
            if (read == 0)
            {
                throw new IOException("The connection ended.");
            }

            length += read;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..length]);
            }
        }
    }

    static async Task AnswerAsync(NetworkStream stream, string head, byte[] rest, int status, string code)
    {
        // All of the request is read first: a connection that is closed on unread bytes is reset.
        var lengthLine = head.Split("\r\n")
            .FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        var left = lengthLine is null ? 0 : long.Parse(lengthLine[15..], CultureInfo.InvariantCulture) - rest.Length;
        if (head.Contains("100-continue", StringComparison.OrdinalIgnoreCase))
        {
            left = 0;
        }

        var ignored = new byte[64 * 1024];
        while (left > 0 && await stream.ReadAsync(ignored) is > 0 and var read)
        {
            left -= read;
        }

        var body = head.StartsWith("HEAD", StringComparison.Ordinal)
            ? ""
            : $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Made up by a test.</Message></Error>";
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"
                )
            )
        );
    }

    async Task ForwardAsync(NetworkStream stream, string head, byte[] rest, ProxiedRequest request, Fault fault)
    {
        using var upstream = new TcpClient();
        await upstream.ConnectAsync(server.Host, server.Port);
        var to = upstream.GetStream();
        await to.WriteAsync(Encoding.Latin1.GetBytes($"{head}\r\nConnection: close\r\n\r\n"));
        await to.WriteAsync(rest);
        var sending = stream.CopyToAsync(to);
        var buffer = new byte[64 * 1024];
        var answered = new MemoryStream(); // Until its head ends.
        var isHead = true;
        while (await to.ReadAsync(buffer) is > 0 and var read)
        {
            if (isHead)
            {
                answered.Write(buffer, 0, read);
                var end = answered.GetBuffer().AsSpan(0, (int)answered.Length).IndexOf("\r\n\r\n"u8);
                isHead = end < 0;
                request.BodyBytes += isHead ? 0 : answered.Length - end - 4;
            }
            else
            {
                request.BodyBytes += read;
            }

            if (fault.LosesAnswer)
            {
                continue;
            }

            if (!isHead && request.BodyBytes > fault.BodyBytes)
            {
                await stream.WriteAsync(buffer.AsMemory(0, read / 2));
                return;
            }

            await stream.WriteAsync(buffer.AsMemory(0, read));
        }

        _ = sending.ContinueWith(static done => done.Exception, TaskScheduler.Default); // It ends with the connection.
    }
}

/// <summary>A request that came through a proxy.</summary>
/// <param name="Method">As in <c>GET</c>.</param>
/// <param name="Target">Path and query as they were sent.</param>
/// <param name="Head">The request line and all headers.</param>
public sealed record ProxiedRequest(string Method, string Target, string Head)
{
    /// <summary>How many bytes the body of the answer had.</summary>
    public long BodyBytes { get; set; }
}

/// <summary>What goes wrong with a request.</summary>
public sealed record Fault
{
    /// <summary>Nothing.</summary>
    public static Fault None { get; } = new();

    /// <summary>The request is refused with this status.</summary>
    public int? Status { get; init; }

    /// <summary>The code of S3 that is answered with the status.</summary>
    public string? Code { get; init; }

    /// <summary>The answer breaks off once its body is longer.</summary>
    public long BodyBytes { get; init; } = long.MaxValue;

    /// <summary>The request is done, and nobody learns of it.</summary>
    public bool LosesAnswer { get; init; }

    /// <summary>A refusal.</summary>
    public static Fault Refusal(int status, string code) => new() { Status = status, Code = code };
}
