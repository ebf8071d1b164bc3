using System.Globalization;
using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Redis;

/// <summary>The keys of a date, as docs/apps.md describes them: their names and fields are a promise to those who read them.</summary>
static class RedisKeys
{
    /// <summary>The names of a date's keys, without the prefix, each with the command that makes it: <c>HSET</c> or <c>ZADD</c> and its arguments.</summary>
    public static IEnumerable<(byte[] Name, string Command, List<byte[]> Arguments)> Of(DateTables date)
    {
        var day = ListenDate.Text(date.Date);
        var version = Bytes(date.Version.ToString(CultureInfo.InvariantCulture));
        foreach (
            var (table, name, keys) in new[]
            {
                ("daily", "date", 0),
                ("genre_daily", "genre", 1),
                ("hourly", "hour", 1),
                ("country_daily", "country", 1),
                ("quality_daily", "quality", 1),
            }
        )
        {
            foreach (var hash in Hashes(date.Table(table), $"{name}:{day}", keys))
            {
                hash.Fields.AddRange([Bytes("version"), version]);
                yield return (hash.Name, "HSET", hash.Fields);
            }
        }

        foreach (
            var (table, name, keys, member) in new[]
            {
                ("top_tracks", "top_tracks", 1, "track_id"),
                ("top_genres", "top_genres", 0, "track_genre"),
                ("top_artists_daily", "top_artists", 0, "artist"),
                ("top_artists_hourly", "top_artists", 1, "artist"),
            }
        )
        {
            foreach (var set in Rankings(date.Table(table), $"{name}:{day}", keys, member))
            {
                yield return (set.Name, "ZADD", set.Members);
            }
        }

        var names = new List<byte[]>();
        foreach (var row in date.Table("top_tracks").Rows)
        {
            names.AddRange([row[2].Text.ToArray(), row[3].Text.ToArray()]);
        }

        if (names.Count > 0)
        {
            yield return (Bytes($"track_names:{day}"), "HSET", names);
        }
    }

    /// <summary>A hash for every row: what is no key is a field.</summary>
    static IEnumerable<(byte[] Name, List<byte[]> Fields)> Hashes(KpiTable table, string name, int keys)
    {
        var columns = table.Schema.Columns;
        foreach (var row in table.Rows)
        {
            var fields = new List<byte[]>();
            for (var column = keys; column < row.Count; column++)
            {
                fields.Add(Bytes(columns[column + 1].Name));
                fields.Add(Text(row[column], columns[column + 1].Type));
            }

            yield return (Name(name, table, row, keys), fields);
        }
    }

    /// <summary>A sorted set for every ranking: the score is listens.</summary>
    static IEnumerable<(byte[] Name, List<byte[]> Members)> Rankings(
        KpiTable table,
        string name,
        int keys,
        string member
    )
    {
        var columns = table.Schema.Columns.Select(column => column.Name).ToList();
        var (who, listens) = (columns.IndexOf(member) - 1, columns.IndexOf("listen_count") - 1);
        byte[]? current = null;
        var members = new List<byte[]>();
        foreach (var row in table.Rows)
        {
            var next = Name(name, table, row, keys);
            if (current is not null && !next.AsSpan().SequenceEqual(current))
            {
                yield return (current, members);
                members = [];
            }

            current = next;
            members.AddRange([Text(row[listens], KpiType.Integer), row[who].Text.ToArray()]);
        }

        if (current is not null)
        {
            yield return (current, members);
        }
    }

    static byte[] Name(string name, KpiTable table, IReadOnlyList<KpiCell> row, int keys) =>
        keys == 0 ? Bytes(name) : [.. Bytes(name), (byte)':', .. Text(row[0], table.Schema.Columns[1].Type)];

    static byte[] Text(KpiCell cell, KpiType type) =>
        type switch
        {
            KpiType.Integer => Bytes(cell.Integer.ToString(CultureInfo.InvariantCulture)),
            KpiType.Quotient => Bytes(Quotients.Text(cell.Quotient)),
            _ => cell.Text.ToArray(),
        };

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
