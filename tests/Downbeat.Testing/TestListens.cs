using System.Globalization;
using System.Text;

namespace Downbeat.Testing;

/// <summary>Small random inputs: few users, tracks and seconds, so that ties, duplicates and sessions are frequent.</summary>
public sealed class TestListens
{
    readonly Random random;

    /// <summary>Starts with a seed: that of the variable <c>DOWNBEAT_TEST_SEED</c>, or a fresh one.</summary>
    public TestListens()
        : this(
            int.TryParse(
                Environment.GetEnvironmentVariable("DOWNBEAT_TEST_SEED"),
                CultureInfo.InvariantCulture,
                out var given
            )
                ? given
                : System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue)
        ) { }

    /// <summary>Starts with a seed.</summary>
    public TestListens(int seed)
    {
        Seed = seed;
        random = new(seed);
    }

    /// <summary>The seed, for the message of a test that fails.</summary>
    public int Seed { get; }

    /// <summary>The header of the rows.</summary>
    public static string Header => "user_id,track_id,listen_time,liked,shared";

    /// <summary>Songs with several genres and artists, ties in names, and odd names.</summary>
    public static string Songs
    {
        get
        {
            var csv = new StringBuilder("track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n");
            for (var track = 0; track < 60; track++)
            {
                var artists = $"Artist {track % 7};Artist {track % 11}";
                csv.Append(
                    CultureInfo.InvariantCulture,
                    $"track{track:D3},{artists},Album,\"Name {track % 5}, \"\"x\"\"\",{track * 7 % 101},{1000 + (track * 37)},genre {track % 6}\n"
                );
                if (track % 4 == 0)
                {
                    csv.Append(
                        CultureInfo.InvariantCulture,
                        $"track{track:D3},Other,Album,Other,1,1,genré {track % 3}\n"
                    );
                }
            }

            return csv.ToString();
        }
    }

    /// <summary>Users 0 to 49, of six countries.</summary>
    public static string Users
    {
        get
        {
            var csv = new StringBuilder("user_id,user_name,user_age,user_country,created_at\n");
            for (var user = 0; user < 50; user++)
            {
                csv.Append(
                    CultureInfo.InvariantCulture,
                    $"{user},Name,30,{(user % 6 == 0 ? "" : $"Country {user % 6}")},2024-01-01\n"
                );
            }

            return csv.ToString();
        }
    }

    /// <summary>A number below a bound.</summary>
    public int Next(int bound) => random.Next(bound);

    /// <summary>Rows of three dates, some of tracks and users that the catalogue does not know.</summary>
    public List<string> Rows(int count)
    {
        var rows = new List<string>(count);
        var start = new DateTime(2024, 6, 24, 0, 0, 0, DateTimeKind.Utc);
        for (var row = 0; row < count; row++)
        {
            var user = random.Next(60);
            var time = start.AddMinutes(random.Next(3 * 1440)).AddSeconds(random.Next(2));
            rows.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{user},track{random.Next(64):D3},{time:yyyy-MM-dd HH:mm:ss},{random.Next(2)},{(random.Next(4) == 0 ? 1 : 0)}"
                )
            );
        }

        return rows;
    }

    /// <summary>The same rows in another order.</summary>
    public List<string> Shuffle(IEnumerable<string> rows)
    {
        var shuffled = rows.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled];
    }

    /// <summary>The rows in so many groups, each row in one of them.</summary>
    public List<List<string>> Split(IEnumerable<string> rows, int groups)
    {
        var split = Enumerable.Range(0, groups).Select(_ => new List<string>()).ToList();
        foreach (var row in rows)
        {
            split[random.Next(groups)].Add(row);
        }

        return split;
    }

    /// <summary>Rows as a file.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="lineEnd">What ends each.</param>
    /// <param name="filler">How long another field is that nobody reads; 0 for none.</param>
    public static string Csv(IEnumerable<string> rows, string lineEnd = "\n", int filler = 0) =>
        string.Concat(
            rows.Prepend(Header).Select(row => row + (filler > 0 ? "," + new string('x', filler) : "") + lineEnd)
        );
}
