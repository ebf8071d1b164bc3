using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing.Oracle;

namespace Downbeat.Testing.Simulation;

/// <summary>
/// Those who land files while runs work. Each key has a story, whose end says which listens there are: a version that is
/// overwritten holds nothing that a later one does not, or is continued by the later one byte by byte.
/// </summary>
sealed class SimProducers
{
    const string Header = "user_id,track_id,listen_time,liked,shared\n";
    const int CatalogueVersions = 3;

    readonly Random random;
    readonly SimStore store;
    readonly SimWorld world;
    readonly List<Story> stories = [];
    readonly Dictionary<string, (byte[] Bytes, DateTimeOffset Arrived)> last = new(StringComparer.Ordinal);
    readonly List<(string Key, SimObject Object, byte[] Bytes)> landed = [];
    byte[] songs = [];
    byte[] users = [];

    public SimProducers(Random random, SimStore store, SimWorld world)
    {
        this.random = random;
        this.store = store;
        this.world = world;
        stories.Add(Catalogue(LakePaths.Songs + "/songs.csv", Songs, bytes => songs = bytes));
        stories.Add(Catalogue(LakePaths.Users + "/users.csv", Users, bytes => users = bytes));
        var keys = random.Next(2, 8);
        for (var key = 0; key < keys; key++)
        {
            stories.Add(Listens(key));
        }
    }

    /// <summary>The dates of all listens.</summary>
    public List<DateOnly> Dates { get; } = [new(2024, 6, 24), new(2024, 6, 25), new(2024, 6, 26)];

    /// <summary>What landed and was not destroyed by its producer.</summary>
    public IEnumerable<(string Key, byte[] Bytes)> Landed => landed.Select(one => (one.Key, one.Bytes));

    /// <summary>Songs and users lie there before the first run, and a file or two.</summary>
    public void Begin()
    {
        stories[0].Next();
        stories[1].Next();
        for (var acts = random.Next(1, 6); acts > 0; acts--)
        {
            Act();
        }
    }

    /// <summary>Somebody does something, if there is something left to do.</summary>
    public void Act()
    {
        var open = stories.FindAll(story => !story.HasEnded);
        if (open.Count > 0)
        {
            open[random.Next(open.Count)].Next();
        }
    }

    /// <summary>Every story comes to its end.</summary>
    public void Finish()
    {
        while (stories.Exists(story => !story.HasEnded))
        {
            Act();
        }
    }

    /// <summary>What is to be published in the end.</summary>
    public OracleAnswer Answer(RunOptions options) =>
        KpiOracle.Compute(
            last.Select(file => new OracleFile(file.Key, file.Value.Bytes, file.Value.Arrived)),
            [new("songs.csv", songs, default)],
            [new("users.csv", users, default)],
            new() { MaxRejectedShare = options.MaxRejectedShare }
        );

    Story Catalogue(string path, Func<int, string> make, Action<byte[]> keep)
    {
        var versions = Enumerable
            .Range(random.Next(2), CatalogueVersions)
            .Select(version => Encoding.UTF8.GetBytes(make(version)))
            .ToList();
        var acts = new List<(string, Action)> { ("first catalogue", () => Put(path, versions[0])) };
        foreach (var version in versions.Skip(1))
        {
            switch (random.Next(4))
            {
                case 0:
                    acts.Add(("a bad catalogue", () => Put(path, "no,catalogue\n1,2\n"u8.ToArray())));
                    break;
                case 1:
                    acts.Add(("no catalogue", () => Remove(path)));
                    break;
            }

            acts.Add(
                (
                    "new catalogue",
                    () =>
                    {
                        world.Count("catalogue changes");
                        Put(path, version);
                    }
                )
            );
        }

        keep(versions[^1]);
        return new(world, path, acts);
    }

    static string Songs(int version)
    {
        var csv = new StringBuilder("track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n");
        for (var track = 0; track < 2 + (2 * version); track++)
        {
            csv.Append(
                CultureInfo.InvariantCulture,
                $"track{track},Artist {track % 3};Artist {track % 2},Album,Name {track % 4},{track * 9},{1000 + track},genre {track % 3}\n"
            );
        }

        return csv.ToString();
    }

    static string Users(int version)
    {
        var csv = new StringBuilder("user_id,user_name,user_age,user_country,created_at\n");
        for (var user = 0; user < 2 + (2 * version); user++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{user},Name,30,Country {user % 3},2024-01-01\n");
        }

        return csv.ToString();
    }

