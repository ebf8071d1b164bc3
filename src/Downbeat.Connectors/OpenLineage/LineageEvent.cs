using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Connectors.OpenLineage;

/// <summary>
/// The events of a run by the specification 2-0-2 of OpenLineage: START, and COMPLETE, FAIL or ABORT. The same run gives the same
/// bytes.
/// </summary>
/// <param name="options">The job's namespace, and the run it belongs to.</param>
/// <param name="places">What datasets are called.</param>
/// <param name="lakeId">The lake, which makes a run's id unique.</param>
public sealed class LineageEvent(LineageOptions options, LineagePlaces places, string lakeId)
{
    const string Spec = "https://openlineage.io/spec";
    const string Name = "Downbeat";
    const int LongestError = 2000;

    static readonly string Producer = $"urn:downbeat:{Reconciliation.Version}";
    static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly Dictionary<string, (string Name, string Type)[]> LandedColumns = new Dictionary<
        string,
        (string, string)[]
    >(StringComparer.Ordinal)
    {
        [LakePaths.Streams] = [("user_id", "bigint"), ("track_id", "string"), ("listen_time", "timestamp")],
        [LakePaths.Songs] =
        [
            ("track_id", "string"),
            ("artists", "string"),
            ("track_name", "string"),
            ("popularity", "bigint"),
            ("duration_ms", "bigint"),
            ("track_genre", "string"),
        ],
        [LakePaths.Users] = [("user_id", "bigint"), ("user_country", "string")],
    };

    /// <summary>A run begins.</summary>
    public byte[] Start(RunRequest request, RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(record);
        return Write("START", record.Started, record, null, Inputs(record, null), Outputs(request, record, null));
    }

    /// <summary>A run has ended.</summary>
    /// <param name="request">What was asked of it.</param>
    /// <param name="begun">Its record when it began.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="now">The time, which a run that threw does not tell.</param>
    public byte[] End(RunRequest request, RunRecord begun, RunEnd end, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(begun);
        ArgumentNullException.ThrowIfNull(end);
        var record = end.Record ?? begun with { Outcome = RunOutcome.Failed };
        var type = record.Outcome switch
        {
            RunOutcome.Done or RunOutcome.NothingToDo => "COMPLETE",
            RunOutcome.Stopped => "ABORT",
            _ => "FAIL",
        };
        var error =
            type != "FAIL" ? null
            : record.Errors.Count > 0 ? string.Join('\n', record.Errors)
            : end.Error?.Message ?? "The run failed.";
        return Write(
            type,
            record.Ended ?? now,
            record,
            error,
            Inputs(record, record.Scanned),
            Outputs(request, record, record)
        );
    }

