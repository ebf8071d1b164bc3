using System.Globalization;
using System.Text;
using Downbeat.Connectors.Postgres;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Downbeat.Connectors.Tests.Postgres;

/// <summary>Songs and users from a real PostgreSQL: the same as from files, of one moment, and changes alone where they can be told.</summary>
public sealed class PostgresCatalogueTests : IDisposable
{
    const string SongsDdl =
        "CREATE TABLE songs (track_id text, artists text, album_name text, track_name text, popularity text, duration_ms text, track_genre text, PRIMARY KEY (track_id, track_genre))";
    const string UsersDdl = "CREATE TABLE users (user_id bigint PRIMARY KEY, user_country text)";

    const string ChangingDdl = """
        CREATE TABLE songs (id bigint PRIMARY KEY, track_id text, artists text, track_name text, popularity int, duration_ms int,
            track_genre text, changed timestamptz);
        CREATE TABLE users (user_id text PRIMARY KEY, user_country text, changed timestamptz);
        INSERT INTO songs SELECT n, 'track' || n, 'Artist ' || n, 'Name ' || n, 50, 1000 * n, 'rock', '2024-01-01' FROM generate_series(1, 20) n;
        INSERT INTO users SELECT n::text, 'DE', '2024-01-01' FROM generate_series(1, 20) n;
        UPDATE songs SET changed = '2024-01-10' WHERE id = 20;
        UPDATE users SET changed = '2024-01-10' WHERE user_id = '20';
        """;

    static readonly PostgresCatalogueTable ChangingSongs = new() { Table = "songs", UpdatedAt = "changed" };
    static readonly PostgresCatalogueTable ChangingUsers = new() { Table = "users", UpdatedAt = "changed" };

    readonly CatalogueDatabase database = new();
    readonly TestLake lake = new();

    public void Dispose()
    {
        lake.Dispose();
        database.Dispose();
    }

    [Fact]
    public void TheSameSongsAndUsersGiveTheSameTablesFromFilesAndFromTables()
    {
        var listens = new TestListens();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {listens.Seed}");
        var csv = TestListens.Csv(listens.Rows(2000));
        using var landed = new TestLake();
        landed.LandCatalogue(TestListens.Songs, TestListens.Users);
        landed.LandStreams("streams.csv", csv);
        Assert.Equal(RunOutcome.Done, landed.Run().Outcome);

        // Their schema, their names, columns that nobody asked for, NULL where files have nothing, and an order of its own.
        database.Execute(
            """
            CREATE SCHEMA "My Music";
            CREATE TABLE "My Music"."Songs" (row serial PRIMARY KEY, track text, artists text, album text, "Song Name" text, score int,
                seconds numeric, genre text, song_key int DEFAULT 3, blob bytea DEFAULT '\xff00');
            CREATE TABLE "My Music".listeners (row serial PRIMARY KEY, id text, name text, age text, country text, since text)
            """
        );
        database.Load(
            "\"My Music\".\"Songs\"",
            "track, artists, album, \"Song Name\", score, seconds, genre",
            TestListens.Songs
        );
        database.Load("\"My Music\".listeners", "id, name, age, country, since", TestListens.Users);
        database.Execute("UPDATE \"My Music\".\"Songs\" SET seconds = seconds / 1000, album = NULL");
        lake.Source = database.Catalogue(
            new()
            {
                Table = "\"My Music\".\"Songs\"",
                Columns = PostgresCatalogueTable.ParseColumns(
                    "track_id=track, track_name=\"Song Name\", popularity=score, duration_ms=round(seconds * 1000, 0), track_genre=genre, key=song_key"
                )!,
            },
            new()
            {
                Table = "\"My Music\".listeners",
                Columns = PostgresCatalogueTable.ParseColumns("user_id=id, user_country=country")!,
            }
        );
        lake.LandStreams("streams.csv", csv);
        var record = lake.Run();
        Assert.Empty(record.Errors);
        Assert.Equal(landed.Kpis(), lake.Kpis());
        Assert.Equal(landed.State.Songs!.Sha256, lake.State.Songs!.Sha256);
        Assert.Equal(landed.State.Users!.Sha256, lake.State.Users!.Sha256);
        Assert.Equal(landed.State.Songs.Rejected, lake.State.Songs.Rejected);
    }

