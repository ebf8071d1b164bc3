using System.Data.Common;
using Downbeat.Connectors.Redshift;
using Downbeat.Connectors.Sql;
using Downbeat.Connectors.Tests.Postgres;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Redshift;

/// <summary>Of Redshift itself they prove nothing: see <see cref="RedshiftStandIn"/>.</summary>
public sealed class RedshiftDestinationTests : SqlDestinationContract, IDisposable
{
    readonly RedshiftPlace place = new();
    readonly LinesLogger log = new();
    readonly List<IDisposable> disposables = [];

    protected override string Prefix => place.Prefix;

    protected override DbConnection OpenClient() => place.OpenClient();

    protected override IDestination Create() => Create(place.Options);

    protected override IDestination CreateThatDies(int afterSteps) =>
        new RedshiftDestination(place.Options, log) { BeforeStatement = Death.After(afterSteps) };

    public void Dispose()
    {
        disposables.ForEach(one => one.Dispose());
        place.Dispose();
        Assert.DoesNotContain(log.Lines, HoldsSecret);
    }

    RedshiftDestination Create(RedshiftOptions options) =>
        new(options, log, new Retries("redshift", SqlDestination.IsWorthARetry, log, new HurriedClock()));

    bool HoldsSecret(string text) =>
        text.Contains(place.Secret, StringComparison.Ordinal)
        || text.Contains(PostgresPlace.Password, StringComparison.Ordinal);

