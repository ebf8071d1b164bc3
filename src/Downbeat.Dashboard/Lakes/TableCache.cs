using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Downbeat.Engine;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Dashboard.Lakes;

/// <summary>
/// Published tables that were asked for, up to so much memory: those that nobody asked for longest go first. What is kept is
/// known by its hash, so that nothing in here is ever out of date.
/// </summary>
sealed class TableCache(ILake lake, long maxBytes)
{
    readonly ConcurrentDictionary<Key, Entry> entries = new();
    readonly Lock evicting = new();
    long bytes;
    long uses;

    /// <summary>How much memory it takes, about.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>A table of a date.</summary>
    /// <exception cref="TableChangedException">The file is another than the ledger says: a run may be publishing it.</exception>
    public TableFile Read(KpiSchema schema, PublishedDate date)
    {
        var key = new Key(date.Date, schema.Name, date.Hash(schema.Name));
        if (!entries.TryGetValue(key, out var entry))
        {
            entry = new(ReadFile(schema, date.Date, key.Hash));
            if (entries.TryAdd(key, entry))
            {
                Interlocked.Add(ref bytes, entry.Table.Bytes);
                Evict();
            }
        }

        entry.LastUse = Interlocked.Increment(ref uses);
        return entry.Table;
    }

    /// <summary>A table of many dates, in their order; several are read at once.</summary>
    /// <exception cref="TableChangedException">A file is another than the ledger says.</exception>
    public TableFile[] Read(KpiSchema schema, IReadOnlyList<PublishedDate> dates)
    {
        var tables = new TableFile[dates.Count];
        var atOnce = Math.Max(lake.Concurrency, Environment.ProcessorCount);
        Workers.Run(dates.Count, atOnce, number => tables[number] = Read(schema, dates[number]));
        return tables;
    }

    TableFile ReadFile(KpiSchema schema, DateOnly date, string hash)
    {
        var path = LakePaths.Kpi(schema.Name, date);
        try
        {
            using var stream = lake.Open(path);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            var file = copy.ToArray();
            return Convert.ToHexStringLower(SHA256.HashData(file)) == hash
                ? new(schema, file)
                : throw new TableChangedException(schema.Name, date);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or FormatException)
        {
            throw new TableChangedException(schema.Name, date);
        }
    }

    void Evict()
    {
        if (Bytes <= maxBytes)
        {
            return;
        }

        lock (evicting)
        {
            // An eighth more than needed, so that the next table does not sort everything again.
            foreach (var (key, entry) in entries.OrderBy(entry => entry.Value.LastUse))
            {
                if (Bytes <= maxBytes - (maxBytes / 8))
                {
                    return;
                }

                if (entries.TryRemove(key, out _))
                {
                    Interlocked.Add(ref bytes, -entry.Table.Bytes);
                }
            }
        }
    }

    [StructLayout(LayoutKind.Auto)]
    readonly record struct Key(DateOnly Date, string Table, string Hash);

    sealed class Entry(TableFile table)
    {
        public TableFile Table { get; } = table;

        public long LastUse { get; set; }
    }
}

/// <summary>A published file is not what the ledger says, because a run is publishing it, or has died while it did.</summary>
sealed class TableChangedException(string table, DateOnly date)
    : IOException(
        $"{table} of {ListenDate.Text(date)} is being published just now, or was being published by a run that died, which the next run mends."
    );