    byte[] Write(
        string type,
        DateTimeOffset time,
        RunRecord record,
        string? error,
        List<Action<Utf8JsonWriter>> inputs,
        List<Action<Utf8JsonWriter>> outputs
    )
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Json))
        {
            json.WriteStartObject();
            json.WriteString("eventType", type);
            json.WriteString("eventTime", time.UtcDateTime);
            json.WriteString("producer", Producer);
            json.WriteString("schemaURL", $"{Spec}/2-0-2/OpenLineage.json#/$defs/RunEvent");
            WriteRun(json, record, error);
            WriteJob(json, record);
            WriteAll(json, "inputs", inputs);
            WriteAll(json, "outputs", outputs);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    static void WriteAll(Utf8JsonWriter json, string name, List<Action<Utf8JsonWriter>> datasets)
    {
        json.WriteStartArray(name);
        datasets.ForEach(write => write(json));
        json.WriteEndArray();
    }

    void WriteRun(Utf8JsonWriter json, RunRecord record, string? error)
    {
        json.WriteStartObject("run");
        json.WriteString("runId", RunId(lakeId, record.Id));
        json.WriteStartObject("facets");
        Facet(json, "processing_engine", "1-1-1/ProcessingEngineRunFacet");
        json.WriteString("version", Reconciliation.Version);
        json.WriteString("name", Name);
        json.WriteEndObject();
        Facet(json, "tags", "1-0-0/TagsRunFacet");
        json.WriteStartArray("tags");
        Tag(json, "downbeat.run.id", record.Id);
        Tag(json, "downbeat.lake.id", lakeId);
        if (record.OrchestratorRun is { } orchestrator)
        {
            Tag(json, "downbeat.orchestrator.run", orchestrator);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        if (options.Parent is { } parent)
        {
            Facet(json, "parent", "1-0-1/ParentRunFacet");
            json.WriteStartObject("run");
            json.WriteString("runId", parent.Run);
            json.WriteEndObject();
            json.WriteStartObject("job");
            json.WriteString("namespace", parent.Namespace);
            json.WriteString("name", parent.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        if (error is not null)
        {
            Facet(json, "errorMessage", "1-0-1/ErrorMessageRunFacet");
            json.WriteString("message", error.Length <= LongestError ? error : error[..LongestError] + "…");
            json.WriteString("programmingLanguage", "C#");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void Tag(Utf8JsonWriter json, string key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteString("value", value);
        json.WriteString("source", Name);
        json.WriteEndObject();
    }

    void WriteJob(Utf8JsonWriter json, RunRecord record)
    {
        json.WriteStartObject("job");
        json.WriteString("namespace", options.Namespace);
        json.WriteString("name", record.Only is { } step ? $"{places.Lake}.{Word(step)}" : places.Lake);
        json.WriteStartObject("facets");
        Facet(json, "jobType", "2-0-3/JobTypeJobFacet");
        json.WriteString("processingType", "BATCH");
        json.WriteString("integration", "DOWNBEAT");
        json.WriteString("jobType", "JOB");
        json.WriteEndObject();
        Facet(json, "documentation", "1-0-1/DocumentationJobFacet");
        json.WriteString("description", "Turns landed listens into KPI tables.");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static string Word(RunStep step) => step.ToString().ToLowerInvariant();

    /// <summary>What a run reads. Slices are what its steps hand on, and of no account to a run that does all of them.</summary>
    List<Action<Utf8JsonWriter>> Inputs(RunRecord record, IReadOnlyList<ScannedFile>? scanned)
    {
        var inputs = new List<Action<Utf8JsonWriter>>();
        if (record.Only is null or RunStep.Scan)
        {
            inputs.Add(json =>
                Dataset(
                    json,
                    places.Folder(LakePaths.Streams),
                    LandedColumns[LakePaths.Streams],
                    scanned is null ? null : json => WriteQuality(json, scanned),
                    isInput: true
                )
            );
        }

        if (record.Only is RunStep.Compute)
        {
            inputs.Add(json => Dataset(json, places.Folder(LakePaths.Slices), LandedColumns[LakePaths.Streams]));
        }

        if (record.Only is null or RunStep.Compute)
        {
            foreach (
                var (folder, from, read) in new[]
                {
                    (LakePaths.Songs, places.Songs, record.Songs),
                    (LakePaths.Users, places.Users, record.Users),
                }
            )
            {
                inputs.Add(json =>
                    Dataset(
                        json,
                        from ?? places.Folder(folder),
                        LandedColumns[folder],
                        scanned is null || read is null ? null : json => WriteQuality(json, read),
                        isInput: true
                    )
                );
            }
        }

        if (record.Only is RunStep.Publish)
        {
            inputs.AddRange(
                KpiTables.Schemas.Select<KpiSchema, Action<Utf8JsonWriter>>(table =>
                    json => Dataset(json, Kpis(table.Name), Columns(table))
                )
            );
        }

        return inputs;
    }

    /// <summary>What a run writes; of one that has ended, what it has written.</summary>
    List<Action<Utf8JsonWriter>> Outputs(RunRequest request, RunRecord record, RunRecord? ended)
    {
        var outputs = new List<Action<Utf8JsonWriter>>();
        if (record.Only is RunStep.Scan && (ended is null || ended.Scanned.Any(file => file.Accepted > 0)))
        {
            var rows = ended?.Scanned.Sum(file => file.Accepted);
            outputs.Add(json =>
                Dataset(
                    json,
                    places.Folder(LakePaths.Slices),
                    LandedColumns[LakePaths.Streams],
                    rows is { } count ? json => WriteStatistics(json, count, null, null) : null
                )
            );
        }

        if (record.Only is null or RunStep.Compute)
        {
            foreach (var table in KpiTables.Schemas)
            {
                var written = ended
                    ?.Dates.Where(date => date.Restated.Contains(table.Name, StringComparer.Ordinal))
                    .Select(date => date.Tables.FirstOrDefault(one => one.Table == table.Name))
                    .ToList();
                if (written is [])
                {
                    continue;
                }

                outputs.Add(json =>
                    Dataset(
                        json,
                        Kpis(table.Name),
                        Columns(table),
                        written is null
                            ? null
                            : json =>
                                WriteStatistics(
                                    json,
                                    written.Sum(one => one?.Rows ?? 0),
                                    written.Sum(one => one?.Bytes ?? 0),
                                    written.Count(one => one is not null)
                                )
                    )
                );
            }
        }

        if (record.Only is null or RunStep.Publish)
        {
            foreach (
                var (name, nameOf) in places.Destinations.OrderBy(
                    destination => destination.Key,
                    StringComparer.Ordinal
                )
            )
            {
                if (request.Destinations?.Contains(name, StringComparer.Ordinal) != false)
                {
                    AddDestination(
                        outputs,
                        nameOf,
                        ended?.Published.FirstOrDefault(one => one.Destination == name),
                        ended
                    );
                }
            }
        }

        return outputs;
    }

    /// <summary>A destination may hold several tables as one dataset.</summary>
    static void AddDestination(
        List<Action<Utf8JsonWriter>> outputs,
        Func<string, LineageDataset?> nameOf,
        PublishedTo? published,
        RunRecord? ended
    )
    {
        foreach (var dataset in KpiTables.Schemas.GroupBy(table => nameOf(table.Name)))
        {
            if (dataset.Key is not { } name)
            {
                continue;
            }

            var tables = dataset.ToList();
            var written = published?.Tables.Where(one => tables.Exists(table => table.Name == one.Table)).ToList();
            if (ended is not null && written is not [_, ..])
            {
                continue;
            }

            outputs.Add(json =>
                Dataset(
                    json,
                    name,
                    tables is [var only] ? Columns(only) : null,
                    written is null ? null : json => WriteStatistics(json, written.Sum(one => one.Rows), null, null)
                )
            );
        }
    }

    LineageDataset Kpis(string table) => places.Folder($"{LakePaths.Kpis}/{table}");

    static void Dataset(
        Utf8JsonWriter json,
        LineageDataset dataset,
        IReadOnlyList<(string Name, string Type)>? columns,
        Action<Utf8JsonWriter>? facets = null,
        bool isInput = false
    )
    {
        json.WriteStartObject();
        json.WriteString("namespace", dataset.Namespace);
        json.WriteString("name", dataset.Name);
        json.WriteStartObject("facets");
        if (columns is not null)
        {
            Facet(json, "schema", "1-1-1/SchemaDatasetFacet");
            json.WriteStartArray("fields");
            foreach (var (name, type) in columns)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("type", type);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (facets is not null)
        {
            json.WriteStartObject(isInput ? "inputFacets" : "outputFacets");
            facets(json);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    static void WriteQuality(Utf8JsonWriter json, IReadOnlyList<ScannedFile> scanned)
    {
        WriteMetrics(json, scanned.Sum(file => file.Rows), scanned.Sum(file => file.Size), scanned.Count);
        Facet(json, "dataQualityAssertions", "1-0-1/DataQualityAssertionsDatasetFacet");
        json.WriteStartArray("assertions");
        Assert(json, "every_row_is_a_listen", scanned.All(file => file.Rejected == 0));
        Assert(json, "every_file_is_readable", scanned.All(file => file.Fault is null));
        foreach (
            var reason in scanned
                .SelectMany(file => file.Reasons)
                .Where(reason => reason.Value > 0)
                .Select(reason => reason.Key)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
        )
        {
            Assert(json, $"no_{reason}", success: false);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void WriteQuality(Utf8JsonWriter json, ReadCatalogue read)
    {
        WriteMetrics(json, read.Rows, null, null);
        Facet(json, "dataQualityAssertions", "1-0-1/DataQualityAssertionsDatasetFacet");
        json.WriteStartArray("assertions");
        Assert(json, "every_row_is_readable", read.Rejected == 0);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Assert(Utf8JsonWriter json, string assertion, bool success)
    {
        json.WriteStartObject();
        json.WriteString("assertion", assertion);
        json.WriteBoolean("success", success);
        json.WriteEndObject();
    }

    static void WriteMetrics(Utf8JsonWriter json, long rows, long? bytes, int? files)
    {
        Facet(json, "dataQualityMetrics", "1-0-2/DataQualityMetricsInputDatasetFacet");
        json.WriteNumber("rowCount", rows);
        WriteNumber(json, "bytes", bytes);
        WriteNumber(json, "fileCount", files);
        json.WriteStartObject("columnMetrics");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteStatistics(Utf8JsonWriter json, long rows, long? bytes, int? files)
    {
        Facet(json, "outputStatistics", "1-0-2/OutputStatisticsOutputDatasetFacet");
        json.WriteNumber("rowCount", rows);
        WriteNumber(json, "size", bytes);
        WriteNumber(json, "fileCount", files);
        json.WriteEndObject();
    }

    static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
    }

    /// <summary>Begins a facet; whoever writes its members ends it.</summary>
    static void Facet(Utf8JsonWriter json, string name, string schema)
    {
        json.WriteStartObject(name);
        json.WriteString("_producer", Producer);
        var definition = schema[(schema.IndexOf('/', StringComparison.Ordinal) + 1)..];
        json.WriteString("_schemaURL", $"{Spec}/facets/{schema}.json#/$defs/{definition}");
    }

    static List<(string Name, string Type)> Columns(KpiSchema table) =>
        [
            .. table.Columns.Select(column =>
                (
                    column.Name,
                    column.Type switch
                    {
                        KpiType.Date => "date",
                        KpiType.Integer => "bigint",
                        KpiType.Quotient => "double",
                        _ => "string",
                    }
                )
            ),
        ];

    /// <summary>A UUID (version 8) that stands for the run's id in its lake, so that one leads to the other.</summary>
    public static Guid RunId(string lakeId, string run)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"downbeat run\n{lakeId}\n{run}"));
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new(hash.AsSpan(0, 16), bigEndian: true);
    }
}