    [Fact]
    public void AQueryWithAKeyDoesAsWellAsATable()
    {
        Fill(SongsDdl, UsersDdl);
        lake.Source = database.Catalogue(
            new()
            {
                Table = "songs",
                Query = "SELECT * FROM songs WHERE track_genre <> 'nothing' -- all of them\n;",
                Key = ["track_id", "track_genre"],
            }
        );
        Assert.Empty(lake.Run().Errors);
        Assert.Equal(2, lake.State.Songs!.Count);
    }

    [Fact]
    public void RowsAreRejectedByTheRulesForFiles()
    {
        Fill(SongsDdl, UsersDdl);
        database.Execute(
            """
            INSERT INTO songs VALUES ('noduration', 'A', 'B', 'C', '1', NULL, 'rock'), ('popular', 'A', 'B', 'C', '101', '1', 'rock'),
                ('fraction', 'A', 'B', 'C', '1', '1.5', 'rock'), ('', 'A', 'B', 'C', '1', '1', 'rock'),
                ('quiet', NULL, NULL, NULL, NULL, '1', 'rock');
            INSERT INTO users VALUES (-1, 'DE')
            """
        );
        lake.Source = database.Catalogue();
        Assert.Empty(lake.Run().Errors);
        Assert.Equal((7, 4, 3), (lake.State.Songs!.Rows, lake.State.Songs.Rejected, lake.State.Songs.Count));
        Assert.Equal((3, 1, 2), (lake.State.Users!.Rows, lake.State.Users.Rejected, lake.State.Users.Count));
        Assert.Contains(
            "noduration",
            File.ReadAllText(Path.Combine(lake.Folder, LakePaths.Rejects("songs"))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void OddTextsArriveAsTheyAre()
    {
        Fill(SongsDdl, UsersDdl);
        var names = TestTables.OddNames.Concat(["\\.", "\"", ",", "", "\n", "  "]).ToList();
        using (var owner = database.OpenAsOwner())
        {
            foreach (var (number, name) in names.Index())
            {
                using var insert = new NpgsqlCommand(
                    "INSERT INTO songs VALUES ($1, $2, '', $2, '7', '1000', 'odd')",
                    owner
                )
                {
                    Parameters =
                    {
                        new() { Value = $"odd{number}" },
                        new() { Value = name },
                    },
                };
                insert.ExecuteNonQuery();
            }
        }

        lake.Source = database.Catalogue();
        Assert.Empty(lake.Run().Errors);
        using var landed = new TestLake();
        var csv = new StringBuilder("track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n");
        foreach (
            var (id, name, rest) in names
                .Select((name, number) => ($"odd{number}", name, "7,1000,odd"))
                .Concat([("one", "One", "5,1000,rock"), ("two", "Two", "5,2000,rock")])
        )
        {
            var quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{id},{(rest.EndsWith("odd", StringComparison.Ordinal) ? quoted : "A;B")},,{quoted},{rest}\n"
            );
        }

        landed.LandCatalogue(csv.ToString(), "user_id,user_country\n1,DE\n2,FR\n");
        Assert.Empty(landed.Run().Errors);
        Assert.Equal(landed.State.Songs!.Sha256, lake.State.Songs!.Sha256);
    }

    [Fact]
    public void ManyRowsAreReadAndSaidWhileTheyAre()
    {
        database.Execute($"{SongsDdl}; {UsersDdl}");
        database.Execute(
            """
            INSERT INTO songs SELECT 'track' || n, 'Artist ' || n % 1000, 'Album', E'Name\n' || n, '5', '1000', 'genre ' || n % 100 FROM generate_series(1, 100000) n;
            INSERT INTO users SELECT n, 'country ' || n % 50 FROM generate_series(1, 200000) n
            """
        );
        lake.Source = database.Catalogue();
        var said = new Said();
        var record = new Reconciliation(
            lake.Lake,
            new(),
            TimeProvider.System,
            NullLogger.Instance,
            said,
            null,
            lake.Source
        ).Run();
        Assert.Empty(record.Errors);
        Assert.Equal((100_000, 200_000), (lake.State.Songs!.Count, lake.State.Users!.Count));
        var rows = said.All.Where(progress => progress is { Stage: "catalogue", Unit: "rows" }).ToList();
        Assert.All(rows, progress => Assert.Equal(300_000, progress.Total));
        Assert.Contains(rows, progress => progress.Done is > 0 and < 300_000);
        Assert.Equal(300_000, rows[^1].Done);
    }

    [Fact]
    public void BothAreOfOneMoment()
    {
        Fill(SongsDdl, UsersDdl);
        using var other = database.OpenAsOwner();
        lake.Source = database.Catalogue(betweenTables: () =>
        {
            using var command = new NpgsqlCommand(
                "INSERT INTO users VALUES (3, 'IT'); DELETE FROM users WHERE user_id = 1",
                other
            );
            command.ExecuteNonQuery();
        });
        Assert.Empty(lake.Run().Errors);
        using var landed = new TestLake();
        landed.LandCatalogue(
            "track_id,artists,track_name,popularity,duration_ms,track_genre\none,A;B,One,5,1000,rock\ntwo,A;B,Two,5,2000,rock\n",
            "user_id,user_country\n1,DE\n2,FR\n"
        );
        Assert.Empty(landed.Run().Errors);
        Assert.Equal(landed.State.Users!.Sha256, lake.State.Users!.Sha256);
        Assert.Equal(landed.State.Songs!.Sha256, lake.State.Songs!.Sha256);
    }

    [Fact]
    public void WhatHasNotChangedIsNoWorkAndWhatHasRestatesDates()
    {
        Fill(SongsDdl, UsersDdl);
        lake.Source = database.Catalogue();
        lake.LandStreams(
            "streams.csv",
            $"{TestListens.Header}\n1,one,2024-06-25 10:00:00,,\n9,three,2024-06-25 11:00:00,,\n"
        );
        Assert.Contains(
            lake.Plan().Catalogue,
            planned => planned.Path.StartsWith("songs in PostgreSQL", StringComparison.Ordinal)
        );
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.True(lake.Plan().IsEmpty);
        Assert.Equal(lake.Source.Place, lake.Plan().CatalogueFrom);
        var version = lake.State.Version;
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
        Assert.Equal(version, lake.State.Version);
        Assert.Single(lake.Lake.List(LakePaths.Runs));

        // Nothing that counts has changed: no version, and no date.
        database.Execute("UPDATE songs SET album_name = 'Another'");
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);

        database.Execute("INSERT INTO songs VALUES ('three', 'C', 'B', 'Three', '5', '3000', 'rock')");
        var record = lake.Run();
        Assert.Equal((2, RunOutcome.Done), (record.Songs!.Version, record.Outcome));
        Assert.Null(record.Users);
        Assert.Single(record.Dates);
        database.Execute("INSERT INTO users VALUES (9, 'IT')");
        Assert.Single(lake.Run().Dates);
        Assert.Contains("IT", lake.Kpis()["country_daily/date=2024-06-25.csv"], StringComparison.Ordinal);
    }

    [Fact]
    public void LandedSongsAndUsersAreLeftAloneAndSaid()
    {
        Fill(SongsDdl, UsersDdl);
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.Source = database.Catalogue();
        Assert.Equal(2, lake.Plan().Leave.Count);
        Assert.Empty(lake.Run().Errors);
        Assert.Equal(2, lake.State.Songs!.Count);
        Assert.Equal(2, lake.Plan().Leave.Count);

        // And they are read when the database is configured no more.
        lake.Source = null;
        Assert.Equal(2, lake.Plan().Catalogue.Count);
        Assert.Empty(lake.Run().Errors);
        Assert.Equal(60, lake.State.Songs!.Count);
    }

    [Fact]
    public void OnlyChangesAreReadAndMerged()
    {
        database.Execute(ChangingDdl);
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        Assert.Equal("2024-01-10 00:00:00+00", lake.State.Songs!.Origin!.Watermark);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);

        // What did not say that it changed is not seen; what is new, changed, or says nothing, is. Ten is behind nine.
        database.Execute(
            """
            UPDATE songs SET duration_ms = 1 WHERE id = 2;
            UPDATE songs SET duration_ms = 77, changed = '2024-02-01' WHERE id IN (9, 10);
            UPDATE songs SET duration_ms = 78, changed = NULL WHERE id = 11;
            INSERT INTO songs VALUES (0, 'track0', 'A', 'Zero', 1, 5, 'rock', '2024-02-01'), (-5, 'track-5', 'A', 'Minus', 1, 5, 'rock', '2024-02-01'),
                (100, 'track100', 'A', 'Hundred', 1, 5, 'rock', '2024-02-01');
            UPDATE users SET user_country = 'IT', changed = '2024-02-01' WHERE user_id = '10'
            """
        );
        var asked = new List<long>();
        var record = Run(asked);
        Assert.Empty(record.Errors);
        Assert.Equal(7 + 2, asked[^1]); // With those of the last hour before.
        Assert.Equal((2, 2), (record.Songs!.Version, record.Users!.Version));
        Assert.Equal("2024-02-01 00:00:00+00", lake.State.Songs!.Origin!.Watermark);
        Assert.Equal(
            2,
            lake.Lake.List(LakePaths.Catalogue).Count(file => file.Path.EndsWith(".rows.csv", StringComparison.Ordinal))
        );

        // The same as all rows give, but for the one that did not say so.
        var merged = lake.State;
        database.Execute("UPDATE songs SET duration_ms = 2000 WHERE id = 2");
        using var other = new TestLake { Source = lake.Source };
        Assert.Empty(other.Run().Errors);
        Assert.Equal(other.State.Songs!.Origin!.Hash, merged.Songs!.Origin!.Hash);
        Assert.Equal(other.State.Users!.Origin!.Hash, merged.Users!.Origin!.Hash);
        Assert.Equal(other.State.Songs.Count, merged.Songs.Count);
    }

