using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Sql;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Postgres;

public sealed class PostgresDestinationTests : SqlDestinationContract, IDisposable
{
    readonly PostgresPlace place = new();
    readonly LinesLogger log = new();
    readonly List<IDisposable> disposables = [];

    protected override string Prefix => place.Prefix;

    protected override DbConnection OpenClient() => place.OpenClient();

    protected override IDestination Create() => Create(place.Options);

    protected override IDestination CreateThatDies(int afterSteps) =>
        new PostgresDestination(place.Options, log) { BeforeStatement = Death.After(afterSteps) };

    public void Dispose()
    {
        disposables.ForEach(one => one.Dispose());
        place.Dispose();
        Assert.DoesNotContain(log.Lines, message => message.Contains(PostgresPlace.Password, StringComparison.Ordinal));
    }

    PostgresDestination Create(PostgresOptions options) =>
        new(options, new Retries("postgres", SqlDestination.IsWorthARetry, log, new HurriedClock()));

    PostgresDestination CreateThrough(int port, Retries? retries = null) =>
        new(place.Options with { Address = place.Address(port: port), Tls = PostgresTls.Off }, retries);

    /// <summary>A role that connects with the password of the tests.</summary>
    string Role(string rights = "")
    {
        var role = $"role {Guid.NewGuid():N}";
        Execute($"CREATE ROLE \"{role}\" LOGIN PASSWORD '{PostgresPlace.Password}' {rights}");
        disposables.Add(new Undo(() => Execute($"DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")));
        return role;
    }

    PostgresOptions As(string role) => place.Options with { Address = place.Address(Uri.EscapeDataString(role)) };

    [Fact]
    public void ASchemaAndARoleOfAnyNameAreOnlyNames()
    {
        Execute("CREATE TABLE IF NOT EXISTS public.untouched AS SELECT 1 AS one");
        string[] names =
        [
            "a\"; DROP TABLE public.untouched; --",
            "a'; DROP TABLE public.untouched; --",
            "a\\'; DROP TABLE public.untouched; --",
            "a$$; DROP TABLE public.untouched; $$",
            "/* a */ -- b",
            "@lake $1 :x ? {0} {schema}",
            "line\nfeed\ttab",
            "select",
            "PUBLIC \u202E 日本",
            new string('x', 63),
        ];
        foreach (var name in names)
        {
            var quoted = SqlDestination.Quote(name);
            Execute($"CREATE ROLE {quoted}");
            try
            {
                using var destination = Create(place.Options with { Schema = name, GrantSelectTo = [name] });
                destination.Prepare(new("lake"), TestContext.Current.CancellationToken);
                var tables = TestTables.Of(new(2024, 6, 25), 1, new Random(1), genres: names.Length, names: names);
                destination.Publish([tables], TestContext.Current.CancellationToken);
                Assert.Single(destination.Find("lake", TestContext.Current.CancellationToken));
                Assert.All(
                    destination.Check("lake", TestContext.Current.CancellationToken),
                    found => Assert.Null(found.Problem)
                );
            }
            finally
            {
                Execute($"DROP SCHEMA IF EXISTS {quoted} CASCADE; DROP ROLE {quoted}");
            }
        }

        Execute("SELECT one FROM public.untouched");
        TestReport.Set("security", ("names of schemas and roles tried on PostgreSQL", names.Length));
    }