    Story Listens(int number)
    {
        var isCompressed = random.Next(3) == 0;
        var name = $"{(random.Next(3) == 0 ? "below/" : "")}{number}.csv{(isCompressed ? ".gz" : "")}";
        var path = $"{LakePaths.Streams}/{name}";
        var rows = Rows(random.Next(2, 9));
        var acts = new List<(string, Action)>();
        void Land(string what, byte[] bytes, bool inPlace = false) =>
            acts.Add(
                (
                    what,
                    () =>
                    {
                        world.Count($"files: {what}");
                        Drop(path, bytes, inPlace);
                        last[name] = (bytes, store.Find(path)!.Modified);
                    }
                )
            );

        var whole = File(rows, isCompressed);
        switch (random.Next(10))
        {
            case 0 or 7: // Written slowly, in place or not: versions are continued, though they end within a row.
                if (isCompressed)
                {
                    Land("half a compressed file", whole[..(whole.Length / 2)]);
                }
                else
                {
                    var first = random.Next(whole.Length);
                    Land("the first bytes", whole[..first], random.Next(2) == 0);
                    Land("appended", whole[..random.Next(first, whole.Length)], random.Next(2) == 0);
                }

                Land("appended", whole, !isCompressed && random.Next(2) == 0);
                break;
            case 1 or 8: // Overwritten by something that holds more.
                Land("new", File(rows.Take(2), isCompressed));
                Land("overwritten by more", File(Shuffled(rows), isCompressed), !isCompressed && random.Next(2) == 0);
                break;
            case 2: // Gone and back.
                Land("new", whole);
                acts.Add(
                    (
                        "deleted",
                        () =>
                        {
                            world.Count("files: deleted");
                            Remove(path);
                        }
                    )
                );
                Land("dropped again", random.Next(2) == 0 ? whole : File(Shuffled(rows), isCompressed));
                break;
            case 3: // The same once more, as if copied with its time.
                Land("new", whole);
                acts.Add(
                    (
                        "dropped again with its time",
                        () =>
                        {
                            world.Count("files: dropped again with its time");
                            Drop(path, whole, false, last[name].Arrived);
                        }
                    )
                );
                break;
            case 4: // Bad, and mended later or not.
                Land("bad", Encoding.UTF8.GetBytes("user_id,track\n" + string.Join('\n', rows)));
                if (random.Next(2) == 0)
                {
                    Land("mended", whole);
                }

                break;
            case 5: // Some rows are rejected.
                Land("with rejects", File([.. rows, $"x{number},track1,2024-06-25 10:00:00,0,0"], isCompressed));
                break;
            case 6: // Under a name that is no input, and then renamed.
                acts.Add(("unfinished", () => Put(path + ".part", whole[..(whole.Length / 2)])));
                acts.Add(
                    (
                        "renamed into place",
                        () =>
                        {
                            world.Count("files: renamed into place");
                            Remove(path + ".part");
                            Drop(path, whole, false);
                            last[name] = (whole, store.Find(path)!.Modified);
                        }
                    )
                );
                break;
            default:
                Land("new", whole);
                break;
        }

        return new(world, path, acts);
    }

    List<string> Shuffled(List<string> rows)
    {
        var shuffled = rows.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled];
    }

    List<string> Rows(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{random.Next(12)},track{random.Next(12)},2024-06-{24 + random.Next(3)} {random.Next(3):D2}:{random.Next(60):D2}:00,{random.Next(2)},{random.Next(2)}"
                    )
                ),
        ];

    static byte[] File(IEnumerable<string> rows, bool isCompressed)
    {
        var csv = Header + string.Concat(rows.Select(row => row + "\n"));
        return isCompressed ? TestLake.Gzip(csv) : Encoding.UTF8.GetBytes(csv);
    }

    /// <summary>Lands listens.</summary>
    void Drop(string path, byte[] bytes, bool inPlace, DateTimeOffset? modified = null)
    {
        Forget(path);
        if (inPlace && !store.IsS3 && store.Find(path) is { } there)
        {
            there.Write(bytes, world.NextModified());
        }
        else
        {
            Put(path, bytes, modified);
        }

        landed.Add((path, store.Find(path)!, bytes));
    }

    void Put(string path, byte[] bytes, DateTimeOffset? modified = null) =>
        store.Apply(null, true, (path, new SimObject(bytes, modified ?? world.NextModified())));

    void Remove(string path)
    {
        Forget(path);
        if (store.Find(path) is not null)
        {
            store.Apply(null, true, (path, null));
        }
    }

    /// <summary>What lies there is destroyed by its own producer.</summary>
    void Forget(string path)
    {
        if (store.Find(path) is { } there)
        {
            landed.RemoveAll(one => one.Key == path && one.Object == there);
        }
    }

    /// <summary>What is done with one key, act by act.</summary>
    sealed class Story(SimWorld world, string path, List<(string What, Action Do)> acts)
    {
        int next;

        public bool HasEnded => next == acts.Count;

        public void Next()
        {
            var (what, act) = acts[next++];
            world.Note($"producer: {what}: {path}");
            act();
        }
    }
}
