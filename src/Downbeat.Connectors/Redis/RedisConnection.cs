using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Downbeat.Connectors.Redis;

/// <summary>
/// Speaks to Redis in its protocol (RESP 2), a command or many at a time. Written here because the one client that restores knows
/// neither users nor what became of a command on a connection that broke.
/// </summary>
sealed class RedisConnection : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>So many commands are under way at most: their answers have to fit between the two.</summary>
    const int MostInFlight = 1000;

    readonly TcpClient client;
    readonly Stream stream;
    readonly ArrayBufferWriter<byte> request = new(1 << 16);
    readonly byte[] answers = new byte[1 << 16];
    int read;
    int filled;

    RedisConnection(TcpClient client, Stream stream) => (this.client, this.stream) = (client, stream);

    /// <summary>Connects and says who it is.</summary>
    /// <exception cref="IOException">It did not work; so do <see cref="SocketException"/> and <see cref="System.Security.Authentication.AuthenticationException"/>.</exception>
    public static RedisConnection Open(
        RedisOptions options,
        string? password,
        RemoteCertificateValidationCallback? trust = null
    )
    {
        var socket = new TcpClient { NoDelay = true };
        Stream bytes = Stream.Null;
        try
        {
            if (!socket.ConnectAsync(options.Host, options.Port).Wait(Patience))
            {
                throw new TimeoutException($"no connection within {Patience.TotalSeconds:0} s");
            }

            bytes = socket.GetStream();
            bytes.ReadTimeout = bytes.WriteTimeout = (int)Patience.TotalMilliseconds;
            if (options.Tls)
            {
                var tls = new SslStream(bytes, leaveInnerStreamOpen: false, trust);
                bytes = tls;
                tls.AuthenticateAsClient(options.Host);
            }

            var connection = new RedisConnection(socket, bytes);
            connection.Greet(options, password);
            return connection;
        }
        catch (Exception error)
        {
            bytes.Dispose();
            socket.Dispose();
            if (error is AggregateException several)
            {
                throw several.GetBaseException();
            }

            throw;
        }
    }

    /// <summary>Does a command.</summary>
    /// <returns>Bytes, a long, a list of such, or null.</returns>
    /// <exception cref="RedisErrorException">It answered with an error.</exception>
    public object? Call(params ReadOnlySpan<string> command)
    {
        Write([.. command.ToArray().Select(Encoding.UTF8.GetBytes)]);
        Send();
        return Read(throws: true);
    }

    /// <summary>Does many commands, not waiting for each.</summary>
    /// <exception cref="RedisErrorException">One was answered with an error; the others were done all the same.</exception>
    public void CallAll(IEnumerable<byte[][]> commands)
    {
        foreach (var chunk in commands.Chunk(MostInFlight))
        {
            foreach (var command in chunk)
            {
                Write(command);
            }

            Send();
            RedisErrorException? first = null;
            foreach (var _ in chunk)
            {
                // Of a transaction, the answer is a list of its commands' answers.
                var answer = Read(throws: false);
                first ??=
                    answer as RedisErrorException
                    ?? (answer as List<object?>)?.OfType<RedisErrorException>().FirstOrDefault();
            }

            if (first is not null)
            {
                throw first;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stream.Dispose();
        client.Dispose();
    }

    void Greet(RedisOptions options, string? password)
    {
        if (password is not null)
        {
            try
            {
                _ = options.User is null ? Call("AUTH", password) : Call("AUTH", options.User, password);
            }
            catch (RedisErrorException error) when (!RedisFaults.IsTransient(error))
            {
                throw new RedisErrorException("AUTH failed"); // Some servers repeat what they were given.
            }
        }

        if (options.Database != 0)
        {
            Call("SELECT", options.Database.ToString(CultureInfo.InvariantCulture));
        }
    }

    void Write(byte[][] command)
    {
        WriteHead('*', command.Length);
        foreach (var part in command)
        {
            WriteHead('$', part.Length);
            request.Write(part);
            request.Write("\r\n"u8);
        }

        if (request.WrittenCount > 1 << 20)
        {
            Flush();
        }
    }

    void WriteHead(char type, int number)
    {
        var head = request.GetSpan(16);
        head[0] = (byte)type;
        Utf8Formatter.TryFormat(number, head[1..], out var written);
        "\r\n"u8.CopyTo(head[(written + 1)..]);
        request.Advance(written + 3);
    }

    void Flush()
    {
        stream.Write(request.WrittenSpan);
        request.ResetWrittenCount();
    }

    void Send()
    {
        Flush();
        stream.Flush();
    }

    object? Read(bool throws)
    {
        var line = ReadLine();
        switch (line[0])
        {
            case '+':
                return Encoding.UTF8.GetBytes(line[1..]);
            case '-':
                var error = new RedisErrorException(line[1..]);
                return throws ? throw error : error;
            case ':':
                return long.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
            case '$':
                var length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (length < 0)
                {
                    return null;
                }

                var bytes = new byte[length];
                for (var at = 0; at < length; )
                {
                    Fill();
                    var taken = Math.Min(length - at, filled - read);
                    answers.AsSpan(read, taken).CopyTo(bytes.AsSpan(at));
                    read += taken;
                    at += taken;
                }

                ReadLine();
                return bytes;
            case '*':
                var count = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (count < 0)
                {
                    return null;
                }

                var list = new List<object?>(count);
                for (var one = 0; one < count; one++)
                {
                    list.Add(Read(throws: false));
                }

                return list;
            default:
                throw new IOException("What answered does not speak Redis's protocol");
        }
    }

    string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            Fill();
            var letter = (char)answers[read++];
            if (letter == '\n')
            {
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
            }

            line.Append(letter);
            if (line.Length > 1 << 16)
            {
                throw new IOException("What answered does not speak Redis's protocol");
            }
        }
    }

    /// <summary>Sees to it that there is something to read.</summary>
    void Fill()
    {
        if (read == filled)
        {
            (read, filled) = (0, stream.Read(answers));
            if (filled == 0)
            {
                throw new IOException("it closed the connection");
            }
        }
    }
}
