using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Downbeat.Connectors.Sqlite;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Microsoft.Data.Sqlite;

namespace Downbeat.Testing.Crash;

/// <summary>
/// What is in a lake, as texts that are the same when two lakes mean the same: every object by what is in it, what the ledger
/// says, the rows of the warehouse. Left out is when things were done, by which run, and in how many commits. An id of a source,
/// which contains the time of its arrival, is told by its key, size and content.
/// </summary>
public static partial class LakeOutcome
{
    static readonly string[] Folders =
    [
        "landing",
        LakePaths.Slices,
        LakePaths.Catalogue,
        LakePaths.Kpis,
        LakePaths.Archive,
        LakePaths.Quarantine,
    ];

    /// <summary>What says when, why and how often, and not what is so.</summary>
    static readonly HashSet<string> Circumstances = new(StringComparer.Ordinal)
    {
        "scannedAt",
        "scannedIn",
        "computedAt",
        "computedIn",
        "restatedAt",
        "restatedWhy",
        "why",
        "swept",
        "inputs", // A sum over names with ids; which slices a date is made of shows in its tables.
        "arrived",
        "modified",
        "approvedOn",
        "approvedInputs",
        "scannedIn",
    };

    /// <summary>Reads a lake, and its folder and warehouse if it is in one.</summary>
    public static SortedDictionary<string, string> Read(ILake lake, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(lake);
        var outcome = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var state = LakeLedger.Open(lake, "test", TimeProvider.System).State;
        var names = state.Sources.Values.ToDictionary(
            source => source.Entry.Id,
            source => $"<{source.Entry.Key} {source.Entry.Size} {source.Entry.Hash[..8]}>",
            StringComparer.Ordinal
        );
        string Named(string text) => Id().Replace(text, id => names.GetValueOrDefault(id.Value, id.Value));
        foreach (var found in Folders.SelectMany(folder => lake.List(folder)))
        {
            if (IsOlderVersion(found.Path, state))
            {
                continue; // Nobody reads it, and a sweep takes it away.
            }

            using var stream = lake.Open(found.Path);
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            var text = Named(Encoding.Latin1.GetString(bytes.ToArray()));
            text = found.Path.EndsWith("/source.json", StringComparison.Ordinal)
                ? Time().Replace(text, "<time>")
                : text;
            outcome[Named(found.Path)] =
                text.Length > 4000 || text.Contains('\0', StringComparison.Ordinal) ? Sum(text) : text;
        }

        var meaning = JsonSerializer.SerializeToNode(state, LakeJson.Default.LakeState)!.AsObject();
        meaning.Remove("version");
        foreach (var (part, node) in meaning.ToList())
        {
            foreach (var (key, value) in node is JsonObject many ? many.ToList() : [])
            {
                if (!Circumstances.Contains(part))
                {
                    outcome[$"ledger {part} {Named(key)}"] = Named(Canonical(value));
                }
            }
        }

        if (lake.Find(LakePaths.Lease) is not null)
        {
            outcome[LakePaths.Lease] = "is held";
        }

        if (folder is not null)
        {
            AddUnfinished(outcome, Path.Combine(folder, ".tmp"));
            AddWarehouse(outcome, Path.Combine(folder, LakePaths.Warehouse));
        }

        return outcome;
    }

    /// <summary>How two outcomes differ; empty when they do not.</summary>
    public static string Difference(SortedDictionary<string, string> expected, SortedDictionary<string, string> found)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(found);
        var lines = expected
            .Keys.Union(found.Keys, StringComparer.Ordinal)
            .Where(key => expected.GetValueOrDefault(key) != found.GetValueOrDefault(key))
            .Select(key =>
                $"{key}:\n  expected {expected.GetValueOrDefault(key) ?? "nothing"}\n  found    {found.GetValueOrDefault(key) ?? "nothing"}"
            );
        return string.Join('\n', lines);
    }

    /// <summary>Adds what is left of unfinished work, which is nothing after a run.</summary>
    public static void AddUnfinished(SortedDictionary<string, string> outcome, string folder)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (Directory.Exists(folder))
        {
            foreach (var left in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
            {
                outcome[$"unfinished {left}"] = "is left";
            }
        }
    }

    static bool IsOlderVersion(string path, LakeState state) =>
        CatalogueVersion().Match(path) is { Success: true } found
        && int.Parse(found.Groups["version"].Value, CultureInfo.InvariantCulture)
            < (found.Groups["what"].Value == "songs" ? state.Songs : state.Users)?.Version;

    static void AddWarehouse(SortedDictionary<string, string> outcome, string file)
    {
        if (!File.Exists(file))
        {
            return;
        }

        using var connection = SqliteFile.Open(file, SqliteOpenMode.ReadOnly);
        var tables = Read(connection, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
        foreach (var table in tables)
        {
            var columns = Read(connection, $"SELECT name FROM pragma_table_info('{table}')")
                .Where(column => column is not ("ledger_version" or "published_at"))
                .ToList();
            var list = string.Join(", ", columns.Select(column => $"\"{column}\""));
            outcome[$"warehouse {table}"] = Sum(
                string.Join('\n', Read(connection, $"SELECT {list} FROM \"{table}\" ORDER BY {list}"))
            );
        }
    }

    static List<string> Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of a database that the program made.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)));
        }

        return rows;
    }

    static string Canonical(JsonNode? node) =>
        node switch
        {
            JsonObject fields =>
                $"{{{string.Join(", ", fields.Where(field => !Circumstances.Contains(field.Key)).OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}: {Canonical(field.Value)}"))}}}",
            JsonArray items => $"[{string.Join(", ", items.Select(Canonical))}]",
            null => "null",
            _ => node.ToJsonString(),
        };

    static string Sum(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    [GeneratedRegex("^catalogue/(?<what>songs|users)-(?<version>[0-9]+)-", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex CatalogueVersion();

    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])", RegexOptions.None, 10_000)]
    private static partial Regex Id();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)", RegexOptions.None, 10_000)]
    private static partial Regex Time();
}
