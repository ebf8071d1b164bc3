using System.Globalization;

namespace Downbeat.Engine.Kpis;

/// <summary>What shapes the tables besides the listens and the catalogue.</summary>
public sealed record KpiOptions
{
    const int MaxRank = 1000;
    const int MaxWeight = 1_000_000;

    /// <summary>How much a like adds to the engagement of a listen, 0 to 1,000,000.</summary>
    public int LikeWeight
    {
        get;
        init => field = Within(value, 0, MaxWeight, "likeWeight");
    } = 2;

    /// <summary>How much a share adds to the engagement of a listen, 0 to 1,000,000.</summary>
    public int ShareWeight
    {
        get;
        init => field = Within(value, 0, MaxWeight, "shareWeight");
    } = 3;

    /// <summary>How many tracks of a genre have a rank, 1 to 1,000.</summary>
    public int TopTracks
    {
        get;
        init => field = Within(value, 1, MaxRank, "topTracks");
    } = 3;

    /// <summary>How many genres of a date have a rank, 1 to 1,000.</summary>
    public int TopGenres
    {
        get;
        init => field = Within(value, 1, MaxRank, "topGenres");
    } = 5;

    /// <summary>How many artists of a date have a rank, 1 to 1,000.</summary>
    public int TopArtistsDaily
    {
        get;
        init => field = Within(value, 1, MaxRank, "topArtistsDaily");
    } = 5;

    /// <summary>How many artists of an hour have a rank, 1 to 1,000.</summary>
    public int TopArtistsHourly
    {
        get;
        init => field = Within(value, 1, MaxRank, "topArtistsHourly");
    } = 5;

    /// <summary>
    /// All of this and the version of the definitions as one text: a date whose tables were computed under another one
    /// is computed again. The number of the definitions goes up when the meaning of a table changes.
    /// </summary>
    public string Shape =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"definitions=1 like={LikeWeight} share={ShareWeight} tracks={TopTracks} genres={TopGenres} artists={TopArtistsDaily}/{TopArtistsHourly}"
        );

    static int Within(int value, int from, int to, string name) =>
        value >= from && value <= to
            ? value
            : throw new ArgumentOutOfRangeException(
                name,
                value,
                string.Create(CultureInfo.InvariantCulture, $"{name} lies between {from} and {to}.")
            );
}
