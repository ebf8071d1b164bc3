using System.Buffers.Binary;

namespace Downbeat.Cli.Generate;

/// <summary>What listens need to know of a track, in 32 bytes: half a cache line.</summary>
/// <param name="Id">Its id.</param>
/// <param name="DurationMs">How long it plays: log-normal around 3:30.</param>
/// <param name="LikeShare">How many of 256 listens of it are liked.</param>
readonly record struct SyntheticTrack(TrackText Id, int DurationMs, byte LikeShare)
{
    /// <summary>
    /// The track of that number, and its rank: 0 for the most popular one there could be, up to below 1.
    /// </summary>
    public static SyntheticTrack Of(SyntheticOptions options, int number, out double rank)
    {
        var random = new SplitMix(options.Seed, Subject.Track, number);
        var id = TrackText.Of(random.Next(), random.Next());
        rank = random.Unit();
        var durationMs = Math.Clamp((int)(210_000 * random.LogNormal(0.3)), 31_000, 1_200_000);
        return new(id, durationMs, (byte)(4 + random.Below(32)));
    }
}

/// <summary>A track id of 22 base62 characters, as three words to be stored one after the other.</summary>
readonly record struct TrackText(ulong First, ulong Second, ulong Third)
{
    public const int Length = 22;

    /// <summary>The words reach two bytes past the text.</summary>
    public const int Room = 24;

    public static TrackText Of(ulong high, ulong low)
    {
        Span<byte> text = stackalloc byte[Room];
        text[Length..].Clear();
        WriteBase62(text[..(Length / 2)], high);
        WriteBase62(text[(Length / 2)..Length], low);
        return new(
            BinaryPrimitives.ReadUInt64LittleEndian(text),
            BinaryPrimitives.ReadUInt64LittleEndian(text[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(text[16..])
        );
    }

    /// <summary>Writes the text and two bytes that are to be written over.</summary>
    public void Write(Span<byte> room)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(room, First);
        BinaryPrimitives.WriteUInt64LittleEndian(room[8..], Second);
        BinaryPrimitives.WriteUInt64LittleEndian(room[16..], Third);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            Length,
            this,
            static (characters, id) =>
            {
                Span<byte> text = stackalloc byte[Room];
                id.Write(text);
                for (var i = 0; i < Length; i++)
                {
                    characters[i] = (char)text[i];
                }
            }
        );

    static void WriteBase62(Span<byte> text, ulong value)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 62ul);
            text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8[(int)digit];
        }
    }
}
