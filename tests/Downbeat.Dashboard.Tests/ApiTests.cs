using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Dashboard.Tests;

/// <summary>The API over HTTP: what it answers is what is published, to the last cell.</summary>
public sealed class ApiTests(OddLake odd) : IClassFixture<OddLake>
{
    static readonly string[] DefinedIn = ["kpis.md", "quality.md"];

    public static TheoryData<string> Tables => [.. KpiTables.Published.Select(schema => schema.Name)];

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task EveryCellIsThePublishedOne(string name)
    {
        var schema = KpiTables.Published.Single(schema => schema.Name == name);
        foreach (var date in odd.Lake.State.Dates.Keys)
        {
            var file = await File.ReadAllBytesAsync(Path.Combine(odd.Lake.Folder, LakePaths.Kpi(name, date)));
            var rows = Rows(file);
            var address = $"/api/v1/{name.Replace('_', '-')}/{ListenDate.Text(date)}";
            Assert.Equal(file, await odd.Client.GetByteArrayAsync(address + "?format=csv"));

            using var page = await GetJsonAsync($"/api/v1/{name}?date={ListenDate.Text(date)}");
            Assert.Null(page.RootElement.GetProperty("next").GetString());
            var answered = page
                .RootElement.GetProperty("rows")
                .EnumerateArray()
                .Select(row => Cells(row, schema))
                .ToList();
            Assert.Equal(rows.Skip(1), answered);
            Assert.NotEmpty(answered);

            foreach (var row in rows.Skip(1))
            {
                var key = string.Join('/', row.Take(schema.KeyColumns).Skip(1).Select(Uri.EscapeDataString));
                if (row.Contains(".."))
                {
                    continue; // No client sends that in a path; there is the query for it.
                }

                using var one = await GetJsonAsync($"{address}/{key}".TrimEnd('/'));
                Assert.Equal(row, Cells(one.RootElement, schema));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task PagesTogetherAreTheWhole(string name)
    {
        var path = name.Replace('_', '-');
        using var whole = await GetJsonAsync($"/api/v1/{path}?limit=10000");
        var expected = whole.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText()).ToList();
        var collected = new List<string>();
        var lines = new List<string>();
        var next = $"/api/v1/{path}?from=2024-01-01&limit=7";
        while (next is not null)
        {
            using var csv = await odd.Client.GetAsync(next + "&format=csv");
            lines.Add(await csv.Content.ReadAsStringAsync());
            using var page = await GetJsonAsync(next);
            collected.AddRange(page.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText()));
            next = page.RootElement.GetProperty("next").GetString();
            Assert.Equal(next is not null, csv.Headers.Contains("Link"));
        }

        Assert.Equal(expected, collected);
        var header = lines[0][..(lines[0].IndexOf('\n', StringComparison.Ordinal) + 1)];
        Assert.Equal(
            await odd.Client.GetStringAsync($"/api/v1/{path}?limit=10000&format=csv"),
            header + string.Concat(lines.Select(page => page[header.Length..]))
        );
    }

    [Fact]
    public async Task AnyColumnOfTheKeyCanBeAskedFor()
    {
        foreach (var name in OddLake.Names)
        {
            using var page = await GetJsonAsync($"/api/v1/top-tracks?track_genre={Uri.EscapeDataString(name)}&rank=2");
            var rows = page.RootElement.GetProperty("rows").EnumerateArray().ToList();
            Assert.Equal(4, rows.Count);
            Assert.All(
                rows,
                row =>
                {
                    Assert.Equal(name, row.GetProperty("track_genre").GetString());
                    Assert.Equal(2, row.GetProperty("rank").GetInt32());
                }
            );
        }

        using var ranks = await GetJsonAsync("/api/v1/top-tracks/2024-06-25?rank=1");
        Assert.Equal(OddLake.Names.Length, ranks.RootElement.GetProperty("rows").GetArrayLength());
    }

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("text/csv", "text/csv")]
    [InlineData("application/json;q=0.5, text/csv", "text/csv")]
    [InlineData("text/csv;q=0.5, application/json", "application/json")]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "application/json")]
    [InlineData("text/*", "text/csv")]
    [InlineData("image/png", null)]
    [InlineData("text/csv;q=0", null)]
    public async Task AcceptDecidesTheForm(string? accept, string? expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/hourly/2024-06-25");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var response = await odd.Client.SendAsync(request);
        Assert.Equal(expected is null ? HttpStatusCode.NotAcceptable : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected ?? "application/problem+json", response.Content.Headers.ContentType?.MediaType);
        if (expected is not null)
        {
            Assert.Contains("Accept", response.Headers.Vary);
        }
    }

    [Theory]
    [InlineData("/api/v1/hourly/2024-06-25")]
    [InlineData("/api/v1/hourly/2024-06-25/12")]
    [InlineData("/api/v1/hourly?from=2024-06-24&to=2024-06-25")]
    [InlineData("/api/v1/genre-daily?limit=10000")]
    [InlineData("/api/v1/tables")]
    [InlineData("/api/v1/dates")]
    [InlineData("/api/v1/openapi.json")]
    public async Task WhoHasTheAnswerIsToldSo(string address)
    {
        using var first = await odd.Client.GetAsync(address);
        var tag = first.Headers.ETag!;
        Assert.True(first.Headers.CacheControl!.NoCache);
        foreach (var known in (string[])[tag.ToString(), $"\"x\", W/{tag.Tag}", "*"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
            using var second = await odd.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
            Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        }

        using var other = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Headers = { { "If-None-Match", "\"other\"" } },
        };
        Assert.Equal(HttpStatusCode.OK, (await odd.Client.SendAsync(other)).StatusCode);
        Assert.NotEqual(tag, (await odd.Client.GetAsync("/api/v1/hourly/2024-06-27")).Headers.ETag);
    }

    [Fact]
    public async Task EveryTableAndFormHasATagOfItsOwn()
    {
        var tags = new List<string>();
        foreach (var schema in KpiTables.Published)
        {
            foreach (var accept in (string[])["application/json", "text/csv"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/{schema.Name}/2024-06-25");
                request.Headers.Add("Accept", accept);
                tags.Add((await odd.Client.SendAsync(request)).Headers.ETag!.Tag);
            }
        }

        Assert.Distinct(tags);
    }

    [Fact]
    public async Task LongAnswersAreCompressedForWhoAcceptsIt()
    {
        var plain = await odd.Client.GetByteArrayAsync("/api/v1/top-tracks?limit=10000");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/top-tracks?limit=10000");
        request.Headers.AcceptEncoding.Add(new("gzip"));
        using var response = await odd.Client.SendAsync(request);
        Assert.Contains("gzip", response.Content.Headers.ContentEncoding);
        Assert.True(response.Headers.ETag!.IsWeak);
        await using var gunzip = new System.IO.Compression.GZipStream(
            await response.Content.ReadAsStreamAsync(),
            System.IO.Compression.CompressionMode.Decompress
        );
        using var copy = new MemoryStream();
        await gunzip.CopyToAsync(copy);
        Assert.Equal(plain, copy.ToArray());
    }

    [Theory]
    [InlineData("/api/v1/nonsense", 404, "There is no table 'nonsense'")]
    [InlineData("/api/v1/hourly/2024-06-25/12/3", 404, "more than that")]
    [InlineData(
        "/api/v1/hourly/2030-01-01",
        404,
        "2030-01-01 is not published: there are 4 from 2024-06-24 to 2024-06-27"
    )]
    [InlineData("/api/v1/genre-daily/2024-06-25/nobody", 404, "has no row with this key")]
    [InlineData("/api/v1/hourly/25.6.2024", 400, "'25.6.2024' in the path is no date")]
    [InlineData("/api/v1/hourly/2024-06-25/noon", 400, "'noon' is no hour")]
    [InlineData("/api/v1/hourly/2024-06-25/-1", 400, "'-1' is no hour")]
    [InlineData("/api/v1/hourly?from=yesterday", 400, "'yesterday' in from is no date")]
    [InlineData("/api/v1/hourly?from=2024-06-27&to=2024-06-25", 400, "from is 2024-06-27, which is after to")]
    [InlineData("/api/v1/hourly?limit=0", 400, "limit is '0'")]
    [InlineData("/api/v1/hourly?limit=10001", 400, "1 to 10000")]
    [InlineData("/api/v1/hourly?cursor=x", 400, "cursor is 'x'")]
    [InlineData("/api/v1/hourly?cursor=daily.2024-06-25.1", 400, "of the same table")]
    [InlineData("/api/v1/dates?from=2024-06-25", 400, "'from' cannot be asked for here. /api/v1/dates takes nothing")]
    [InlineData("/api/v1/dates?limit=1", 400, "'limit' cannot be asked for here")]
    [InlineData("/api/v1/tables?x=1", 400, "'x' cannot be asked for here")]
    [InlineData("/api/v1/hourly?format=xml", 400, "format is 'xml'")]
    [InlineData(
        "/api/v1/hourly?colour=red",
        400,
        "'colour' cannot be asked for here. hourly takes date, from, to, hour, limit, cursor and format"
    )]
    [InlineData("/api/v1/hourly/2024-06-25?from=2024-06-25", 400, "'from' cannot be asked for here")]
    [InlineData("/api/v1/hourly?hour=1&hour=2", 400, "'hour' is given 2 times")]
    [InlineData("/api/v1/hourly/2024-06-25/1?hour=1", 400, "'hour' cannot be asked for here")]
    [InlineData("/nonsense", 404, "There is no such page")]
    [InlineData("/view/nonsense", 404, "There is no such view")]
    public async Task WhatIsWrongIsSaid(string address, int status, string detail)
    {
        using var response = await odd.Client.GetAsync(address);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.RootElement.GetProperty("title").GetString());
        Assert.Contains(detail, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingCanBeChanged()
    {
        foreach (var method in (string[])["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
        {
            using var request = new HttpRequestMessage(new(method), "/api/v1/hourly/2024-06-25");
            using var response = await odd.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task HeadAnswersWithoutBody()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/api/v1/hourly/2024-06-25");
        using var response = await odd.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Content.Headers.ContentLength > 100);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task TheOpenApiDocumentDescribesWhatIsAnswered()
    {
        using var document = await GetJsonAsync("/api/v1/openapi.json");
        var paths = document.RootElement.GetProperty("paths").EnumerateObject().ToList();
        Assert.Equal(2 + KpiTables.Published.Sum(schema => schema.KeyColumns + 1), paths.Count);
        foreach (var path in paths)
        {
            var address = path
                .Name.Replace("{date}", "2024-06-25", StringComparison.Ordinal)
                .Replace("{track_genre}", Uri.EscapeDataString(OddLake.Names[0]), StringComparison.Ordinal)
                .Replace("{user_country}", Uri.EscapeDataString(OddLake.Names[1]), StringComparison.Ordinal)
                .Replace("{hour}", "12", StringComparison.Ordinal)
                .Replace("{check}", "rejected_share", StringComparison.Ordinal)
                .Replace("{rank}", "1", StringComparison.Ordinal);
            Assert.Equal((address, HttpStatusCode.OK), (address, (await odd.Client.GetAsync(address)).StatusCode));
        }

        var schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        foreach (var reference in References(document.RootElement))
        {
            Assert.True(schemas.TryGetProperty(reference["#/components/schemas/".Length..], out _), reference);
        }
    }

    [Fact]
    public void EveryColumnHasTheDefinitionOfTheDocumentation()
    {
        var documentation = string.Concat(
                DefinedIn.Select(page => File.ReadAllText(Path.Combine(Repository.Folder, "docs", page)))
            )
            .Replace("`", "", StringComparison.Ordinal);
        foreach (var schema in KpiTables.Published)
        {
            Assert.StartsWith("Key: date", Definitions.Of(schema), StringComparison.Ordinal);
            foreach (var column in schema.Columns)
            {
                Assert.NotEqual("", Definitions.Of(schema.Name, column.Name));
                Assert.Contains(
                    $" | {Definitions.Of(schema.Name, column.Name)} |",
                    documentation,
                    StringComparison.Ordinal
                );
            }
        }
    }

    [Fact]
    public async Task ARestatedDateIsAnsweredAnewAndTheOthersAreNot()
    {
        using var lake = new TestLake();
        var listens = new TestListens(3);
        var rows = listens.Rows(2000);
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(rows.Take(1000)));
        lake.Run();
        await using var server = await OddLake.ServeAsync(lake.Lake);
        using var client = OddLake.ClientOf(server);
        var before = (await client.GetAsync("/api/v1/daily/2024-06-24")).Headers.ETag;
        var other = (await client.GetAsync("/api/v1/daily/2024-06-26")).Headers.ETag;

        lake.LandStreams(
            "b.csv",
            TestListens.Csv(rows.Skip(1000).Where(row => row.Contains("2024-06-24", StringComparison.Ordinal)))
        );
        lake.Run();
        var patience = DateTime.UtcNow.AddSeconds(30);
        while ((await client.GetAsync("/api/v1/daily/2024-06-24")).Headers.ETag?.Equals(before) == true)
        {
            Assert.True(DateTime.UtcNow < patience, "The server does not follow the lake.");
            await Task.Delay(50);
        }

        Assert.Equal(
            lake.Kpis()["daily/date=2024-06-24.csv"],
            await client.GetStringAsync("/api/v1/daily/2024-06-24?format=csv")
        );
        Assert.Equal(other, (await client.GetAsync("/api/v1/daily/2024-06-26")).Headers.ETag);
    }

    [Fact]
    public async Task ADateThatIsBeingPublishedIsNotAnsweredByHalves()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(new TestListens(3).Rows(500)));
        lake.Run();
        await using var server = await OddLake.ServeAsync(lake.Lake);
        using var client = OddLake.ClientOf(server);
        var path = Path.Combine(lake.Folder, "kpis", "daily", "date=2024-06-24.csv");
        var published = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, published.Replace("2024-06-24,", "2024-06-24,1", StringComparison.Ordinal));
        using var refused = await client.GetAsync("/api/v1/daily/2024-06-24");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        var problem = await refused.Content.ReadAsStringAsync();
        Assert.Contains("daily of 2024-06-24 is being published", problem, StringComparison.Ordinal);
        Assert.DoesNotContain(lake.Folder, problem, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/daily/2024-06-25")).StatusCode);

        var asked = client.GetStringAsync("/api/v1/daily/2024-06-24?format=csv");
        await File.WriteAllTextAsync(path, published);
        Assert.Equal(published, await asked);
    }

    [Fact]
    public async Task AnEmptyLakeIsAnsweredToo()
    {
        using var lake = new TestLake();
        await using var server = await OddLake.ServeAsync(lake.Lake);
        using var client = OddLake.ClientOf(server);
        Assert.Contains("\"dates\":[]", await client.GetStringAsync("/api/v1/dates"), StringComparison.Ordinal);
        Assert.Contains("\"rows\":[]", await client.GetStringAsync("/api/v1/hourly"), StringComparison.Ordinal);
        using var missing = await client.GetAsync("/api/v1/hourly/2024-06-25");
        Assert.Contains(
            "no dates are published yet",
            await missing.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
    }

    async Task<JsonDocument> GetJsonAsync(string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/json"));
        using var response = await odd.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{address}: {text}");
        return JsonDocument.Parse(text);
    }

    /// <summary>A row as texts: of numbers, the digits that were sent.</summary>
    static string[] Cells(JsonElement row, KpiSchema schema) =>
        [
            .. row.EnumerateObject()
                .Zip(
                    schema.Columns,
                    (cell, column) =>
                    {
                        Assert.Equal(column.Name, cell.Name);
                        return cell.Value.ValueKind == JsonValueKind.String
                            ? cell.Value.GetString()!
                            : cell.Value.GetRawText();
                    }
                ),
        ];

    internal static List<string[]> Rows(byte[] csv)
    {
        var reader = new CsvReader(new MemoryStream(csv));
        var rows = new List<string[]>();
        while (reader.Read())
        {
            rows.Add([
                .. Enumerable.Range(0, reader.FieldCount).Select(field => Encoding.UTF8.GetString(reader.Field(field))),
            ]);
        }

        return rows;
    }

    static IEnumerable<string> References(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(one => one.Name == "$ref" ? [one.Value.GetString()!] : References(one.Value)),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
            _ => [],
        };
}
