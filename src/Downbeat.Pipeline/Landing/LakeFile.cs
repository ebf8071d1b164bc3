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
        return lake.PutIfAbsent(LakePaths.Lake, JsonSerializer.SerializeToUtf8Bytes(file, LakeJson.Readable.LakeFile));
    }

    /// <summary>Reads a lake's file.</summary>
    /// <exception cref="LakeException">There is no lake here, or one of another format.</exception>
    public static LakeFile Read(ILake lake)
    {
        ArgumentNullException.ThrowIfNull(lake);
        try
        {
            using var stream = lake.Open(LakePaths.Lake);
            var file =
                JsonSerializer.Deserialize(stream, LakeJson.Readable.LakeFile)
                ?? throw new LakeException(
                    $"{lake.Name}/{LakePaths.Lake} says null; restore it from a backup of the lake."
                );
            return file.Format == CurrentFormat
                ? file
                : throw new LakeException(
                    $"{lake.Name} has lake format {file.Format}, and this Downbeat reads format {CurrentFormat}: use the version that made it."
                );
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LakeException(
                $"{lake.Name} is no lake: it has no {LakePaths.Lake}. Make one with `downbeat init {lake.Name}`, or name another with --lake.",
                error
            );
        }
        catch (JsonException error)
        {
            throw new LakeException($"{lake.Name}/{LakePaths.Lake} cannot be read: {error.Message}", error);
        }
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
