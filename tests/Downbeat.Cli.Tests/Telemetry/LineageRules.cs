using System.Text.Json;

namespace Downbeat.Cli.Tests.Telemetry;

/// <summary>What the published specification 2-0-2 of OpenLineage asks of an event, and the specifications of those facets that Downbeat sends.</summary>
static class LineageRules
{
    const string Spec = "https://openlineage.io/spec/";

    /// <summary>The facets, and what each must have: a name, and what kind of value it is.</summary>
    static readonly Dictionary<
        string,
        (string Schema, (string Name, string Kind)[] Required, (string Name, string Kind)[] Optional)
    > Facets = new(StringComparer.Ordinal)
    {
        ["processing_engine"] = ("ProcessingEngineRunFacet", [("version", "text")], [("name", "text")]),
        ["tags"] = ("TagsRunFacet", [], [("tags", "list")]),
        ["parent"] = ("ParentRunFacet", [("run", "object"), ("job", "object")], []),
        ["errorMessage"] = ("ErrorMessageRunFacet", [("message", "text"), ("programmingLanguage", "text")], []),
        ["jobType"] = ("JobTypeJobFacet", [("processingType", "text"), ("integration", "text")], [("jobType", "text")]),
        ["documentation"] = ("DocumentationJobFacet", [("description", "text")], []),
        ["schema"] = ("SchemaDatasetFacet", [], [("fields", "list")]),
        ["dataQualityMetrics"] = (
            "DataQualityMetricsInputDatasetFacet",
            [("columnMetrics", "object")],
            [("rowCount", "integer"), ("bytes", "integer"), ("fileCount", "integer")]
        ),
        ["dataQualityAssertions"] = ("DataQualityAssertionsDatasetFacet", [("assertions", "list")], []),
        ["outputStatistics"] = (
            "OutputStatisticsOutputDatasetFacet",
            [("rowCount", "integer")],
            [("size", "integer"), ("fileCount", "integer")]
        ),
    };

    /// <summary>What each item of a list of a facet must have.</summary>
    static readonly Dictionary<string, (string Name, string Kind)[]> Items = new(StringComparer.Ordinal)
    {
        ["tags"] = [("key", "text"), ("value", "text")],
        ["fields"] = [("name", "text"), ("type", "text")],
        ["assertions"] = [("assertion", "text"), ("success", "boolean")],
    };

    /// <summary>Fails at the first thing that is not as the specification says.</summary>
    public static void Check(JsonElement line)
    {
        Assert.Contains(
            line.GetProperty("eventType").GetString(),
            (string[])["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
        );
        Assert.True(line.GetProperty("eventTime").TryGetDateTimeOffset(out _));
        Uri(line, "producer");
        Assert.Equal($"{Spec}2-0-2/OpenLineage.json#/$defs/RunEvent", line.GetProperty("schemaURL").GetString());
        var run = line.GetProperty("run");
        Assert.True(run.GetProperty("runId").TryGetGuid(out _));
        CheckFacets(run, "facets", "RunFacet");
        var job = line.GetProperty("job");
        Named(job);
        CheckFacets(job, "facets", "JobFacet");
        foreach (var (list, own) in new[] { ("inputs", "inputFacets"), ("outputs", "outputFacets") })
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var dataset in line.GetProperty(list).EnumerateArray())
            {
                Named(dataset);
                Assert.True(names.Add($"{dataset.GetProperty("namespace")} {dataset.GetProperty("name")}"));
                CheckFacets(dataset, "facets", "DatasetFacet");
                CheckFacets(dataset, own, "DatasetFacet");
                Assert.All(
                    dataset.EnumerateObject(),
                    member => Assert.Contains(member.Name, (string[])["namespace", "name", "facets", own])
                );
            }
        }
    }

    static void CheckFacets(JsonElement of, string member, string kind)
    {
        if (!of.TryGetProperty(member, out var facets))
        {
            return;
        }

        foreach (var facet in facets.EnumerateObject())
        {
            var (schema, required, optional) = Facets[facet.Name];
            Uri(facet.Value, "_producer");
            Uri(facet.Value, "_schemaURL");
            var url = facet.Value.GetProperty("_schemaURL").GetString()!;
            Assert.StartsWith($"{Spec}facets/", url, StringComparison.Ordinal);
            Assert.EndsWith($"/{schema}.json#/$defs/{schema}", url, StringComparison.Ordinal);
            Assert.EndsWith(kind, schema, StringComparison.Ordinal);
            Assert.All(required, one => Is(facet.Value.GetProperty(one.Name), one.Kind));
            foreach (var value in facet.Value.EnumerateObject().Where(value => !value.Name.StartsWith('_')))
            {
                Is(value.Value, Assert.Single(required.Concat(optional), one => one.Name == value.Name).Kind);
                if (Items.TryGetValue(value.Name, out var item))
                {
                    Assert.All(
                        value.Value.EnumerateArray(),
                        one => Assert.All(item, part => Is(one.GetProperty(part.Name), part.Kind))
                    );
                }
            }
        }
    }

    static void Named(JsonElement element)
    {
        Assert.NotEqual("", element.GetProperty("namespace").GetString());
        Assert.NotEqual("", element.GetProperty("name").GetString());
    }

    static void Uri(JsonElement element, string name) =>
        Assert.True(System.Uri.TryCreate(element.GetProperty(name).GetString(), UriKind.Absolute, out _));

    static void Is(JsonElement value, string kind) =>
        Assert.Equal(
            kind,
            value.ValueKind switch
            {
                JsonValueKind.String => "text",
                JsonValueKind.Array => "list",
                JsonValueKind.Object => "object",
                JsonValueKind.True or JsonValueKind.False => "boolean",
                JsonValueKind.Number when value.TryGetInt64(out _) => "integer",
                _ => "something else",
            }
        );
}
