namespace Downbeat.Testing.Oracle;

/// <summary>Everything docs/kpis.md calls configurable, with its defaults.</summary>
public sealed record OracleSettings
{
    /// <summary>IANA name of the zone of dates, of hours, and of times without an offset.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>What a like adds to a listen's engagement.</summary>
    public int LikeWeight { get; init; } = 2;

    /// <summary>What a share adds to a listen's engagement.</summary>
    public int ShareWeight { get; init; } = 3;

    /// <summary>Length of <c>top_tracks</c>, and of <c>top_songs</c> in <c>genre_daily</c>.</summary>
    public int TopTracks { get; init; } = 3;

    /// <summary>Length of <c>top_genres</c>, the table and the column of <c>daily</c>.</summary>
    public int TopGenres { get; init; } = 5;

    /// <summary>Length of <c>top_artists_daily</c>, and of <c>top_artists</c> in <c>daily</c>.</summary>
    public int TopArtistsDaily { get; init; } = 5;

    /// <summary>Length of <c>top_artists_hourly</c>, and of <c>top_artists</c> in <c>hourly</c>.</summary>
    public int TopArtistsHourly { get; init; } = 5;

    /// <summary>Share of rejected rows, 0 to 1, above which a whole file is quarantined.</summary>
    public double MaxRejectedShare { get; init; } = 0.05;
}
