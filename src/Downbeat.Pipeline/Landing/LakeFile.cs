using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Landing;

/// <summary>What is fixed when a lake is made: <c>lake.json</c>.</summary>
public sealed record LakeFile
{
    /// <summary>The format that this program writes and reads.</summary>
    public const int CurrentFormat = 2;

    /// <summary>The format of everything in the lake.</summary>
    public required int Format { get; init; }

    /// <summary>The lake's id: a destination belongs to one lake.</summary>
    public required string Id { get; init; }

    /// <summary>The time zone of dates, hours and times without an offset.</summary>
    public required string TimeZone { get; init; }

    /// <summary>When the lake was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The <see cref="MakeSum">sum</see> of the others; null where an earlier version of Downbeat wrote it.</summary>
    public string? Sum { get; init; }

    /// <summary>The SHA-256 of all other fields, in hex.</summary>
    public string MakeSum() =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"{Format}\n{Id}\n{TimeZone}\n{Created:O}")
                )
            )
        );

    /// <summary>It as it is written.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, LakeJson.Readable.LakeFile);

    /// <summary>What bytes say; null when they are not as they were written.</summary>
    internal static LakeFile? TryParse(byte[]? bytes)
    {
        try
        {
            var file = bytes is null ? null : JsonSerializer.Deserialize(bytes, LakeJson.Readable.LakeFile);
            return file?.Sum is null || (file.Sum == file.MakeSum() && file.ToBytes().AsSpan().SequenceEqual(bytes))
                ? file
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The time zone.</summary>
    /// <exception cref="LakeException">This machine does not know it.</exception>
    public LakeZone FindZone()
    {
        try
        {
            return LakeZone.Find(TimeZone);
        }
        catch (ArgumentException error)
        {
            throw new LakeException(
                $"The lake's time zone {TimeZone} is not known to this machine: install the time zone database (on Debian the package tzdata).",
                error
            );
        }
    }

    /// <summary>Makes a lake; false when there is one already.</summary>
    public static bool Create(ILake lake, string timeZone, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(lake);
        var file = new LakeFile
        {
            Format = CurrentFormat,
            Id = Guid.NewGuid().ToString("N"),
            TimeZone = LakeZone.Find(timeZone).Id,
            Created = now,
        };
        var bytes = (file with { Sum = file.MakeSum() }).ToBytes();
        if (!lake.PutIfAbsent(LakePaths.Lake, bytes))
        {
            return false;
        }

        lake.Put([(LakePaths.LakeCopy, bytes)]);
        return true;
    }

    /// <summary>Reads a lake's file.</summary>
    /// <exception cref="LakeException">There is no lake here, or one of another format.</exception>
    public static LakeFile Read(ILake lake)
    {
        ArgumentNullException.ThrowIfNull(lake);
        try
        {
            using var stream = lake.Open(LakePaths.Lake);
            var file = JsonSerializer.Deserialize(stream, LakeJson.Readable.LakeFile);
            if (file is null || (file.Sum is not null && file.Sum != file.MakeSum()))
            {
                throw new LakeException(Broken(lake, "damaged: it is not as it was written"));
            }

            return file.Format == CurrentFormat
                ? file
                : throw new LakeException(
                    $"{lake.Name} has lake format {file.Format}, and this Downbeat reads format {CurrentFormat}: use the version that made it."
                );
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LakeException(
                lake.Find(LakePaths.LakeCopy) is not null
                    ? Broken(lake, "missing")
                    : $"{lake.Name} is no lake: it has no {LakePaths.Lake}. Make one with `downbeat init {lake.Name}`, or name another with --lake.",
                error
            );
        }
        catch (JsonException error)
        {
            throw new LakeException(Broken(lake, "damaged: it is not the JSON that was written"), error);
        }
    }

    /// <summary>Says what is wrong, and what to do.</summary>
    static string Broken(ILake lake, string how)
    {
        var about = $"{lake.Name}/{LakePaths.Lake} is {how}";
        var copy = LakePaths.LakeCopy;
        if (LakeBytes.TryRead(lake, copy) is { } bytes && TryParse(bytes) is not null)
        {
            return $"{about}. Its copy {copy} is whole: `downbeat repair` mends it.";
        }

        var both = lake.Find(copy) is null ? $"there is no copy of it, {copy}" : $"its copy {copy} is damaged too";
        return $"{about}, and {both}: nothing else in the lake says what it said. Restore it from a backup of the lake, or write it again, as {{\"format\":{CurrentFormat},\"id\":\"…\",\"timeZone\":\"…\",\"created\":\"2026-01-01T00:00:00+00:00\"}}, with the time zone of the lake; its id is the lake_id in the table downbeat_lake of each warehouse.";
    }
}

/// <summary>Something about the lake keeps Downbeat from working; the message says what, and what to do.</summary>
public class LakeException : Exception
{
    /// <summary>Says what is wrong and what to do.</summary>
    public LakeException(string message)
        : base(message) { }

    /// <summary>Says what is wrong and what to do, and what caused it.</summary>
    public LakeException(string message, Exception cause)
        : base(message, cause) { }
}
