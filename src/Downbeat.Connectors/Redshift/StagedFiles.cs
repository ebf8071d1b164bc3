using System.Globalization;
using System.IO.Compression;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;
using Amazon.S3.Model;
using Downbeat.Connectors.S3;
using Downbeat.Connectors.Sql;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Redshift;

/// <summary>
/// Tables of a batch of dates in S3, where Redshift loads them from: for each a file of CSV, and a manifest that names it, so that
/// nothing else is loaded. Deleted when they are disposed of; what a failure leaves is for whoever looks for its cause.
/// </summary>
sealed class StagedFiles : IDisposable
{
    const int AtOnce = 8;

    readonly S3Client s3;
    readonly string bucket;
    readonly string folder;
    readonly List<(string Name, byte[] Bytes)> contents = [];

    StagedFiles(S3Client s3, string bucket, string folder) =>
        (this.s3, this.bucket, this.folder) = (s3, bucket, folder);

    /// <summary>What stands in the files for what is not there: nothing ever is not, and no name is this.</summary>
    public string Null { get; } = $"null-{Guid.NewGuid():N}";

    /// <summary>The folder, for people.</summary>
    public string Place => $"s3://{bucket}/{folder}";

    /// <summary>The manifest of a table.</summary>
    public string Manifest(string table) => $"{Place}/{table}.manifest";

    /// <summary>Writes the files.</summary>
    /// <param name="s3">Writes them.</param>
    /// <param name="staging">Below which place: <c>s3://bucket/prefix</c>.</param>
    /// <param name="dates">What they hold.</param>
    /// <param name="texts">Fits texts to columns.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static StagedFiles Write(
        S3Client s3,
        string staging,
        IReadOnlyList<DateTables> dates,
        FittedTexts texts,
        CancellationToken cancellationToken
    )
    {
        var (bucket, prefix) = staging["s3://".Length..].Split('/', 2) is [var first, var rest]
            ? (first, $"{rest}/")
            : (staging["s3://".Length..], "");
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{ListenDate.Text(dates[0].Date)}-{Guid.NewGuid().ToString("N")[..12]}"
        );
        var files = new StagedFiles(s3, bucket, $"{prefix}redshift/{name}");
        foreach (var schema in KpiTables.Published)
        {
            files.contents.Add(($"{schema.Name}.csv.gz", Csv(schema, dates, texts)));
            files.contents.Add(($"{schema.Name}.manifest", ManifestOf($"{files.Place}/{schema.Name}.csv.gz")));
        }

        try
        {
            Parallel.ForEach(
                files.contents,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                files.Put
            );
        }
        catch (AggregateException errors)
        {
            ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }

        return files;
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose()
    {
        try
        {
            s3.Do(
                $"delete {Place}",
                "s3:DeleteObject",
                (client, token) =>
                    client.DeleteObjectsAsync(
                        new()
                        {
                            BucketName = bucket,
                            Objects = contents.ConvertAll(file => new KeyVersion { Key = $"{folder}/{file.Name}" }),
                            Quiet = true,
                        },
                        token
                    )
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The dates are published; a lifecycle rule of the bucket removes what is left.
        }
    }

    void Put((string Name, byte[] Bytes) file)
    {
        var key = $"{folder}/{file.Name}";
        s3.Do(
            $"write s3://{bucket}/{key}",
            "s3:PutObject",
            async (client, token) =>
            {
                var request = new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = key,
                    InputStream = new MemoryStream(file.Bytes, writable: false),
                };
                s3.Encrypt(request);
                return await client.PutObjectAsync(request, token).ConfigureAwait(false);
            }
        );
    }

    static byte[] Csv(KpiSchema schema, IReadOnlyList<DateTables> dates, FittedTexts texts)
    {
        using var bytes = new MemoryStream();
        using (var zipped = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var date in dates)
            {
                var dateText = Encoding.UTF8.GetBytes(ListenDate.Text(date.Date));
                foreach (var row in date.Table(schema.Name).Rows)
                {
                    zipped.Write(dateText);
                    for (var place = 1; place < schema.Columns.Count; place++)
                    {
                        zipped.WriteByte((byte)',');
                        Write(zipped, schema, schema.Columns[place], row[place - 1], texts);
                    }

                    zipped.WriteByte((byte)'\n');
                }
            }
        }

        return bytes.ToArray();
    }

    static void Write(Stream csv, KpiSchema schema, KpiColumn column, KpiCell cell, FittedTexts texts)
    {
        switch (column.Type)
        {
            case KpiType.Integer:
                csv.Write(Encoding.UTF8.GetBytes(cell.Integer.ToString(CultureInfo.InvariantCulture)));
                break;
            case KpiType.Quotient:
                csv.Write(Encoding.UTF8.GetBytes(Quotients.Text(cell.Quotient)));
                break;
            default:
                // Always in quotes: spaces at an end stay, and an empty text is no text that is missing.
                csv.WriteByte((byte)'"');
                foreach (var letter in texts.Fit(schema, column, cell.Text).Span)
                {
                    csv.WriteByte(letter);
                    if (letter == '"')
                    {
                        csv.WriteByte(letter);
                    }
                }

                csv.WriteByte((byte)'"');
                break;
        }
    }

    static byte[] ManifestOf(string url)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("entries");
            writer.WriteStartObject();
            writer.WriteString("url", url);
            writer.WriteBoolean("mandatory", value: true);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return json.ToArray();
    }
}
