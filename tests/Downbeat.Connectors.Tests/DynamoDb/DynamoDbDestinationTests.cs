using System.Net;
using Amazon.DynamoDBv2;
using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.DynamoDb;

public sealed class DynamoDbDestinationTests : DestinationContract, IDisposable
{
    static readonly string FirstText = ListenDate.Text(First);

    readonly DynamoDbTestTables tables = new();

    protected override bool IsWholeByDate => false;

    protected override IDestination Create() => tables.Destination();

    protected override IDestination CreateThatDies(int afterSteps)
    {
        var steps = 0;
        return tables.Destination(_ =>
        {
            if (Interlocked.Increment(ref steps) > afterSteps)
            {
                throw new DestinationException("It died.");
            }
        });
    }

    protected override void AssertHolds(DateTables expected) => tables.AssertHolds(expected);

    protected override void MakeReadyToCheck() => Publish();

    public void Dispose() => tables.Dispose();

    [Fact]
    public void AfterDyingAtAnyStepEveryItemIsTheOldOneOrTheNewOne()
    {
        var before = Tables(3, genres: 3);
        var after = Tables(4, genres: 5, names: TestTables.OddNames);
        var (old, made) = (ItemsOf(before), ItemsOf(after));
        for (var steps = 0; ; steps += steps is > 14 and < 40 ? 4 : 1)
        {
            Publish(before);
            var died = false;
            try
            {
                using var dying = CreateThatDies(steps);
                dying.Prepare(new(Lake));
                dying.Publish([after]);
            }
            catch (DestinationException)
            {
                died = true;
            }

            foreach (var item in tables.All(FirstText))
            {
                var key = DynamoDbTestTables.KeyOf(item);
                var text = DynamoDbTestTables.TextOf(item);
                Assert.True(
                    text == old.GetValueOrDefault(key)
                        || text == made.GetValueOrDefault(key)
                        || (item.ContainsKey("deleted") && !made.ContainsKey(key)),
                    $"{key} is a mixture after {steps} steps: {text}"
                );
            }

            // Whatever it left is what the next one begins with.
            Publish(after);
            AssertHolds(after);
            if (!died)
            {
                return;
            }

            Recreate();
        }
    }

    [Fact]
    public void WhateverTheOrderOfTheirRequestsTheNewerVersionStays() =>
        RandomRounds.Run(
            6,
            random =>
            {
                Recreate();
                var before = Of(random, 3);
                var versions = Enumerable.Range(0, random.Next(2, 4)).Select(one => Of(random, 4 + one)).ToList();
                Publish(before);
                using var turns = new Turns(random);
                var newest = new Dictionary<string, long>(StringComparer.Ordinal);
                var dies = random.Next(3) == 0 ? random.Next(versions.Count) : -1;
                var steps = random.Next(10, 60);
                var works = versions
                    .Select(
                        (date, worker) =>
                            (Action)(
                                () =>
                                {
                                    using var destination = tables.Destination(
                                        _ =>
                                        {
                                            turns.Await(worker);
                                            if (worker == dies && steps-- == 0)
                                            {
                                                throw new DestinationException("It died.");
                                            }
                                        },
                                        mostInFlight: 1
                                    );
                                    try
                                    {
                                        destination.Prepare(new(Lake));
                                        destination.Publish([date]);
                                    }
                                    catch (DestinationException) when (worker == dies)
                                    {
                                        // Seen below.
                                    }
                                }
                            )
                    )
                    .ToList();
                turns.Run(works, () => AssertNothingGoesBack(newest, [before, .. versions]));
                var last = versions[^1];
                if (dies >= 0)
                {
                    // The next run finds that there is something to do, at once or when who died is taken for dead.
                    using var destination = Create();
                    var held = destination.Find(Lake)[First];
                    if (held.Fingerprint == last.Fingerprint)
                    {
                        tables.Clock.Advance(TimeSpan.FromMinutes(16));
                        held = destination.Find(Lake)[First];
                    }

                    if (held.Fingerprint != last.Fingerprint)
                    {
                        Publish(last);
                    }
                }

                AssertHolds(last);
                Assert.All(
                    tables.All(FirstText),
                    item => Assert.Equal((Text(last.Version), false), (item["version"].N, item.ContainsKey("deleted")))
                );
                using var afterwards = Create();
                Assert.Equal(new HeldDate(last.Version, last.Fingerprint), afterwards.Find(Lake)[First]);

                // Nobody who comes late may undo it.
                Publish(versions[0]);
                AssertHolds(last);
            }
        );

