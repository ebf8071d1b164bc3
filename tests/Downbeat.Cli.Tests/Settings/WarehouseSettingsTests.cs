using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Cli.Tests.Settings;

public sealed class WarehouseSettingsTests : IDisposable
{
    const string Secret = "never-to-be-seen";

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    LakeSettings Merge(string json, params (string Name, string Value)[] variables)
    {
        folder.Write("downbeat.json", json);
        return new SettingSources(
            null,
            folder.Path,
            variables.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal),
            []
        ).Merge();
    }

    [Fact]
    public void PostgresIsSetByFileAndVariables()
    {
        var settings = Merge(
            """
            {
              "postgres": "postgresql://some%20loader@db.example.com/analytics", "postgresSchema": "a \"b\"",
              "postgresGrantSelectTo": " x, y z ,", "postgresCa": "ca.pem", "postgresTls": "off"
            }
            """,
            ("DOWNBEAT_POSTGRES_TLS", "verify-full"),
            ("DOWNBEAT_POSTGRES_PASSWORD", Secret)
        ).Postgres;
        Assert.Equal(
            ("some loader", "db.example.com", 5432, "analytics"),
            (settings.Address!.User, settings.Address.Host, settings.Address.Port, settings.Address.Database)
        );
        Assert.Equal(("a \"b\"", "ca.pem", PostgresTls.VerifyFull), (settings.Schema, settings.Ca, settings.Tls));
        Assert.Equal(["x", "y z"], settings.GrantSelectTo);
        Assert.DoesNotContain(Secret, settings.ToString(), StringComparison.Ordinal);
        Assert.Null(Merge("{}").Postgres.Address);
    }

    [Fact]
    public void RedshiftIsSetByFileAndVariables()
    {
        var settings = Merge(
            """{ "redshift": "postgres://l@h/d", "redshiftSchema": "KPIs", "redshiftStaging": "s3://b/p/", "redshiftIamRole": "default" }""",
            ("DOWNBEAT_REDSHIFT_GRANT_SELECT_TO", "group a, b"),
            ("DOWNBEAT_REDSHIFT_PASSWORD", Secret)
        ).Redshift;
        Assert.Equal(5439, settings.Address!.Port);
        Assert.Equal(("kpis", "s3://b/p", "default"), (settings.Schema, settings.Staging, settings.IamRole));
        Assert.Equal(["group a", "b"], settings.GrantSelectTo);
    }

    [Theory]
    [InlineData($"postgresql://loader:{Secret}@h/d", "DOWNBEAT_POSTGRES_PASSWORD")]
    [InlineData($"postgresql://loader@h/d?password={Secret}", "what follows ?")]
    [InlineData($"host=h;password={Secret}", "no address")]
    [InlineData($"mysql://loader:{Secret}@h/d", "no address")]
    [InlineData($"postgresql://loader:{Secret}@h:port/d", "no address")]
    [InlineData("postgresql://loader@h", "no database")]
    [InlineData("postgresql://h/d", "no user")]
    public void AnAddressThatIsNoneIsRefusedAndNotRepeated(string url, string why)
    {
        foreach (
            var merge in (Action[])
                [() => Merge($"{{ \"postgres\": \"{url}\" }}"), () => Merge("{}", ("DOWNBEAT_POSTGRES", url))]
        )
        {
            var message = Assert.Single(Assert.Throws<UsageException>(merge).Messages);
            Assert.Contains(why, message, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, message, StringComparison.Ordinal);
        }

        var other = Assert.Throws<UsageException>(() => Merge($"{{ \"postgres\": [\"{url}\"] }}"));
        Assert.DoesNotContain(Secret, Assert.Single(other.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "postgresTls": "maybe" }""", "postgresTls")]
    [InlineData("""{ "redshiftStaging": "/folder" }""", "s3://BUCKET/PREFIX")]
    [InlineData("""{ "redshiftStaging": "s3://" }""", "s3://BUCKET/PREFIX")]
    public void OtherMistakesAreNamed(string json, string why) =>
        Assert.Contains(
            why,
            Assert.Single(Assert.Throws<UsageException>(() => Merge(json)).Messages),
            StringComparison.Ordinal
        );

    [Fact]
    public void DestinationsFollowFromSettings()
    {
        var lake = new FolderLake(folder.Path);
        string[] Names(string json)
        {
            var destinations = Destinations.Of(Merge(json), lake, NullLogger.Instance);
            return [.. destinations.Select(one => one.Name)];
        }

        Assert.Equal(["sqlite"], Names("{}"));
        Assert.Equal(
            ["sqlite", "postgres", "redshift"],
            Names("""{ "postgres": "postgres://l@h/d", "redshift": "postgres://l@h/d", "redshiftStaging": "s3://b" }""")
        );
        var error = Assert.Throws<UsageException>(() => Names("""{ "redshift": "postgres://l@h/d" }"""));
        Assert.Contains("redshiftStaging", error.Message, StringComparison.Ordinal);
    }
}
