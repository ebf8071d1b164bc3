using System.Buffers.Text;
using System.Text;

namespace Downbeat.Cli.Generate;

/// <summary>Rows of CSV on their way to a stream, as bytes in a buffer.</summary>
sealed class CsvOutput(Stream stream, int capacity)
{
    /// <summary>No row is longer.</summary>
    const int RowBytes = 8192;

    readonly byte[] buffer = new byte[capacity];
    int used;

    /// <summary>Room for a whole row, to be filled and then told to <see cref="Advance"/>.</summary>
    public Span<byte> Room()
    {
        if (buffer.Length - used < RowBytes)
        {
            Flush();
        }
        return buffer.AsSpan(used);
    }

    /// <summary>Keeps the first bytes of the <see cref="Room"/>.</summary>
    public void Advance(int bytes) => used += bytes;

    /// <summary>Adds a text as it is.</summary>
    public void Write(string text) => Advance(Encoding.UTF8.GetBytes(text, Room()));

    /// <summary>Adds a number and a comma.</summary>
    public void Field(long number)
    {
        Utf8Formatter.TryFormat(number, Room(), out var length);
        Advance(length);
        buffer[used++] = (byte)',';
    }

    /// <summary>Adds a text, quoted where it has to be, and a comma.</summary>
    public void Field(string text)
    {
        var quoted = text.AsSpan().ContainsAny(",\"\r\n");
        Write(quoted ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text);
        buffer[used++] = (byte)',';
    }

    /// <summary>Makes the last comma the end of a row.</summary>
    public void EndRow() => buffer[used - 1] = (byte)'\n';

    /// <summary>Hands everything to the stream.</summary>
    public void Flush()
    {
        stream.Write(buffer, 0, used);
        used = 0;
    }
}