    static DestinationException Fails(Action work)
    {
        var error = Assert.Throws<DestinationException>(work);
        Assert.DoesNotContain(PostgresPlace.Password, error.ToString(), StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(error.Message);
        return error;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AConnectionThatIsCutBetweenAnyTwoMessagesLeavesTheDateAsItWasOrAsItShallBe(bool loseAnswer) =>
        DieAtEveryStep(steps =>
        {
            var proxy = new CuttingProxy(place.Server.Port, steps, loseAnswer);
            disposables.Add(proxy);
            return CreateThrough(proxy.Port);
        });

    [Fact]
    public void AConnectionThatIsCutOnceIsMadeUpForAtOnce()
    {
        Publish(Tables(1));
        for (var messages = 10; messages < 400; messages += 43)
        {
            using var proxy = new CuttingProxy(
                place.Server.Port,
                messages,
                loseAnswer: messages % 2 == 0,
                connections: 1
            );
            using var destination = CreateThrough(
                proxy.Port,
                new("postgres", SqlDestination.IsWorthARetry, log, new HurriedClock())
            );
            var tables = Tables(messages);
            destination.Prepare(new(Lake));
            destination.Publish([tables]);
            AssertHolds(tables);
        }

        Assert.Contains(log.Lines, message => message.Contains("the connection was lost", StringComparison.Ordinal));
    }

    [Fact]
    public void AServerThatIsNotThereIsSoonLeftToTheWatchThatTriesItAgain()
    {
        var options = place.Options with { Address = place.Address(port: TestServer.FreePort()) };
        using var destination = new PostgresDestination(options, log, isWatched: true);
        Fails(() => destination.Find(Lake));
        Assert.Equal(2, log.Lines.Count);
    }

    [Fact]
    public void AServerThatIsNotThereIsTriedAgainAndNotForEver()
    {
        using var destination = Create(place.Options with { Address = place.Address(port: TestServer.FreePort()) });
        var error = Fails(() => destination.Find(Lake));
        Assert.True(error.IsTransient);
        Assert.Contains("no connection", error.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Equal(6, log.Lines.Count);
        var finding = Assert.Single(destination.Check(Lake));
        Assert.Equal("connect", finding.What);
        Assert.Equal(6, log.Lines.Count);
    }

    [Fact]
    public void AWrongPasswordIsNotTriedAgain()
    {
        var role = Role();
        Execute($"ALTER ROLE \"{role}\" PASSWORD 'another'");
        using var destination = Create(As(role));
        var error = Fails(() => destination.Find(Lake));
        Assert.False(error.IsTransient);
        Assert.Contains("DOWNBEAT_POSTGRES_PASSWORD", error.Message, StringComparison.Ordinal);
        Assert.Contains(role, error.Message, StringComparison.Ordinal);
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void ADatabaseThatIsNotThereIsNamed()
    {
        var address = PostgresAddress.Parse(
            string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{place.Server.Port}/no%20such"),
            "postgres"
        );
        using var destination = Create(place.Options with { Address = address });
        Assert.Contains("no database no such", Fails(() => destination.Find(Lake)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheConnectionIsEncryptedUnlessSomeoneSaysOtherwise()
    {
        bool IsEncrypted(PostgresTls? tls, string? ca = null)
        {
            using var connection = new PostgresConnection("postgres", place.Address()) { Tls = tls, Ca = ca }.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            return (bool)command.ExecuteScalar()!;
        }

        Assert.True(IsEncrypted(null));
        Assert.True(IsEncrypted(PostgresTls.Require));
        Assert.True(IsEncrypted(null, place.Server.File("root.crt")));
        Assert.False(IsEncrypted(PostgresTls.Off));
    }

    [Fact]
    public void AServerThatDoesNotEncryptIsRefused()
    {
        using var proxy = new PostgresProxy(place.Server.Port);
        using var destination = Create(place.Options with { Address = place.Address(port: proxy.Port) });
        var error = Fails(() => destination.Find(Lake));
        Assert.False(error.IsTransient);
        Assert.Contains("postgresTls", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AServerThatTheGivenAuthorityDidNotSignIsRefused()
    {
        using var key = RSA.Create(2048);
        using var other = new CertificateRequest(
            "CN=Somebody else",
            key,
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1
        ).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var file = Path.GetTempFileName();
        disposables.Add(new Undo(() => File.Delete(file)));
        File.WriteAllText(file, other.ExportCertificatePem());
        using var wrong = Create(place.Options with { Ca = file });
        var error = Fails(() => wrong.Find(Lake));
        Assert.False(error.IsTransient);
        Assert.Contains("postgresCa", error.Message, StringComparison.Ordinal);

        File.WriteAllText(file, "no certificate");
        using var none = Create(place.Options with { Ca = file });
        Assert.Contains("holds no certificate", Fails(() => none.Find(Lake)).Message, StringComparison.Ordinal);
        using var missing = Create(place.Options with { Ca = "/no/such/file" });
        Assert.Contains("/no/such/file", Fails(() => missing.Find(Lake)).Message, StringComparison.Ordinal);

        // Nobody has signed the server's certificate whom this machine trusts.
        using var unknown = Create(place.Options with { Tls = PostgresTls.VerifyFull });
        Assert.False(Fails(() => unknown.Find(Lake)).IsTransient);
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void ARoleThatMayOnlyReadIsToldWhatItLacks()
    {
        var role = Role();
        var tables = Tables(1);
        Publish(tables);
        Execute(
            $"GRANT USAGE ON SCHEMA {place.Schema} TO \"{role}\"; GRANT SELECT ON ALL TABLES IN SCHEMA {place.Schema} TO \"{role}\""
        );
        using var destination = Create(As(role));
        Assert.Single(destination.Find(Lake));
        var error = Fails(() => destination.Prepare(new(Lake)));
        Assert.False(error.IsTransient);
        Assert.Contains(
            "lacks a right: permission denied for table downbeat_lake",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(["connect", "read", "write"], destination.Check(Lake).Select(finding => finding.What));
        Assert.Contains("permission denied", destination.Check(Lake)[2].Problem, StringComparison.Ordinal);
        AssertHolds(tables);
    }

    [Fact]
    public void ARoleThatMayNotMakeASchemaIsToldSo()
    {
        using var destination = Create(As(Role()));
        Assert.Empty(destination.Find(Lake));
        Assert.Contains(
            "lacks a right: permission denied for",
            Fails(() => destination.Prepare(new(Lake))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void TheRightsInTheDocumentationAreEnough()
    {
        // Tables made by somebody else, from the file as it stands.
        Execute(
            File.ReadAllText(Path.Combine(Repository.Folder, "sql", "postgres.sql"))
                .Replace("{schema}", place.Schema, StringComparison.Ordinal)
        );
        var loader = Role();
        var reader = Role();
        Execute(
            Documentation
                .Sql("loader of PostgreSQL")
                .Replace("CREATE ROLE loader LOGIN;", "", StringComparison.Ordinal)
                .Replace("analytics", "postgres", StringComparison.Ordinal)
                .Replace("downbeat", place.Schema, StringComparison.Ordinal)
                .Replace("loader", $"\"{loader}\"", StringComparison.Ordinal)
        );
        using var destination = Create(As(loader));
        Assert.All(destination.Check(Lake), finding => Assert.Null(finding.Problem));
        destination.Prepare(new(Lake));
        var tables = Tables(1);
        destination.Publish([tables]);
        destination.Publish([Tables(2, genres: 2)]);
        destination.Publish([tables = Tables(3)]);
        AssertHolds(tables);

        // It is not the loader's to grant, and that is said.
        using var granting = Create(As(loader) with { GrantSelectTo = [reader] });
        Assert.Contains("GRANT USAGE", Fails(() => granting.Prepare(new(Lake))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RolesThatAreNamedMayRead()
    {
        var role = Role();
        var options = place.Options with { GrantSelectTo = [role] };
        using (var destination = Create(options))
        {
            destination.Prepare(new(Lake));
            destination.Prepare(new(Lake));
        }

        using (var client = new PostgresConnection("postgres", As(role).Address!).Open())
        using (var command = client.CreateCommand())
        {
            command.CommandText =
                $"SELECT count(*) FROM {Prefix}music_kpi_metrics, {Prefix}downbeat_published, {Prefix}daily";
            Assert.Equal(0L, command.ExecuteScalar());
        }

        using var missing = Create(options with { GrantSelectTo = ["no such \"role\""] });
        var error = Fails(() => missing.Prepare(new(Lake)));
        Assert.Contains("no role no such \"role\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatPostgresCannotHoldIsReplacedAndTold()
    {
        var start = new string('g', 5000);
        var tables = Tables(1, genres: 4, names: ["a\0b", "a\uFFFDb", $"{start}1é", $"{start}2é"]);
        using var destination = Create();
        destination.Prepare(new(Lake));
        var warnings = destination.Publish([tables]);
        Assert.Contains(
            warnings,
            warning => warning.Contains("genre_daily.track_genre holds U+0000", StringComparison.Ordinal)
        );
        Assert.Contains(
            warnings,
            warning => warning.Contains("genre_daily.track_genre has 5,003 bytes", StringComparison.Ordinal)
        );
        Assert.Equal(4L, Ask($"SELECT count(DISTINCT track_genre) FROM {Prefix}genre_daily"));
        Assert.Equal(2600, Ask($"SELECT max(octet_length(track_genre)) FROM {Prefix}genre_daily"));
        Assert.Equal(
            12L,
            Ask($"SELECT count(*) FROM {Prefix}genre_daily JOIN {Prefix}top_tracks USING (date, track_genre)")
        );
        Assert.Empty(destination.Publish([Tables(2)]));
    }

    [Fact]
    public void ARowThatIsAsItWasIsNotWritten()
    {
        var tables = Tables(1);
        Publish(tables);
        object? Written() => Ask($"SELECT string_agg(xmin::text, ',' ORDER BY track_genre) FROM {Prefix}genre_daily");
        var before = Written();
        Publish(tables with { Version = 2, Fingerprint = "another" });
        Assert.Equal(before, Written());
    }

    [Fact]
    public void EveryTableAndColumnIsExplained()
    {
        Publish(Tables(1));
        var bare = $"""
            SELECT string_agg(relname || coalesce('.' || attname, ''), ', ')
            FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
            WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{place.Options.Schema}')
                AND relkind = 'r' AND attname <> 'only_row'
                AND (col_description(pg_class.oid, attnum) IS NULL OR obj_description(pg_class.oid) IS NULL)
            """;
        Assert.Equal(DBNull.Value, Ask(bare));
    }

    [Fact]
    public void WhoeverWaitsForAnotherPublisherCanBeCancelled()
    {
        Publish(Tables(1));
        using var client = OpenClient();
        using var command = client.CreateCommand();
        command.CommandText = $"BEGIN; LOCK TABLE {Prefix}downbeat_lake IN SHARE ROW EXCLUSIVE MODE";
        command.ExecuteNonQuery();
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        using var destination = Create();
        Assert.ThrowsAny<OperationCanceledException>(() => destination.Prepare(new(Lake), cancel.Token));
    }

    [Fact]
    public void OtherEncodingsAreRefused()
    {
        var name = $"latin{Guid.NewGuid():N}";
        Execute($"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
        disposables.Add(new Undo(() => Execute($"DROP DATABASE {name} WITH (FORCE)")));
        var address = PostgresAddress.Parse(
            string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{place.Server.Port}/{name}"),
            "postgres"
        );
        using var destination = Create(place.Options with { Address = address });
        Assert.Contains("LATIN1", Fails(() => destination.Prepare(new(Lake))).Message, StringComparison.Ordinal);
    }

    sealed class Undo(Action work) : IDisposable
    {
        public void Dispose() => work();
    }
}
