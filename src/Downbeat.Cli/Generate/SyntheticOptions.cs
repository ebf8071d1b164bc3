namespace Downbeat.Cli.Generate;

/// <summary>What <see cref="SyntheticLake"/> makes. The same options make the same bytes, on any machine.</summary>
public sealed record SyntheticOptions
{
    /// <summary>Rows of all listens files together, repeated and broken ones included, headers not.</summary>
    public long Listens
    {
        get;
        init => field = value >= 0 ? value : throw Invalid(value, "listens is 0 or more.");
    } = 1_000_000;

    /// <summary>Users that may listen. Not all do when listens are few.</summary>
    public long Users
    {
        get;
        init =>
            field = value is >= 1 and <= 2_000_000_000
                ? value
                : throw Invalid(value, "users lies between 1 and 2,000,000,000.");
    } = 50_000;

    /// <summary>
    /// Tracks that may be listened to. The songs file has some 10 % more rows: one for each genre of a track.
    /// </summary>
    public int Tracks
    {
        get;
        init =>
            field = value is >= 1 and <= 50_000_000
                ? value
                : throw Invalid(value, "tracks lies between 1 and 50,000,000.");
    } = 20_000;

    /// <summary>Genres the tracks are of, the most heard ones first.</summary>
    public int Genres
    {
        get;
        init => field = value is >= 1 and <= 1_000 ? value : throw Invalid(value, "genres lies between 1 and 1,000.");
    } = 114;

    /// <summary>The first date with listens.</summary>
    public DateOnly From
    {
        get;
        init =>
            field = value.Year is >= 1970 and <= 9900
                ? value
                : throw Invalid(value, "from lies between the years 1970 and 9900.");
    } = new(2024, 6, 25);

    /// <summary>The number of dates with listens.</summary>
    public int Days
    {
        get;
        init => field = value is >= 1 and <= 3_660 ? value : throw Invalid(value, "days lies between 1 and 3,660.");
    } = 3;

    /// <summary>Files the listens are spread over, each holding about as many rows as the others.</summary>
    public int Files
    {
        get;
        init =>
            field = value is >= 1 and <= 100_000 ? value : throw Invalid(value, "files lies between 1 and 100,000.");
    } = 6;

    /// <summary>Another seed makes other data of the same kind.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Share of listens rows, 0 to 0.5, that are broken in a way that gets each of them rejected. Above 0 the data
    /// has more of the field's dirt: as large a share of the good rows is oddly written (times with offset as if in
    /// UTC), about 0.5 % of the tracks are not in the catalogue or rejected there, about 0.5 % of the users are
    /// unknown and some are of no country.
    /// </summary>
    public double DirtShare
    {
        get;
        init => field = value is >= 0 and <= 0.5 ? value : throw Invalid(value, "dirtShare lies between 0 and 0.5.");
    }

    /// <summary>
    /// Share of listens rows, 0 to 0.5, that repeat a listen of the same or the previous file. Their liked and shared
    /// may differ.
    /// </summary>
    public double DuplicateShare
    {
        get;
        init =>
            field = value is >= 0 and <= 0.5 ? value : throw Invalid(value, "duplicateShare lies between 0 and 0.5.");
    }

    /// <summary>0: user ids are 1 to <see cref="Users"/>. Else they are spread over 0 to 2^bits - 1.</summary>
    public int UserIdBits
    {
        get;
        init => field = value is >= 0 and <= 63 ? value : throw Invalid(value, "userIdBits lies between 0 and 63.");
    }

    /// <summary>Whether the listens files are written as <c>.csv.gz</c>.</summary>
    public bool Gzip { get; init; }

    /// <summary>Whether listens have the columns <c>liked</c> and <c>shared</c>.</summary>
    public bool Flags { get; init; }

    static ArgumentOutOfRangeException Invalid(object value, string message) => new(nameof(value), value, message);
}
