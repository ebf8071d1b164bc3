using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Catalogue;

/// <summary>
/// A database that holds songs and users. Every implementation promises: both are read as of one moment, in the order of their
/// keys; nothing is written there; a fetch that failed may be done again. Failures are <see cref="CatalogueException"/>. Used
/// by one thread at a time.
/// </summary>
public interface ICatalogueSource : IDisposable
{
    /// <summary>Where it is, without secrets, for messages: <c>PostgreSQL reader@db.example.com:5432/music</c>.</summary>
    string Place { get; }

    /// <summary>Writes songs and users as CSV, as the landing area would hold them.</summary>
    /// <param name="songs">What is wanted of the songs.</param>
    /// <param name="users">What is wanted of the users.</param>
    /// <param name="onRows">Told how many rows have come, and how many there are.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    /// <exception cref="CatalogueException">It cannot be reached or read, or what was configured is not there.</exception>
    (FetchedTable Songs, FetchedTable Users) Fetch(
        FetchRequest songs,
        FetchRequest users,
        Action<long, long> onRows,
        CancellationToken cancellationToken = default
    );

    /// <summary>Tries all that fetching needs.</summary>
    /// <returns>What was tried, one after the other, until something failed.</returns>
    IReadOnlyList<Publish.Finding> Check(CancellationToken cancellationToken = default);
}

/// <summary>What is wanted of songs or users.</summary>
/// <param name="File">Where the rows go, under a header: first the columns of the table, and then, where changes can be told, those of the key.</param>
/// <param name="Known">What was fetched before and is still there, so that changes since then do; null when all rows are wanted.</param>
public sealed record FetchRequest(string File, CatalogueOriginEntry? Known);

/// <summary>Songs or users that were fetched.</summary>
public sealed record FetchedTable
{
    /// <summary>Stands for what was asked for. What was fetched under another shape says nothing about changes.</summary>
    public required string Shape { get; init; }

    /// <summary>Whether there are no rows at all.</summary>
    public required bool IsEmpty { get; init; }

    /// <summary>Whether only rows are there that changed, or may have, since what is known was fetched.</summary>
    public required bool IsChangesOnly { get; init; }

    /// <summary>Up to when changes were seen; null when they cannot be told.</summary>
    public required string? Watermark { get; init; }

    /// <summary>Of each column of the key, which stand last in the file, whether it sorts as a number; others sort by their bytes.</summary>
    public required IReadOnlyList<bool> KeyIsNumber { get; init; }
}

/// <summary>Songs and users did not come from the database. The message says why, and what to do.</summary>
public sealed class CatalogueException : IOException
{
    /// <summary>Says what failed and why.</summary>
    public CatalogueException(string message, bool isTransient = false, Exception? cause = null)
        : base(message, cause) => IsTransient = isTransient;

    /// <summary>Whether trying again may succeed without anybody's doing: it was not reached, or did not answer.</summary>
    public bool IsTransient { get; }
}
