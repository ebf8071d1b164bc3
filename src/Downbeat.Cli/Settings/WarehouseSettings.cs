using Downbeat.Connectors.Postgres;

namespace Downbeat.Cli.Settings;

/// <summary>The settings of databases that hold all tables besides the lake.</summary>
static class WarehouseSettings
{
    /// <summary>Those of PostgreSQL.</summary>
    public static IReadOnlyList<Setting> Postgres { get; } =
    [
        Set(
            "postgres",
            "an address like postgresql://loader@db.example.com:5432/analytics",
            "A PostgreSQL database that holds all tables, too.",
            (postgres, text) => postgres with { Address = PostgresAddress.Parse(text, "postgres") }
        ),
        Set(
            "postgresSchema",
            "the name of a schema",
            "The schema there that holds the tables.",
            (postgres, text) => postgres with { Schema = text }
        ) with
        {
            Default = new PostgresOptions().Schema,
        },
        Set(
            "postgresCa",
            "a file",
            "The authority that signed the certificate of the PostgreSQL server (PEM); the server is verified then.",
            (postgres, text) => postgres with { Ca = text }
        ),
        Set(
            "postgresTls",
            TlsWords,
            "How the connection to PostgreSQL is protected. verify-full goes with postgresCa, require otherwise.",
            (postgres, text) => Tls(text) is { } tls ? postgres with { Tls = tls } : null
        ),
        Set(
            "postgresGrantSelectTo",
            "names of roles, with commas between them",
            "Roles of PostgreSQL that may read the tables.",
            (postgres, text) => postgres with { GrantSelectTo = Names(text) }
        ),
    ];

    const string TlsWords = "require, verify-full, or off for a server on this machine";

    static PostgresTls? Tls(string text) =>
        text switch
        {
            "require" => PostgresTls.Require,
            "verify-full" => PostgresTls.VerifyFull,
            "off" => PostgresTls.Off,
            _ => null,
        };

    static string[] Names(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    static Setting Set(string name, string allowed, string help, Func<PostgresOptions, string, PostgresOptions?> set) =>
        Setting.OfSystem(
            name,
            allowed,
            help,
            (settings, text) =>
                set(settings.Postgres, text) is { } postgres ? settings with { Postgres = postgres } : null
        );
}