    [Fact]
    public void RandomChangesMergeToWhatAllRowsGive()
    {
        RandomRounds.Run(
            rounds: 3,
            random =>
            {
                database.Execute($"DROP TABLE IF EXISTS songs, users; {ChangingDdl}");
                database.Execute("ALTER TABLE songs DROP CONSTRAINT songs_pkey, ADD PRIMARY KEY (track_id, id)");
                using var merging = new TestLake { Source = database.Catalogue(ChangingSongs, ChangingUsers) };
                Assert.Empty(merging.Run().Errors);
                for (var round = 1; round <= 4; round++)
                {
                    for (var change = random.Next(0, 8); change > 0; change--)
                    {
                        var (id, at) = (random.Next(-5, 40), $"timestamptz '2024-02-01' + interval '{round} days'");
                        var track = "tä \"x\", ,é🎵aZ_-"
                            .Substring(random.Next(0, 9), 3)
                            .Replace('\ud83c', 'x')
                            .Replace('\udfb5', 'y');
                        database.Execute(
                            $"""
                            INSERT INTO songs VALUES ({id}, '{track}', 'A', 'N', 1, {random.Next(1, 9)}, 'rock', {at})
                                ON CONFLICT (track_id, id) DO UPDATE SET duration_ms = excluded.duration_ms, changed = excluded.changed;
                            INSERT INTO users VALUES ('{id}', 'country {random.Next(3)}', {at})
                                ON CONFLICT (user_id) DO UPDATE SET user_country = excluded.user_country, changed = excluded.changed
                            """
                        );
                    }

                    Assert.Empty(merging.Run().Errors);
                    using var all = new TestLake { Source = merging.Source };
                    Assert.Empty(all.Run().Errors);
                    Assert.Equal(all.State.Songs!.Origin!.Hash, merging.State.Songs!.Origin!.Hash);
                    Assert.Equal(all.State.Users!.Origin!.Hash, merging.State.Users!.Origin!.Hash);
                    Assert.Equal(all.State.Songs.Origin.Watermark, merging.State.Songs.Origin.Watermark);
                }
            }
        );
    }

