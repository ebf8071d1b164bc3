using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Downbeat.Testing.Servers;

/// <summary>
/// Stands between clients and a PostgreSQL server, unencrypted, and hands their messages on one by one. As client and server
/// speak by turns, it listens to one at a time: to the client until it waits for an answer, to the server until that is complete.
/// </summary>
public class PostgresProxy : IDisposable
{
    const int SslRequest = 80877103;
    const int GssRequest = 80877104;

    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly int serverPort;

    /// <summary>Begins to listen.</summary>
    public PostgresProxy(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        new Thread(Listen) { IsBackground = true, Name = "proxy" }.Start();
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes no more clients.</summary>
    protected virtual void Dispose(bool disposing) => listener.Dispose();

    /// <summary>Makes what goes through a connection with a client.</summary>
    protected virtual Conversation Begin(Stream client, Stream server) => new(client, server);

    void Listen()
    {
        try
        {
            while (true)
            {
                var client = listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true, Name = "proxied connection" }.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed of.
        }
    }

    void Serve(TcpClient client)
    {
        using var ended = client;
        try
        {
            client.NoDelay = true;
            using var server = new TcpClient("127.0.0.1", serverPort) { NoDelay = true };
            Begin(client.GetStream(), server.GetStream()).Run();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // One of them has gone, or shall seem to have.
        }
    }

    /// <summary>A message: what it is, and its content.</summary>
    /// <param name="Type">Its letter; 0 for the first of a connection, which has none.</param>
    /// <param name="Body">What follows its length.</param>
    public readonly record struct Message(char Type, byte[] Body)
    {
        /// <summary>Reads one.</summary>
        /// <exception cref="EndOfStreamException">There are no more.</exception>
        public static Message Read(Stream stream, bool isFirst = false)
        {
            Span<byte> head = stackalloc byte[5];
            stream.ReadExactly(isFirst ? head[1..] : head);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head[1..]) - 4];
            stream.ReadExactly(body);
            return new(isFirst ? '\0' : (char)head[0], body);
        }

        /// <summary>Writes it.</summary>
        public void Write(Stream stream)
        {
            var bytes = new byte[5 + Body.Length];
            bytes[0] = (byte)Type;
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), 4 + Body.Length);
            Body.CopyTo(bytes.AsSpan(5));
            stream.Write(Type == '\0' ? bytes.AsSpan(1) : bytes);
        }
    }

    /// <summary>A connection with a client, and the one with the server that goes with it.</summary>
    public class Conversation(Stream client, Stream server)
    {
        /// <summary>To the client and from it.</summary>
        protected Stream Client { get; } = client;

        /// <summary>To the server and from it.</summary>
        protected Stream Server { get; } = server;

        /// <summary>Hands messages on until one of the two has gone.</summary>
        public void Run()
        {
            var first = Message.Read(Client, isFirst: true);
            while (BinaryPrimitives.ReadInt32BigEndian(first.Body) is SslRequest or GssRequest)
            {
                Client.Write("N"u8);
                first = Message.Read(Client, isFirst: true);
            }

            FromClient(first);
            if (first.Body.Length == 12)
            {
                return; // It asks to cancel what another connection does: there is no answer.
            }

            FromServerUntilItWaits();
            while (true)
            {
                var message = Message.Read(Client);
                FromClient(message);
                if (message.Type == 'X')
                {
                    return;
                }

                // Query, Sync, a password, the end of a COPY: now the server has the word.
                if (message.Type is 'Q' or 'S' or 'p' or 'c' or 'f')
                {
                    FromServerUntilItWaits();
                }
            }
        }

        /// <summary>Takes a message of the client.</summary>
        protected virtual void FromClient(Message message) => message.Write(Server);

        void FromServerUntilItWaits()
        {
            while (true)
            {
                var message = Message.Read(Server);
                message.Write(Client);
                var asksForPassword =
                    message.Type == 'R' && BinaryPrimitives.ReadInt32BigEndian(message.Body) is not (0 or 12);
                if (message.Type is 'Z' or 'G' || asksForPassword)
                {
                    return;
                }
            }
        }
    }
}