    DestinationException Fails(Action work)
    {
        var error = Assert.Throws<DestinationException>(work);
        Assert.False(HoldsSecret(error.ToString()), "A secret is told.");
        return error;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AConnectionThatIsCutBetweenAnyTwoMessagesLeavesTheDateAsItWasOrAsItShallBe(bool loseAnswer) =>
        DieAtEveryStep(steps =>
        {
            var proxy = new CuttingProxy(place.StandIn.Port, steps * 3, loseAnswer);
            disposables.Add(proxy);
            return new RedshiftDestination(
                place.Options with
                {
                    Address = RedshiftPlace.Address(proxy.Port),
                },
                log,
                retries: null
            );
        });

    [Fact]
    public void FilesAreRemovedAfterwardsAndLeftWhereThatFailed()
    {
        Publish(Tables(1));
        Assert.Empty(place.Files());
        using (var destination = Create())
        {
            Assert.All(destination.Check(Lake), finding => Assert.Null(finding.Problem));
        }

        Assert.Empty(place.Files());
        using (var dying = CreateThatDies(30))
        {
            dying.Prepare(new(Lake));
            Fails(() => dying.Publish([Tables(2)]));
        }

        Assert.Equal(2 * KpiTables.Published.Count, place.Files().Count);
        Assert.All(
            place.Files(),
            file => Assert.StartsWith("a prefix+%/redshift/2024-06-25-", file, StringComparison.Ordinal)
        );
        Publish(Tables(3));
        Assert.Equal(2 * KpiTables.Published.Count, place.Files().Count);
    }

    [Fact]
    public void TheRoleReadsTheFilesIfThereIsOne()
    {
        using var destination = Create(place.Options with { IamRole = RedshiftStandIn.Role });
        var tables = Tables(1);
        destination.Prepare(new(Lake));
        destination.Publish([tables]);
        AssertHolds(tables);
        Assert.Contains(
            place.StandIn.Statements,
            sql => sql.Contains($"IAM_ROLE '{RedshiftStandIn.Role}'", StringComparison.Ordinal)
        );

        using var wrong = Create(place.Options with { IamRole = "arn:aws:iam::1:role/another" });
        var error = Fails(() =>
        {
            wrong.Prepare(new(Lake));
            wrong.Publish([Tables(2)]);
        });
        Assert.Contains("redshiftIamRole", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
        AssertHolds(tables);
    }

    /// <summary>Redshift may read a backslash before a quote as part of the text, and what follows as a statement.</summary>
    [Fact]
    public void ABackslashInATextOfAStatementIsRefused()
    {
        using var destination = Create(place.Options with { IamRole = "arn\\'; DROP SCHEMA public; --" });
        destination.Prepare(new("lake"), TestContext.Current.CancellationToken);
        var error = Assert.Throws<DestinationException>(() =>
            destination.Publish(
                [TestTables.Of(new(2024, 6, 25), 1, new Random(1))],
                TestContext.Current.CancellationToken
            )
        );
        Assert.Contains("hold a backslash", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABucketThatIsNotThereIsNamed()
    {
        using var destination = Create(place.Options with { Staging = "s3://no-such-bucket/x" });
        var findings = destination.Check(Lake);
        Assert.Equal(["connect", "read", "write"], findings.Select(finding => finding.What));
        Assert.Contains("s3://no-such-bucket", findings[2].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatRepeatsTheStatementDoesNotTellItsKeys()
    {
        using var destination = Create();
        destination.Prepare(new(Lake));
        place.StandIn.RepeatsAndRefusesCopies = true;
        var error = Fails(() => destination.Publish([Tables(1)]));
        Assert.Contains("SECRET_ACCESS_KEY '…'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextsThatAreTooLongAreCutAtACharacterAndTold()
    {
        var start = string.Concat(Enumerable.Repeat("é", 33_000));
        var tables = Tables(1, genres: 3, names: [$"{start}1", $"{start}2", "a\0b"]);
        using var destination = Create();
        destination.Prepare(new(Lake));
        var warnings = destination.Publish([tables]);
        Assert.Contains(
            warnings,
            warning =>
                warning.Contains(
                    "genre_daily.track_genre has 66,001 bytes and was cut to 65,535",
                    StringComparison.Ordinal
                )
        );
        Assert.Contains(warnings, warning => warning.Contains("U+0000", StringComparison.Ordinal));
        Assert.Equal(3L, Ask($"SELECT count(DISTINCT track_genre) FROM {Prefix}genre_daily"));
        Assert.InRange((int)Ask($"SELECT max(octet_length(track_genre)) FROM {Prefix}genre_daily")!, 65_534, 65_535);
    }

    [Fact]
    public void UsersGroupsAndRolesThatAreNamedMayRead()
    {
        var user = $"user {Guid.NewGuid():N}";
        Execute($"CREATE ROLE \"{user}\"");
        using (var destination = Create(place.Options with { GrantSelectTo = [user, $"group {user}", "public"] }))
        {
            destination.Prepare(new(Lake));
        }

        Assert.Equal(true, Ask($"SELECT has_table_privilege('{user}', '{Prefix}daily', 'SELECT')"));
        Execute($"DROP OWNED BY \"{user}\"; DROP ROLE \"{user}\"");
        using var missing = Create(place.Options with { GrantSelectTo = ["nobody at all"] });
        Assert.Contains("nobody at all", Fails(() => missing.Prepare(new(Lake))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheStandInRefusesWhatRedshiftDoesNotHave()
    {
        foreach (
            var sql in (string[])
                [
                    "INSERT INTO daily (date) VALUES ('2024-01-01') ON CONFLICT DO NOTHING",
                    "CREATE INDEX ON daily (date)",
                    "CREATE TABLE t (names TEXT[])",
                    "CREATE TABLE t (name TEXT)",
                    "CREATE TEMPORARY TABLE t (n INTEGER) ON COMMIT DROP",
                    "LOCK TABLE daily IN SHARE ROW EXCLUSIVE MODE",
                    "COPY daily FROM STDIN (FORMAT BINARY)",
                    "SELECT 1 IS DISTINCT FROM 2",
                ]
        )
        {
            using var connection = new Downbeat.Connectors.Postgres.PostgresConnection(
                "redshift",
                place.Options.Address!
            )
            {
                Tls = Downbeat.Connectors.Postgres.PostgresTls.Off,
                IsRedshift = true,
            }.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            var error = Assert.Throws<Npgsql.PostgresException>(() => command.ExecuteNonQuery());
            Assert.Contains("Redshift does not have", error.MessageText, StringComparison.Ordinal);
        }
    }
}
