using System.Text;

namespace Downbeat.Testing.Oracle;

/// <summary>What tells one listen from another (docs/kpis.md, A listen). Seconds count from 1970 UTC.</summary>
readonly record struct Listen(long UserId, string TrackId, long Second);

/// <summary>A valid row of a listens file.</summary>
readonly record struct ListenRow(Listen Listen, bool Liked, bool Shared);

/// <summary>Reads listens files.</summary>
sealed class ListenRows(ZoneClock clock)
{
    static readonly string[] RequiredColumns = ["user_id", "track_id", "listen_time"];

    /// <summary>One string object for all rows of a track: millions of listens stay in memory together.</summary>
    readonly Dictionary<string, string> trackIds = new(StringComparer.Ordinal);

    public CsvRows<ListenRow> Read(OracleFile file, double maxRejectedShare) =>
        CsvRows.Read<ListenRow>(
            file,
            RequiredColumns,
            (CsvRow row, out ListenRow value) => Parse(row, file.Arrived, out value),
            maxRejectedShare
        );

    string? Parse(CsvRow row, DateTimeOffset arrived, out ListenRow value)
    {
        value = default;

        if (!TryParseFlag(row["liked"], out var liked))
        {
            return "bad_liked";
        }

        if (!TryParseFlag(row["shared"], out var shared))
        {
            return "bad_shared";
        }

        if (!Ascii.TryParse(row["user_id"]!, 0, long.MaxValue, out var userId))
        {
            return "bad_user_id";
        }

        // The limit is in bytes, not in characters.
        var trackId = row["track_id"]!;
        if (Encoding.UTF8.GetByteCount(trackId) is < 1 or > 64)
        {
            return "bad_track_id";
        }

        if (ListenTime.TryRead(row["listen_time"]!, clock, arrived, out var second) is { } reason)
        {
            return reason;
        }

        if (!trackIds.TryGetValue(trackId, out var sharedTrackId))
        {
            trackIds.Add(trackId, sharedTrackId = trackId);
        }

        value = new(new(userId, sharedTrackId, second), liked, shared);
        return null;
    }

    /// <summary>Reads a like or share. Nothing written means no, and so does a column that is not there.</summary>
    static bool TryParseFlag(string? text, out bool value)
    {
        var folded = Ascii.Fold(text ?? "");
        value = folded is "1" or "true";
        return folded is "0" or "1" or "true" or "false" or "";
    }
}
