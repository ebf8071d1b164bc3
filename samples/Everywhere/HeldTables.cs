using System.Data.Common;
using System.Globalization;
using Amazon.S3;
using Downbeat.Connectors.Sqlite;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Microsoft.Data.Sqlite;

namespace Downbeat.Samples;

/// <summary>What files and SQL databases hold.</summary>
static class HeldTables
{
    /// <summary>Every row of a date with its date, its table, and its cells as they stand in files.</summary>
    public static IEnumerable<string> Rows(DateTables date) =>
        date.Tables.SelectMany(table =>
            TableText.Of(table).Select(row => $"{ListenDate.Text(date.Date)}|{table.Schema.Name}|{row}")
        );

    /// <summary>The tables of a lake in a folder.</summary>
    public static List<DateTables> InFolder(string lake) =>
        Read(
            Directory
                .GetFiles(Path.Combine(lake, "kpis"), "*.csv", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(lake, file), File.ReadAllBytes(file)))
        );

    /// <summary>The tables of the lake in S3.</summary>
    public static List<DateTables> InS3(AmazonS3Client s3)
    {
        const string Below = "lake/";
        var listing = s3.ListObjectsV2Async(new() { BucketName = Systems.Bucket, Prefix = $"{Below}kpis/" })
            .GetAwaiter()
            .GetResult();
        return listing.IsTruncated == true
            ? throw new NotSupportedException("There are more than a thousand files of tables.")
            : Read(
                (listing.S3Objects ?? []).Select(file =>
                {
                    using var answer = s3.GetObjectAsync(Systems.Bucket, file.Key).GetAwaiter().GetResult();
                    using var bytes = new MemoryStream();
                    answer.ResponseStream.CopyTo(bytes);
                    return (file.Key[Below.Length..], bytes.ToArray());
                })
            );
    }

    /// <summary>The rows of all tables of an embedded warehouse.</summary>
    public static List<string> InSqlite(string file)
    {
        using var client = SqliteFile.Open(file, SqliteOpenMode.ReadOnly);
        return Ask(client, "");
    }

    /// <summary>The rows of all tables of a database of PostgreSQL.</summary>
    public static List<string> InPostgres(Systems systems, string database)
    {
        using var client = systems.Open(database);
        return Ask(client, $"{Systems.Schema}.");
    }

    /// <summary>The rows of all tables of a database.</summary>
    public static List<string> Ask(DbConnection client, string prefix)
    {
        var rows = new List<string>();
        foreach (var schema in KpiTables.Schemas)
        {
            using var command = client.CreateCommand();
            command.CommandText = $"SELECT * FROM {prefix}{schema.Name}";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var cells = Enumerable
                    .Range(0, reader.FieldCount)
                    .Select(place => TableText.Of(reader.GetValue(place)))
                    .ToList();
                cells.Insert(1, schema.Name);
                rows.Add(string.Join('|', cells));
            }
        }

        return rows;
    }

    /// <summary>Files like <c>kpis/daily/date=2024-06-25.csv</c>.</summary>
    static List<DateTables> Read(IEnumerable<(string Path, byte[] Bytes)> files) =>
        [
            .. files
                .Select(file => (Parts: file.Path.Split('/', '\\', '='), file.Bytes))
                .GroupBy(file => Path.ChangeExtension(file.Parts[3], null), StringComparer.Ordinal)
                .OrderBy(date => date.Key, StringComparer.Ordinal)
                .Select(date => new DateTables(
                    DateOnly.ParseExact(date.Key, "yyyy-MM-dd", CultureInfo.InvariantCulture),
                    0,
                    "",
                    [
                        .. KpiTables.Schemas.Select(schema =>
                            KpiTable.ReadCsv(
                                schema,
                                DateOnly.ParseExact(date.Key, "yyyy-MM-dd", CultureInfo.InvariantCulture),
                                new MemoryStream(date.Single(file => file.Parts[1] == schema.Name).Bytes)
                            )
                        ),
                    ]
                )),
        ];
}
