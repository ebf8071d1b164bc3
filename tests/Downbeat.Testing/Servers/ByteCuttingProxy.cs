using System.Net;
using System.Net.Sockets;

namespace Downbeat.Testing.Servers;

/// <summary>Passes bytes on to a server of 127.0.0.1, until so many went there: then it cuts that connection and all that follow.</summary>
public sealed class ByteCuttingProxy : IDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly int target;
    long left;

    /// <summary>Listens.</summary>
    /// <param name="target">The server's port.</param>
    /// <param name="bytes">How many bytes reach it.</param>
    public ByteCuttingProxy(int target, long bytes)
    {
        this.target = target;
        left = bytes;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Whether it has cut.</summary>
    public bool HasCut => Interlocked.Read(ref left) <= 0;

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    async Task PassAsync(TcpClient from)
    {
        using (from)
        using (var to = new TcpClient())
        {
            try
            {
                await to.ConnectAsync(IPAddress.Loopback, target);
                var (client, server) = (from.GetStream(), to.GetStream());
                var back = server.CopyToAsync(client);
                var buffer = new byte[1 << 14];
                for (int count; (count = await client.ReadAsync(buffer)) > 0; )
                {
                    var allowed = (int)Math.Clamp(Interlocked.Add(ref left, -count) + count, 0, count);
                    await server.WriteAsync(buffer.AsMemory(0, allowed));
                    if (allowed < count)
                    {
                        break; // Closed with what it has: the server acts on whole commands only.
                    }
                }

                await Task.WhenAny(back, Task.Delay(20));
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                // One of the two has gone.
            }
        }
    }
}