    [Fact]
    public void ChangesWithTheSameInstantAndThoseThatCommitLateAreNotMissed()
    {
        database.Execute(ChangingDdl);
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        using var slow = database.OpenAsOwner();
        using var late = slow.BeginTransaction();
        Execute(slow, "UPDATE songs SET duration_ms = 5, changed = '2024-02-01 11:30' WHERE id = 1");
        database.Execute("UPDATE songs SET duration_ms = 6, changed = '2024-02-01 12:00' WHERE id = 2");
        Assert.Equal(2, lake.Run().Songs!.Version);
        late.Commit();
        database.Execute("UPDATE songs SET duration_ms = 7, changed = '2024-02-01 12:00' WHERE id = 3");
        Assert.Equal(3, lake.Run().Songs!.Version);
        using var all = new TestLake { Source = lake.Source };
        Assert.Empty(all.Run().Errors);
        Assert.Equal(all.State.Songs!.Origin!.Hash, lake.State.Songs!.Origin!.Hash);
        Assert.Equal("2024-02-01 12:00:00+00", lake.State.Songs.Origin.Watermark);
    }

    [Fact]
    public void AChangeThatClaimsToComeFromTheFutureHidesNoOther()
    {
        database.Execute(ChangingDdl);
        database.Execute("UPDATE songs SET changed = '2999-01-01' WHERE id = 1");
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        database.Execute("UPDATE songs SET duration_ms = 6, changed = now() WHERE id = 2");
        Assert.Equal(2, lake.Run().Songs!.Version);
    }

