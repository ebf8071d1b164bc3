using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Downbeat.Cli.Generate;

/// <summary>Writes a second of the period as <c>yyyy-MM-dd HH:mm:ss</c> with four stores from tables.</summary>
sealed class ClockText
{
    public const int Length = 19;

    readonly ulong[] months; // By day: "2024-06-", eight bytes.
    readonly ushort[] days; // By day: "25".
    readonly ulong[] minutes = new ulong[24 * 60]; // " 17:43:" and a byte to be written over.
    readonly ushort[] seconds = new ushort[60];

    public ClockText(DateOnly from, int dayCount)
    {
        months = new ulong[dayCount];
        days = new ushort[dayCount];
        for (var day = 0; day < dayCount; day++)
        {
            var text = Encoding.ASCII.GetBytes(from.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            months[day] = BinaryPrimitives.ReadUInt64LittleEndian(text);
            days[day] = BinaryPrimitives.ReadUInt16LittleEndian(text.AsSpan(8));
        }
        for (var minute = 0; minute < minutes.Length; minute++)
        {
            var text = Encoding.ASCII.GetBytes($" {minute / 60:D2}:{minute % 60:D2}:0");
            minutes[minute] = BinaryPrimitives.ReadUInt64LittleEndian(text);
        }
        for (var second = 0; second < seconds.Length; second++)
        {
            seconds[second] = BinaryPrimitives.ReadUInt16LittleEndian(Encoding.ASCII.GetBytes($"{second:D2}"));
        }
    }

    /// <summary>Writes <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> room, int second)
    {
        var (day, secondOfDay) = Math.DivRem((uint)second, 86_400u);
        var (minute, secondOfMinute) = Math.DivRem(secondOfDay, 60u);
        BinaryPrimitives.WriteUInt64LittleEndian(room, months[day]);
        BinaryPrimitives.WriteUInt16LittleEndian(room[8..], days[day]);
        BinaryPrimitives.WriteUInt64LittleEndian(room[10..], minutes[minute]);
        BinaryPrimitives.WriteUInt16LittleEndian(room[17..], seconds[secondOfMinute]);
    }
}
