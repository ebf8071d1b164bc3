using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests;

/// <summary>A listen that names its track, so that listens of different dictionaries compare. Ids are Latin-1: a letter a byte.</summary>
readonly record struct NamedListen(ulong User, uint Second, string Track, ListenFlags Flags)
{
    public (ulong User, uint Second, string Track) Identity => (User, Second, Track);
}

/// <summary>What tests are given: texts, slices, songs and users, made from plain values.</summary>
static class Given
{
    /// <summary>A date without a change of clocks.</summary>
    public static readonly DateOnly Date = new(2024, 6, 25);

    public static byte[] Bytes(string latin1) => Encoding.Latin1.GetBytes(latin1);

    public static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static Texts Texts(params IEnumerable<string> texts)
    {
        var builder = new Texts.Builder();
        foreach (var text in texts)
        {
            builder.Add(Bytes(text));
        }

        return builder.Build();
    }

    public static List<string> ListOf(Texts texts) =>
        [.. Enumerable.Range(0, texts.Count).Select(text => Latin1(texts[text]))];

    /// <summary>Each listen once, flags OR-ed, sorted: what any way of merging has to come to.</summary>
    public static List<NamedListen> Distinct(IEnumerable<NamedListen> listens)
    {
        var flags = new Dictionary<(ulong User, uint Second, string Track), ListenFlags>();
        foreach (var listen in listens)
        {
            flags[listen.Identity] = flags.GetValueOrDefault(listen.Identity) | listen.Flags;
        }

        List<NamedListen> distinct =
        [
            .. flags.Select(pair => new NamedListen(pair.Key.User, pair.Key.Second, pair.Key.Track, pair.Value)),
        ];
        distinct.Sort(Compare);
        return distinct;
    }

    /// <summary>A slice of the distinct listens among these.</summary>
    public static byte[] SliceBytes(IEnumerable<NamedListen> listens, DateOnly? date = null)
    {
        var distinct = Distinct(listens);
        List<string> ids =
        [
            .. distinct.Select(listen => listen.Track).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        var numbers = ids.Index().ToDictionary(id => id.Item, id => id.Index, StringComparer.Ordinal);
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, date ?? Date, Texts(ids));
        foreach (var listen in distinct)
        {
            writer.Add(new Listen(listen.User, listen.Second, numbers[listen.Track], listen.Flags));
        }

        writer.Finish();
        return bytes.ToArray();
    }

    public static SliceReader Slice(byte[] bytes) => new(new ByteArraySource(bytes));

    public static SliceReader Slice(params IEnumerable<NamedListen> listens) => Slice(SliceBytes(listens));

    /// <summary>Reads a slice block by block, without the merge.</summary>
    public static List<NamedListen> ListensOf(SliceReader slice)
    {
        var listens = new List<NamedListen>();
        var buffer = Array.Empty<byte>();
        var block = new Listen[1024];
        for (var number = 0; number < slice.BlockCount; number++)
        {
            slice.ReadBlocks(number, ref buffer);
            var count = slice.Decode(number, buffer, number, block);
            listens.AddRange(block.Take(count).Select(listen => Named(listen, slice.Tracks)));
        }

        return listens;
    }

    /// <summary>Reads a merge to its end, with room for a random number of listens each time.</summary>
    public static List<NamedListen> ListensOf(SliceMerge merge, Random? random = null)
    {
        var listens = new List<NamedListen>();
        var room = new Listen[4096];
        while (true)
        {
            var asked = random?.Next(1, room.Length + 1) ?? room.Length;
            var count = merge.Read(room.AsSpan(0, asked));
            listens.AddRange(room.Take(count).Select(listen => Named(listen, merge.Tracks)));
            if (count < asked)
            {
                return listens;
            }
        }
    }

    /// <summary>Random listens of few users, seconds and tracks, so that many are the same.</summary>
    public static List<NamedListen> SomeListens(
        Random random,
        int count,
        int users = 20,
        int seconds = 30,
        int tracks = 12
    ) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => new NamedListen(
                    (ulong)random.Next(users),
                    (uint)random.Next(seconds),
                    $"t{random.Next(tracks)}",
                    (ListenFlags)random.Next(4)
                )),
        ];

    /// <summary>Songs from a CSV of track_id, track_genre, duration_ms, artists, track_name, popularity.</summary>
    public static Songs Songs(params string[] rows)
    {
        var scan = new SongsScan((in Reject reject, ReadOnlySpan<byte> _) => Assert.Fail($"{reject.Reason}"));
        Assert.Null(scan.Scan(Csv("track_id,track_genre,duration_ms,artists,track_name,popularity", rows)));
        return scan.Build(1, null);
    }

    /// <summary>Users from a CSV of user_id, user_country.</summary>
    public static SliceReader Users(params IEnumerable<string> rows) => Users(1, null, rows);

    public static SliceReader Users(int version, SliceReader? before, params IEnumerable<string> rows)
    {
        var runs = new List<MemoryStream>();
        var scan = new UsersScan(
            0,
            () =>
            {
                runs.Add(new());
                return runs[^1];
            },
            (in Reject reject, ReadOnlySpan<byte> _) => Assert.Fail($"{reject.Reason}")
        );
        Assert.Null(scan.Scan(Csv("user_id,user_country", rows)));
        scan.Finish();
        var output = new MemoryStream();
        scan.Write([.. runs.Select(run => Slice(run.ToArray()))], output, version, before);
        return Slice(output.ToArray());
    }

    public static MemoryStream Csv(string header, params IEnumerable<string> rows) =>
        new(Encoding.UTF8.GetBytes(string.Join('\n', [header, .. rows])));

    static int Compare(NamedListen left, NamedListen right)
    {
        var order = left.User.CompareTo(right.User);
        order = order != 0 ? order : left.Second.CompareTo(right.Second);
        return order != 0 ? order : string.CompareOrdinal(left.Track, right.Track);
    }

    public static NamedListen Named(in Listen listen, Texts tracks) =>
        new(listen.User, listen.Second, Latin1(tracks[listen.Track]), listen.Flags);
}
