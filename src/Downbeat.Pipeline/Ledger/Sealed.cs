using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Ledger;

/// <summary>JSON with a checksum of itself around it: <c>{"sha256":"…","body":{…}}</c>.</summary>
static class Sealed
{
    const int SumLetters = 64;

    static ReadOnlySpan<byte> BeforeSum => "{\"sha256\":\""u8;

    static ReadOnlySpan<byte> BeforeBody => "\",\"body\":"u8;

    static ReadOnlySpan<byte> BehindBody => "}\n"u8;

    /// <summary>Writes an object.</summary>
    public static byte[] Write<T>(T body, JsonTypeInfo<T> type)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, type);
        var sum = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return [.. BeforeSum, .. Encoding.ASCII.GetBytes(sum), .. BeforeBody, .. bytes, .. BehindBody];
    }

    /// <summary>What the bytes of an object of a lake say.</summary>
    /// <exception cref="DamagedObjectException">They are not as they were written.</exception>
    public static T Read<T>(byte[] bytes, string path, JsonTypeInfo<T> type)
        where T : class =>
        TryRead(bytes, type)
        ?? throw new DamagedObjectException(
            $"{path} is damaged: it does not fit its checksum. `downbeat repair` mends it."
        );

    /// <summary>What bytes say; null when they are not as they were written.</summary>
    public static T? TryRead<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        var sum = BeforeSum.Length;
        var body = sum + SumLetters + BeforeBody.Length;
        if (
            bytes.Length < body + BehindBody.Length
            || !bytes.StartsWith(BeforeSum)
            || !bytes[(sum + SumLetters)..].StartsWith(BeforeBody)
            || !bytes.EndsWith(BehindBody)
        )
        {
            return null;
        }

        var sealedBytes = bytes[body..^BehindBody.Length];
        var said = Encoding.ASCII.GetString(bytes.Slice(sum, SumLetters));
        if (said != Convert.ToHexStringLower(SHA256.HashData(sealedBytes)))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(sealedBytes, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
