using System.Buffers.Binary;
using System.Text;

namespace Downbeat.Testing.Telemetry;

/// <summary>A message of Protocol Buffers, as far as its fields can be told apart without its definition.</summary>
public sealed class WireMessage
{
    readonly List<(int Field, ulong Number, byte[]? Bytes)> fields = [];

    /// <summary>Reads a message.</summary>
    public WireMessage(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var tag = Varint(ref bytes);
            var field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    fields.Add((field, Varint(ref bytes), null));
                    break;
                case 1:
                    fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes), null));
                    bytes = bytes[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref bytes);
                    fields.Add((field, 0, bytes[..length].ToArray()));
                    bytes = bytes[length..];
                    break;
                case 5:
                    fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes), null));
                    bytes = bytes[4..];
                    break;
                default:
                    throw new InvalidDataException($"No message has a field like {tag}.");
            }
        }
    }

    /// <summary>Whether it has a field.</summary>
    public bool Has(int field) => fields.Exists(one => one.Field == field);

    /// <summary>The messages in a field.</summary>
    public IEnumerable<WireMessage> Messages(int field) =>
        fields.Where(one => one.Field == field && one.Bytes is not null).Select(one => new WireMessage(one.Bytes));

    /// <summary>The bytes in a field; none where it is not there.</summary>
    public byte[] Bytes(int field) => fields.LastOrDefault(one => one.Field == field).Bytes ?? [];

    /// <summary>The text in a field.</summary>
    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    /// <summary>The number in a field; 0 where it is not there.</summary>
    public ulong Number(int field) => fields.LastOrDefault(one => one.Field == field).Number;

    static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7f) << shift;
            shift += 7;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
