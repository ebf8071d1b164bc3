using System.Globalization;
using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Benchmarks;

/// <summary>What benchmarks work on: made from seeds, and so the same each time. The usual input has 90,000 tracks and 1 M users.</summary>
static class Samples
{
    /// <summary>The usual number of tracks.</summary>
    public const int UsualTracks = 90_000;

    /// <summary>User ids are below.</summary>
    public const int Users = 1_000_000;

    /// <summary>How many listens a user has on the date.</summary>
    public const int ListensOfUser = 16;

    /// <summary>The date of all listens, on which no clocks change.</summary>
    public static readonly DateOnly Date = new(2024, 6, 25);

    static readonly string[] Genres = [.. Enumerable.Range(0, 114).Select(genre => Text($"genre {genre}"))];
    static readonly string[] Countries = [.. Enumerable.Range(0, 60).Select(country => Text($"C{country}"))];

    /// <summary>Track ids of 22 letters and digits, sorted.</summary>
    public static Texts Tracks(int count, int seed = 1)
    {
        const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var random = new Random(seed);
        var ids = new HashSet<string>(count, StringComparer.Ordinal);
        while (ids.Count < count)
        {
            ids.Add(random.GetString(Letters, 22));
        }

        return Texts(ids.Order(StringComparer.Ordinal));
    }

    /// <summary>A random track: of a hundred listens ten are of the most popular thousandth of the tracks.</summary>
    public static int Track(Random random, int tracks)
    {
        var draw = random.NextDouble();
        return (int)(tracks * draw * draw * draw);
    }

    /// <summary>The rows of a file of listens in a random order, with its header.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="tracks">The tracks listened to.</param>
    /// <param name="lineEnd">What ends a row.</param>
    /// <param name="isQuoted">Whether the track id of a row, counted from 0, stands in quotes.</param>
    public static byte[] ListensCsv(int rows, Texts tracks, string lineEnd = "\n", Func<int, bool>? isQuoted = null)
    {
        var random = new Random(2);
        var text = new StringBuilder("user_id,track_id,listen_time").Append(lineEnd);
        for (var row = 0; row < rows; row++)
        {
            var user = random.Next(Users);
            var quote = isQuoted?.Invoke(row) == true ? "\"" : "";
            var track = Encoding.ASCII.GetString(tracks[Track(random, tracks.Count)]);
            var time = TimeSpan.FromSeconds(random.Next(86_400));
            text.Append(CultureInfo.InvariantCulture, $"{user},{quote}{track}{quote},2024-06-25 {time:c}{lineEnd}");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>Listens of the date, sorted and each once: <see cref="ListensOfUser"/> of every user.</summary>
    public static Listen[] SortedListens(int count, int tracks)
    {
        var random = new Random(3);
        var listens = new Listen[count];
        var seconds = new int[ListensOfUser];
        var user = 0UL;
        for (var at = 0; at < count; at++)
        {
            if (at % ListensOfUser == 0)
            {
                user += (ulong)random.Next(1, 2 * Users / (count / ListensOfUser));
                for (var listen = 0; listen < seconds.Length; listen++)
                {
                    // In 16 stretches of the day: distinct and sorted by themselves.
                    seconds[listen] = (listen * 5400) + random.Next(5400);
                }
            }

            var second = (uint)(ListenDate.MaxOffsetSeconds + seconds[at % ListensOfUser]);
            listens[at] = new(user, second, Track(random, tracks), ListenFlags.None);
        }

        return listens;
    }

    /// <summary>Writes a slice of the date.</summary>
    public static SliceReader Slice(ReadOnlySpan<Listen> listens, Texts tracks)
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, Date, tracks);
        writer.Add(listens);
        writer.Finish();
        return new(new MemorySource(bytes.ToArray()));
    }

    /// <summary>Songs of the tracks, one in four with a second genre.</summary>
    public static Songs Songs(Texts tracks)
    {
        var random = new Random(4);
        var csv = new StringBuilder("track_id,track_genre,duration_ms,artists,track_name,popularity\n");
        for (var track = 0; track < tracks.Count; track++)
        {
            var id = Encoding.ASCII.GetString(tracks[track]);
            for (var genre = 0; genre <= (track % 4 == 0 ? 1 : 0); genre++)
            {
                var genreName = Genres[random.Next(Genres.Length)];
                csv.Append(
                    CultureInfo.InvariantCulture,
                    $"{id},{genreName},{180_000 + track},Artist {track / 3},Track number {track},{track % 101}\n"
                );
            }
        }

        var scan = new SongsScan(FailOnReject);
        scan.Scan(new MemoryStream(Encoding.ASCII.GetBytes(csv.ToString())));
        return scan.Build(1, null);
    }

    /// <summary>All users, each with a country.</summary>
    public static SliceReader AllUsers()
    {
        var csv = new StringBuilder("user_id,user_country\n");
        for (var user = 0; user < Users; user++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{user},{Countries[user * 7 % Countries.Length]}\n");
        }

        var scan = new UsersScan(64 << 20, () => throw new InvalidOperationException("They fit."), FailOnReject);
        scan.Scan(new MemoryStream(Encoding.ASCII.GetBytes(csv.ToString())));
        scan.Finish();
        var bytes = new MemoryStream();
        scan.Write([], bytes, 1, null);
        return new(new MemorySource(bytes.ToArray()));
    }

    /// <summary>To be handed to scans of samples, which have no rows to reject.</summary>
    public static void FailOnReject(in Reject reject, ReadOnlySpan<byte> raw) =>
        throw new InvalidOperationException($"A sample has a row that is rejected: {reject.Reason}.");

    static Texts Texts(IEnumerable<string> texts)
    {
        var builder = new Texts.Builder();
        foreach (var text in texts)
        {
            builder.Add(Encoding.ASCII.GetBytes(text));
        }

        return builder.Build();
    }

    static string Text(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>A file in memory.</summary>
sealed class MemorySource(byte[] bytes) : IByteSource
{
    public string Name => "a sample";

    public long Length => bytes.Length;

    public void Read(long offset, Span<byte> destination) =>
        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
}
