namespace Downbeat.Engine.Listens;

/// <summary>A row that is no listen, or no catalogue row, and where it stands.</summary>
/// <param name="Reason">Why it was rejected.</param>
/// <param name="LineNumber">The line of the file on which the record begins; the first line is 1.</param>
/// <param name="ByteOffset">The record's first byte in the decompressed file; the first byte is 0.</param>
/// <param name="ByteLength">How many bytes the record has without its line end.</param>
public readonly record struct Reject(RejectReason Reason, long LineNumber, long ByteOffset, long ByteLength);

/// <summary>Takes a reject with the record's text, of which at most the first 1 MiB is handed on.</summary>
public delegate void RejectHandler(in Reject reject, ReadOnlySpan<byte> raw);

/// <summary>Why a row was rejected. A row with several faults has the first in this order.</summary>
public enum RejectReason
{
    /// <summary>The record is longer than 1 MiB.</summary>
    RecordTooLong,

    /// <summary>Text follows a closing quote.</summary>
    TextAfterQuote,

    /// <summary>There are fewer or more fields than the header has.</summary>
    WrongFieldCount,

    /// <summary><c>liked</c> is none of 0, 1, true, false and not empty.</summary>
    BadLiked,

    /// <summary><c>shared</c> is none of 0, 1, true, false and not empty.</summary>
    BadShared,

    /// <summary><c>user_id</c> is no integer from 0 to 2^63-1.</summary>
    BadUserId,

    /// <summary><c>track_id</c> is empty or longer than 64 bytes.</summary>
    BadTrackId,

    /// <summary><c>listen_time</c> is no date and time.</summary>
    BadListenTime,

    /// <summary><c>listen_time</c> is a local time that the zone's clocks skip.</summary>
    NonexistentLocalTime,

    /// <summary><c>listen_time</c> lies before 1970-01-01T00:00:00Z.</summary>
    Before1970,

    /// <summary><c>listen_time</c> lies more than a day after the file arrived.</summary>
    AfterArrival,

    /// <summary>A song's <c>track_genre</c> is empty.</summary>
    BadTrackGenre,

    /// <summary>A song's <c>duration_ms</c> is no integer from 1 to 2^31-1.</summary>
    BadDurationMs,

    /// <summary>A song's <c>popularity</c> is neither empty nor an integer from 0 to 100.</summary>
    BadPopularity,
}

/// <summary>The names of reject reasons as they stand in files and on the screen.</summary>
public static class RejectReasons
{
    static readonly string[] Texts =
    [
        "record_too_long",
        "text_after_quote",
        "wrong_field_count",
        "bad_liked",
        "bad_shared",
        "bad_user_id",
        "bad_track_id",
        "bad_listen_time",
        "nonexistent_local_time",
        "before_1970",
        "after_arrival",
        "bad_track_genre",
        "bad_duration_ms",
        "bad_popularity",
    ];

    /// <summary>How many reasons there are.</summary>
    public static int Count => Texts.Length;

    /// <summary>The reason's name, like <c>bad_user_id</c>.</summary>
    public static string Text(this RejectReason reason) => Texts[(int)reason];

    /// <summary>The counts of rejects by reason, as a scan keeps them, under their names.</summary>
    public static SortedDictionary<string, long> ByName(ReadOnlySpan<long> counts)
    {
        var named = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (var reason = 0; reason < counts.Length; reason++)
        {
            if (counts[reason] > 0)
            {
                named[Texts[reason]] = counts[reason];
            }
        }

        return named;
    }
}