    [Fact]
    public void WhatVanishedIsDeletedAndNotOnlyMarked()
    {
        Publish(Tables(3, genres: 9));
        Publish(Tables(4, genres: 2));
        Assert.Equal(2 + 24 + 2, tables.All(FirstText).Count);
        Publish(DateTables.Empty(First, 5));
        Assert.Equal(["#published", "-1"], tables.All(FirstText).Select(DynamoDbTestTables.KeyOf));
    }

    [Fact]
    public void ItSlowsDownWhenTheTablesCannotKeepUpAndLosesNothing()
    {
        var date = Tables(3, genres: 60);
        var left = 40;
        Publish();
        var http = new FaultyHttp(operation =>
            operation == "PutItem" && Interlocked.Decrement(ref left) >= 0
                ? new(HttpStatusCode.BadRequest, "ProvisionedThroughputExceededException", "slower")
                : null
        );
        using (var destination = tables.Destination(http: http))
        {
            destination.Prepare(new(Lake));
            destination.Publish([date]);
            Assert.InRange(destination.Requests.InFlight.Allowed, 1, 24);
        }

        AssertHolds(date);
        Assert.Contains(
            tables.Logger.Lines,
            line =>
                line.Contains("it cannot keep up (ProvisionedThroughputExceededException)", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void AnswersThatAreLostOrFaultsOfTheServerChangeNothing() =>
        RandomRounds.Run(
            6,
            random =>
            {
                Recreate();
                Publish(Of(random, 3));
                var date = Of(random, 4);
                var http = new FaultyHttp(_ =>
                {
                    lock (random)
                    {
                        return random.Next(40) switch
                        {
                            0 => new(HttpStatusCode.InternalServerError, "InternalServerError", "", Arrives: true),
                            1 => new(HttpStatusCode.ServiceUnavailable, "ServiceUnavailable"),
                            2 => new(null, Arrives: true),
                            3 => new(null),
                            _ => null,
                        };
                    }
                });
                using (var destination = tables.Destination(http: http))
                {
                    destination.Prepare(new(Lake));
                    destination.Publish([date]);
                }

                AssertHolds(date);
                Assert.Equal(date.Tables[0].Rows.Count + 24 + 2, tables.All(FirstText).Count);
            }
        );

    [Theory]
    [InlineData("InvalidSignatureException", "does not accept the credentials")]
    [InlineData("UnrecognizedClientException", "does not accept the credentials")]
    [InlineData("ExpiredTokenException", "does not accept the credentials")]
    [InlineData("AccessDeniedException", "may not dynamodb:PutItem on arn:aws:dynamodb:eu-west-1:1:table/genre")]
    [InlineData("SomethingNew", "it answered SomethingNew (HTTP 400)")]
    public void WhatItsFaultsMeanIsSaidWithoutSecrets(string code, string means)
    {
        var http = new FaultyHttp(_ =>
            new(
                HttpStatusCode.BadRequest,
                code,
                $"User {DynamoDbTestTables.AccessKey} is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:eu-west-1:1:table/genre with {DynamoDbTestTables.Secret} and {DynamoDbTestTables.Token}"
            )
        );
        using var destination = tables.Destination(http: http);
        var error = Assert.Throws<DestinationException>(() => destination.Find(Lake));
        Assert.False(error.IsTransient);
        Assert.Contains(means, error.Message, StringComparison.Ordinal);
        var finding = Assert.Single(destination.Check(Lake));
        Assert.Contains(means, finding.Problem, StringComparison.Ordinal);
        foreach (
            var text in tables.Logger.Lines.Append(error.Message).Append(finding.Problem).Append(destination.Place)
        )
        {
            Assert.DoesNotContain("MARKED", text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void WhereNobodyAnswersItIsSaidAndTheNextRunTries()
    {
        using var destination = new DynamoDbDestination(
            tables.Options with
            {
                Endpoint = new($"http://127.0.0.1:{TestServer.FreePort()}"),
            },
            tables.Logger,
            tables.Clock
        )
        {
            Credentials = DynamoDbTestTables.Credentials,
        };
        var error = Assert.Throws<DestinationException>(() => destination.Find(Lake));
        Assert.True(error.IsTransient);
        Assert.Contains("there is no connection", error.Message, StringComparison.Ordinal);
        Assert.Equal(6, tables.Logger.Lines.Count); // Retries, each told.
    }

    [Fact]
    public void TablesThatAreMissingAreDefinedInTheError()
    {
        using var destination = Create();
        var error = Assert.Throws<DestinationException>(() => destination.Prepare(new(Lake)));
        var (genre, hour) = (tables.Options.GenreTable, tables.Options.HourTable);
        Assert.Contains(
            $"--create` makes what is missing, billed by request; or make it with: aws dynamodb create-table --region eu-west-1 --endpoint-url {tables.Options.Endpoint} --table-name {genre} --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=date,AttributeType=S AttributeName=track_genre,AttributeType=S --key-schema AttributeName=date,KeyType=HASH AttributeName=track_genre,KeyType=RANGE"
                + $" && aws dynamodb create-table --region eu-west-1 --endpoint-url {tables.Options.Endpoint} --table-name {hour} --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=date,AttributeType=S AttributeName=hour,AttributeType=N --key-schema AttributeName=date,KeyType=HASH AttributeName=hour,KeyType=RANGE",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Equal("connect", Assert.Single(destination.Check(Lake)).What);
        Assert.Empty(destination.Find(Lake));
        destination.Prepare(new(Lake, Create: true));
        Assert.All(new[] { genre, hour }, table => Assert.Equal(BillingMode.PAY_PER_REQUEST, tables.BillingOf(table)));
    }

    [Fact]
    public void ATableWithOtherKeysIsNotTouched()
    {
        tables.Create(tables.Options.HourTable, "hour", "day");
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("dynamodbHourTable", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATableWithTheItemsOfOthersIsNotTouched()
    {
        tables.Create(tables.Options.GenreTable, "date", "track_genre");
        tables.Put(new() { ["date"] = new("someone"), ["track_genre"] = new("else's") });
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("items that Downbeat did not write", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GenresThatAreNoSortKeysAreCutApartAndSaid()
    {
        var longName = string.Concat(Enumerable.Repeat("é🎵", 300));
        string[] names = [longName, longName + "a", longName + "b", "#published", "##published", "#publishe", "#"];
        using var destination = Create();
        destination.Prepare(new(Lake, Create: true));
        var warnings = destination.Publish([Tables(1, genres: 8, names: names)]);
        Assert.Equal(5, warnings.Count);
        Assert.All(warnings, warning => Assert.StartsWith("2024-06-25: ", warning, StringComparison.Ordinal));
        var items = tables.Query(tables.Options.GenreTable, FirstText);
        Assert.Equal(8 + 1, items.Count);
        Assert.Equal(3, items.Count(item => item.GetValueOrDefault("full_track_genre")?.S.Length > 800));
        Assert.All(
            items,
            item => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(DynamoDbTestTables.KeyOf(item)), 1, 1024)
        );
        Assert.Contains(
            items,
            item => DynamoDbTestTables.KeyOf(item) == "##published" && item["full_track_genre"].S == "#published"
        );
    }

    [Fact]
    public void AnItemThatWouldBeTooLargeIsCutBetweenCharacters()
    {
        var name = string.Concat(Enumerable.Repeat("ab🎵", 60_000));
        var date = Tables(1, genres: 2, names: [name, $"{name}!"]);
        using var destination = Create();
        destination.Prepare(new(Lake, Create: true));
        Assert.Contains(
            destination.Publish([date]),
            warning => warning.EndsWith("an item holds 400 KB at most.", StringComparison.Ordinal)
        );
        var items = tables.All(FirstText);
        Assert.Equal(2 + 24 + 2, items.Count);
        Assert.All(
            items,
            item => Assert.DoesNotContain("\uFFFD", DynamoDbTestTables.TextOf(item), StringComparison.Ordinal)
        );
    }

    [Fact]
    public void ManyDatesAreFoundByPages()
    {
        using var destination = Create();
        destination.Prepare(new(Lake, Create: true));

        // As long as fingerprints are; a page is 1 MB.
        Parallel.For(
            0,
            2500,
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            day =>
                tables.Put(
                    new()
                    {
                        ["date"] = new("#dates"),
                        ["track_genre"] = new(ListenDate.Text(First.AddDays(day))),
                        ["owner"] = new() { N = "1" },
                        ["version"] = new() { N = "7" },
                        ["fingerprint"] = new(new string('f', 600)),
                    }
                )
        );
        Assert.Equal(2500, destination.Find(Lake).Count);
    }

    /// <summary>That no version of an item is followed by an older one, and that a date that looks whole is.</summary>
    void AssertNothingGoesBack(Dictionary<string, long> newest, IReadOnlyList<DateTables> versions)
    {
        foreach (var table in new[] { tables.Options.GenreTable, tables.Options.HourTable })
        {
            var items = tables.Query(table, FirstText);
            foreach (var item in items)
            {
                var key = $"{table} {DynamoDbTestTables.KeyOf(item)}";
                var version = long.Parse(item["version"].N, System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(version >= newest.GetValueOrDefault(key), $"{key} went back to {version}");
                newest[key] = version;
            }

            // As docs/apps.md tells readers to.
            var marker = items.Single(DynamoDbTestTables.IsMarker);
            var whole = items
                .Where(item =>
                    item["version"].N == marker["version"].N
                    && !item.ContainsKey("deleted")
                    && !DynamoDbTestTables.IsMarker(item)
                )
                .Select(DynamoDbTestTables.KeyOf)
                .ToHashSet(StringComparer.Ordinal);
            if (Text(whole.Count) == marker["item_count"].N)
            {
                var published = versions.Single(date => Text(date.Version) == marker["version"].N);
                Assert.Equal(published.Fingerprint, marker["fingerprint"].S);
                var expected = (
                    table == tables.Options.GenreTable
                        ? DateItems.OfGenres(published, [])
                        : DateItems.OfHours(published, [])
                ).Keys;
                Assert.Equal(expected.Order(StringComparer.Ordinal), whole.Order(StringComparer.Ordinal));
            }
        }
    }

    static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    static DateTables Of(Random random, long version)
    {
        var names = Enumerable.Range(0, 12).Select(one => $"genre {one}").ToArray();
        random.Shuffle(names);
        return TestTables.Of(First, version, random, random.Next(1, 6), names);
    }

    /// <summary>The items of a date as they are when it is published to tables that hold nothing.</summary>
    Dictionary<string, string> ItemsOf(DateTables date)
    {
        Publish(date);
        var items = tables
            .All(FirstText)
            .ToDictionary(DynamoDbTestTables.KeyOf, DynamoDbTestTables.TextOf, StringComparer.Ordinal);
        Recreate();
        return items;
    }

    /// <summary>Goes on with empty tables.</summary>
    void Recreate()
    {
        tables.Renew();
        Publish();
    }
}