    [Fact]
    public void RowsThatWereDeletedGoWhenAllAreRead()
    {
        database.Execute(ChangingDdl);
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        database.Execute("DELETE FROM songs WHERE id > 15");
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
        Assert.Equal(20, lake.State.Songs!.Count);
        Assert.Empty(lake.Run(request: new() { FullCatalogue = true }).Errors);
        Assert.Equal(15, lake.State.Songs!.Count);

        // After a day nobody has to ask.
        database.Execute("DELETE FROM songs WHERE id > 10");
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
        var tomorrow = new Tomorrow();
        new Reconciliation(lake.Lake, new(), tomorrow, NullLogger.Instance, null, null, lake.Source).Run();
        Assert.Equal(10, lake.State.Songs!.Count);
    }

    [Fact]
    public void TheWatermarkMovesOnlyWithTheRowsWhereverTheRunDies()
    {
        for (var dies = 1; ; dies++)
        {
            database.Execute($"DROP TABLE IF EXISTS songs, users; {ChangingDdl}");
            using var dying = new TestLake { Source = database.Catalogue(ChangingSongs, ChangingUsers) };
            Assert.Empty(dying.Run().Errors);
            database.Execute("UPDATE songs SET duration_ms = 6, changed = '2024-02-01' WHERE id = 2");
            var faulty = new FaultyLake(dying.Lake, dies, afterwards: dies % 2 == 0);
            try
            {
                dying.Run(new() { Workers = 1 }, through: faulty);
            }
            catch (FaultyLake.DeadException)
            {
                // As wanted.
            }

            BuryProcess(dying);
            var record = dying.Run();
            Assert.Empty(record.Errors);
            using var all = new TestLake { Source = dying.Source };
            Assert.Empty(all.Run().Errors);
            Assert.Equal(all.State.Songs!.Origin!.Hash, dying.State.Songs!.Origin!.Hash);
            Assert.Equal("2024-02-01 00:00:00+00", dying.State.Songs.Origin.Watermark);
            Assert.Equal(2, dying.State.Songs.Version);
            Assert.NotNull(dying.Lake.Find(dying.State.Songs.Origin.Path!));
            if (!faulty.IsDead)
            {
                break;
            }
        }
    }

