using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Publish;

/// <summary>
/// A system that holds published tables besides the lake's own files. Every implementation promises: it holds exactly the
/// tables of a date, or what it held before; publishing the same again changes nothing; an older version of a date never
/// replaces a newer one; what belongs to another lake is not touched. Failures are <see cref="DestinationException"/>.
/// Used by one thread at a time.
/// </summary>
public interface IDestination : IDisposable
{
    /// <summary>What it is called in settings and messages: <c>postgres</c>.</summary>
    string Name { get; }

    /// <summary>Where it is, without secrets, for messages: <c>analytics on db.example.com:5432, schema downbeat</c>.</summary>
    string Place { get; }

    /// <summary>Which dates it holds of a lake, and which versions of them; none where nothing was made yet. Changes nothing.</summary>
    /// <exception cref="DestinationException">It cannot be reached or read, or belongs to another lake.</exception>
    IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default);

    /// <summary>Makes or migrates what publishing needs; nothing that holds data is ever dropped.</summary>
    /// <exception cref="DestinationException">That failed, or it belongs to another lake and is not to be taken over.</exception>
    void Prepare(DestinationRequest request, CancellationToken cancellationToken = default);

    /// <summary>Brings dates to hold exactly these tables, each date whole. <see cref="Prepare"/> was called before.</summary>
    /// <returns>Texts that had to be changed because the system cannot hold them, for people; mostly none.</returns>
    /// <exception cref="DestinationException">Some or all dates hold what they held before.</exception>
    IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads back what it holds, and says which dates are not what it says they are, and why; null where it cannot be read back.
    /// Changes nothing.
    /// </summary>
    /// <param name="lakeId">The lake.</param>
    /// <param name="dates">The dates that it should hold.</param>
    /// <param name="read">Reads the tables of a date; null where they cannot be read now.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    /// <exception cref="DestinationException">It cannot be reached, or belongs to another lake.</exception>
    IReadOnlyList<PlannedDate>? FindDifferent(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        Func<DateOnly, DateTables?> read,
        CancellationToken cancellationToken = default
    ) => null;

    /// <summary>Lets it say of dates that it holds something else, so that they are published again. Their rows stay until then.</summary>
    /// <exception cref="DestinationException">That failed, or it belongs to another lake.</exception>
    void Forget(string lakeId, IReadOnlyCollection<DateOnly> dates, CancellationToken cancellationToken = default);

    /// <summary>Tries all that publishing needs, and undoes it.</summary>
    /// <returns>What was tried, one after the other, until something failed.</returns>
    IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default);
}

/// <summary>What a destination is prepared for.</summary>
/// <param name="LakeId">The lake that publishes.</param>
/// <param name="Create">Whether tables that cost money as they stand are made when missing.</param>
/// <param name="TakeOver">Whether a destination of another lake becomes this one's; the dates it held are the other's no more.</param>
public sealed record DestinationRequest(string LakeId, bool Create = false, bool TakeOver = false);

/// <summary>A date as a destination holds it.</summary>
/// <param name="Version">The version of the ledger that computed it.</param>
/// <param name="Fingerprint">The fingerprint of its tables; empty for a date that was left without listens.</param>
public sealed record HeldDate(long Version, string Fingerprint);

/// <summary>Something that was tried.</summary>
/// <param name="What">What: <c>connect</c>, <c>read</c>, <c>write</c>.</param>
/// <param name="Problem">What is wrong and what to do; null when it works.</param>
public sealed record Finding(string What, string? Problem = null);

/// <summary>A destination did not do what was asked. The message says what, and what to do.</summary>
public sealed class DestinationException : IOException
{
    /// <summary>Says what failed and why.</summary>
    public DestinationException(string message, bool isTransient = false, Exception? cause = null)
        : base(message, cause) => IsTransient = isTransient;

    /// <summary>Whether trying again may succeed without anybody's doing.</summary>
    public bool IsTransient { get; }
}