    [Fact]
    public void AnotherQuestionMakesAllRowsBeRead()
    {
        database.Execute(ChangingDdl);
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        lake.Source = database.Catalogue(
            ChangingSongs with
            {
                Columns = PostgresCatalogueTable.ParseColumns("duration_ms=duration_ms * 2")!,
            },
            ChangingUsers
        );
        var asked = new List<long>();
        Assert.Equal(2, Run(asked).Songs!.Version);
        Assert.Equal(20 + 1, asked[^1]); // All songs, and users of the last hour before.
    }

    [Theory]
    [InlineData("songs")]
    [InlineData("users")]
    public void AnEmptyTableEndsTheRunAndNothingLandedIsTouched(string empty)
    {
        Fill(SongsDdl, UsersDdl);
        lake.Source = database.Catalogue();
        Assert.Empty(lake.Run().Errors);
        database.Execute($"DELETE FROM {empty}");
        lake.LandStreams("streams.csv", $"{TestListens.Header}\n1,one,2024-06-25 10:00:00,,\n");
        var version = lake.State.Version;
        var record = lake.Run();
        Assert.Equal(RunOutcome.NothingToDo, record.Outcome);
        Assert.Contains($"has no {empty}", record.WhyNothing, StringComparison.Ordinal);
        Assert.Contains($"has no {empty}", Saved(record), StringComparison.Ordinal);
        Assert.Equal(version, lake.State.Version);
        Assert.Single(lake.Lake.List(LakePaths.Streams));
    }

    [Fact]
    public void AnEmptyTableIsToldFromOneWithoutChanges()
    {
        database.Execute(ChangingDdl);
        lake.Source = database.Catalogue(ChangingSongs, ChangingUsers);
        Assert.Empty(lake.Run().Errors);
        database.Execute("UPDATE users SET changed = '2023-01-01'");
        var record = lake.Run();
        Assert.Equal((RunOutcome.NothingToDo, (string?)null), (record.Outcome, record.WhyNothing));
        database.Execute("DELETE FROM users");
        Assert.NotNull(lake.Run().WhyNothing);
    }

    [Fact]
    public void AnUnreachableDatabaseFailsTheRunOrTheLastSnapshotDoes()
    {
        Fill(SongsDdl, UsersDdl);
        lake.LandStreams("streams.csv", $"{TestListens.Header}\n1,one,2024-06-25 10:00:00,,\n");
        var url = string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql://reader@127.0.0.1:{TestServer.FreePort()}/music"
        );
        var away = database.Catalogue(connection: database.Connection(url));

        // Without a snapshot nothing can stand in for it.
        lake.Source = away;
        var record = lake.Run(new() { CatalogueFallback = true });
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Contains("no connection", Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Single(lake.Lake.List(LakePaths.Streams));
        Assert.Equal(0, lake.State.Version);

        lake.Source = database.Catalogue();
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        lake.LandStreams("more.csv", $"{TestListens.Header}\n1,two,2024-06-26 10:00:00,,\n");
        lake.Source = away;
        var version = lake.State.Version;
        Assert.Equal(RunOutcome.Failed, lake.Run().Outcome);
        Assert.Equal(version, lake.State.Version);
        Assert.Single(lake.Lake.List(LakePaths.Streams));

        record = lake.Run(new() { CatalogueFallback = true });
        Assert.Equal(RunOutcome.Done, record.Outcome);
        Assert.Contains("last snapshot", record.Fallback, StringComparison.Ordinal);
        Assert.Single(record.Dates);
        record = lake.Run(new() { CatalogueFallback = true });
        Assert.Equal(RunOutcome.NothingToDo, record.Outcome);
        Assert.Contains("last snapshot", Saved(record), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatPassesIsTriedAgain()
    {
        Fill(SongsDdl, UsersDdl);
        var cuts = 0;
        lake.Source = new PostgresCatalogue(new() { Connection = database.Connection() }, NullLogger.Instance)
        {
            BetweenTables = () =>
            {
                if (cuts++ == 0)
                {
                    database.Ask<bool>(
                        "SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'reader' AND datname = current_database()"
                    );
                }
            },
        };
        Assert.Empty(lake.Run().Errors);
        Assert.Equal(2, cuts);
        Assert.Equal((2, 2), (lake.State.Songs!.Count, lake.State.Users!.Count));
    }

    [Fact]
    public void AWrongPasswordIsSaidAndNeverRepeated()
    {
        Fill(SongsDdl, UsersDdl);
        Environment.SetEnvironmentVariable("DOWNBEAT_WRONG_PASSWORD", "hunter2");
        lake.Source = database.Catalogue(connection: database.Connection() with { Name = "wrong" });
        var error = Assert.Single(lake.Run(new() { CatalogueFallback = true }).Errors);
        Assert.Contains("refuses the password of reader", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "hunter2",
            string.Concat(
                lake.Lake.List("runs").Select(file => File.ReadAllText(Path.Combine(lake.Folder, file.Path)))
            ),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void WhatIsMissingIsNamedWithWhatIsNear()
    {
        database.Execute(
            """
            CREATE TABLE tracks (id text PRIMARY KEY, artists text, title text, popularity int, duration_ms int, genre text);
            INSERT INTO tracks VALUES ('one', 'A', 'One', 1, 1000, 'rock');
            CREATE TABLE nokey AS SELECT id AS track_id, artists, title AS track_name, popularity, duration_ms, genre AS track_genre FROM tracks;
            INSERT INTO nokey SELECT * FROM nokey;
            CREATE TABLE priced AS SELECT DISTINCT *, 1.5::numeric AS price, now() AS changed FROM nokey
            """
        );
        database.Execute($"{UsersDdl}; INSERT INTO users VALUES (1, 'DE')");
        string Fails(PostgresCatalogueTable songs)
        {
            lake.Source = database.Catalogue(songs);
            return Assert.Single(lake.Run().Errors);
        }

        static PostgresCatalogueTable Tracks(string columns) =>
            new() { Table = "tracks", Columns = PostgresCatalogueTable.ParseColumns(columns)! };

        void Says(string expected, PostgresCatalogueTable songs) =>
            Assert.Contains(expected, Fails(songs), StringComparison.Ordinal);

        Says("there is no table songs; the nearest are", new() { Table = "songs" });
        Says("the table tracks has no column track_id; the nearest are", new() { Table = "tracks" });
        Says("the table tracks has no column track_genre; the nearest are genre", new() { Table = "tracks" });
        Says("in songsColumns, like \"track_name=title\"", Tracks("track_id=id, track_genre=genre"));
        Says("has no column titel; the nearest are title", Tracks("track_id=id, track_genre=genre, track_name=titel"));
        Says("maps trackid, which is no column of songs", Tracks("trackid=id, track_genre=genre, track_name=title"));
        Says("SQLSTATE 42883", Tracks("track_id=id, track_genre=genre, track_name=nofunction(title)"));
        Says("has no primary key", new() { Table = "nokey" });
        Says("does not tell all rows apart", new() { Table = "nokey", Key = ["track_id"] });
        Says("songsKey names trackid", new() { Table = "nokey", Key = ["trackid"] });
        Says(
            "which is bigint, and a timestamp is expected",
            new()
            {
                Table = "users",
                Columns = PostgresCatalogueTable.ParseColumns(
                    "track_id='x', artists='x', track_name='x', popularity=1, duration_ms=1, track_genre='x'"
                )!,
                UpdatedAt = "user_id",
            }
        );
        Says(
            "price is numeric",
            new()
            {
                Table = "priced",
                Key = ["price"],
                UpdatedAt = "changed",
            }
        );
        database.Execute("REVOKE SELECT ON tracks FROM reader");
        using var owner = database.OpenAsOwner();
        Execute(owner, "REVOKE SELECT ON tracks FROM reader");
        Says(
            "lacks a right: permission denied for table tracks",
            Tracks("track_id=id, track_genre=genre, track_name=title")
        );
    }

    [Fact]
    public void SelectOnTheColumnsThatAreReadIsEnough()
    {
        Fill(SongsDdl, UsersDdl);
        using var owner = database.OpenAsOwner();
        Execute(
            owner,
            """
            REVOKE ALL ON songs, users FROM reader;
            GRANT SELECT (track_id, artists, track_name, popularity, duration_ms, track_genre) ON songs TO reader;
            GRANT SELECT (user_id, user_country) ON users TO reader
            """
        );
        lake.Source = database.Catalogue();
        Assert.All(lake.Source.Check(TestContext.Current.CancellationToken), finding => Assert.Null(finding.Problem));
        Assert.Empty(lake.Run().Errors);
    }

    [Fact]
    public void TheDatabaseIsNotWrittenTo()
    {
        Fill(SongsDdl, UsersDdl);
        database.Execute(
            "CREATE FUNCTION writes() RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER AS $$ INSERT INTO users VALUES (99, 'XX') RETURNING 'x' $$"
        );
        lake.Source = database.Catalogue(
            new() { Table = "songs", Columns = PostgresCatalogueTable.ParseColumns("artists=writes()")! }
        );
        Assert.Contains("INSERT", Assert.Single(lake.Run().Errors), StringComparison.Ordinal);
        Assert.Equal(2, database.Ask<long>("SELECT count(*) FROM users"));
    }

    [Fact]
    public void CheckSaysWhatDoesNotWork()
    {
        Fill(SongsDdl, UsersDdl);
        var works = database.Catalogue();
        Assert.Equal(
            ["connect", "read songs", "read users"],
            works.Check(TestContext.Current.CancellationToken).Select(finding => finding.What)
        );
        var findings = database
            .Catalogue(users: new() { Table = "people" })
            .Check(TestContext.Current.CancellationToken);
        Assert.Equal(3, findings.Count);
        Assert.Contains("there is no table people", findings[2].Problem, StringComparison.Ordinal);
        Assert.Equal("read users", findings[2].What);
    }

    /// <summary>Two songs and two users.</summary>
    void Fill(string songs, string users)
    {
        database.Execute($"{songs}; {users}");
        database.Execute(
            """
            INSERT INTO songs VALUES ('one', 'A;B', 'Album', 'One', '5', '1000', 'rock'), ('two', 'A;B', 'Album', 'Two', '5', '2000', 'rock');
            INSERT INTO users VALUES (1, 'DE'), (2, 'FR')
            """
        );
    }

    /// <summary>The lease names this process, which lives on: let it name one that does not.</summary>
    static void BuryProcess(TestLake lake)
    {
        var lease = Path.Combine(lake.Folder, LakePaths.Lease);
        if (File.Exists(lease))
        {
            File.WriteAllText(
                lease,
                File.ReadAllText(lease)
                    .Replace(
                        string.Create(CultureInfo.InvariantCulture, $"\"processId\": {Environment.ProcessId}"),
                        "\"processId\": 2147483646",
                        StringComparison.Ordinal
                    )
            );
        }
    }

    string Saved(RunRecord record) => File.ReadAllText(Path.Combine(lake.Folder, LakePaths.Run(record.Id)));

    RunRecord Run(List<long> rows)
    {
        var said = new Said();
        var record = new Reconciliation(
            lake.Lake,
            new(),
            TimeProvider.System,
            NullLogger.Instance,
            said,
            null,
            lake.Source
        ).Run();
        rows.AddRange(
            said.All.Where(progress => progress is { Stage: "catalogue", Unit: "rows" })
                .Select(progress => progress.Total)
        );
        return record;
    }

    static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    sealed class Said : IProgress<RunProgress>
    {
        public System.Collections.Concurrent.ConcurrentQueue<RunProgress> All { get; } = [];

        public void Report(RunProgress value) => All.Enqueue(value);
    }

    sealed class Tomorrow : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddHours(25);
    }
}
