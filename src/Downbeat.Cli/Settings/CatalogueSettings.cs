using System.Globalization;
using Downbeat.Connectors.Postgres;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>Where songs and users come from when that is a database.</summary>
sealed record CatalogueSettings
{
    const string Name = "catalogue";

    /// <summary>The database; null for the landing area.</summary>
    public string? Url { get; init; }

    /// <summary>How the connection is protected; null for what the authority makes of it.</summary>
    public PostgresTls? Tls { get; init; }

    /// <summary>Who signed the server's certificate.</summary>
    public string? Ca { get; init; }

    /// <summary>Where the songs are.</summary>
    public PostgresCatalogueTable Songs { get; init; } = new() { Table = "songs" };

    /// <summary>Where the users are.</summary>
    public PostgresCatalogueTable Users { get; init; } = new() { Table = "users" };

    /// <summary>From how long before the last change on changes are read again.</summary>
    public int OverlapMinutes { get; init; } = 60;

    /// <summary>The settings of this.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Text(
            Name,
            "an address like postgresql://reader@db.example.com/music",
            "The database that songs and users are read from, in place of landing/songs and landing/users.",
            (catalogue, url) => catalogue with { Url = url }
        ),
        Text(
            "catalogueTls",
            "require, verify-full or off",
            "How the connection to it is protected; verify-full where there is catalogueCa, else require.",
            (catalogue, text) =>
                text switch
                {
                    "require" => catalogue with { Tls = PostgresTls.Require },
                    "verify-full" => catalogue with { Tls = PostgresTls.VerifyFull },
                    "off" => catalogue with { Tls = PostgresTls.Off },
                    _ => null,
                }
        ),
        Text(
            "catalogueCa",
            "a file in PEM",
            "Who signed the database's certificate.",
            (catalogue, file) => catalogue with { Ca = file }
        ),
        .. Of("songs", catalogue => catalogue.Songs, (catalogue, songs) => catalogue with { Songs = songs }),
        .. Of("users", catalogue => catalogue.Users, (catalogue, users) => catalogue with { Users = users }),
        Text(
            "catalogueOverlapMinutes",
            "a whole number from 0 to 100,000",
            "From how long before the last change on changes are read again: longer than any transaction that makes them.",
            (catalogue, text) =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
                && minutes <= 100_000
                    ? catalogue with
                    {
                        OverlapMinutes = minutes,
                    }
                    : null
        ) with
        {
            Default = "60",
            Form = SettingForm.Number,
        },
        Setting.Whole(
            "catalogueFullHours",
            1,
            10_000,
            "After how many hours all rows are read again and not only changed ones: then deleted ones are missed.",
            run => run.CatalogueFullHours,
            (run, value) => run with { CatalogueFullHours = value }
        ) with
        {
            IsFlag = false,
        },
        Setting.Switch(
            "catalogueFallback",
            "Whether songs and users of the last snapshot are used when the database cannot be reached.",
            settings => settings.Run.CatalogueFallback,
            (settings, value) => settings with { Run = settings.Run with { CatalogueFallback = value } }
        ),
    ];

    /// <summary>Connects to nothing before it is used; null when no database is named.</summary>
    /// <exception cref="UsageException">That is no address.</exception>
    public PostgresCatalogue? Open(ILogger logger)
    {
        if (Url is null)
        {
            return null;
        }

        try
        {
            return new(
                new()
                {
                    Connection = new(Name, PostgresAddress.Parse(Url, Name)) { Tls = Tls, Ca = Ca },
                    Songs = Songs,
                    Users = Users,
                    OverlapMinutes = OverlapMinutes,
                },
                logger
            );
        }
        catch (FormatException error)
        {
            throw new UsageException($"{Name}: {error.Message}");
        }
    }

    static IEnumerable<Setting> Of(
        string what,
        Func<CatalogueSettings, PostgresCatalogueTable> get,
        Func<CatalogueSettings, PostgresCatalogueTable, CatalogueSettings> set
    ) =>
        [
            Text(
                $"{what}Table",
                $"a table or view like {what} or music.{what}",
                $"Where the {what} are in the database.",
                (catalogue, table) => set(catalogue, get(catalogue) with { Table = table })
            ) with
            {
                Default = what,
            },
            Text(
                $"{what}Query",
                "a SELECT",
                $"A query that says the {what}, in place of a table.",
                (catalogue, query) => set(catalogue, get(catalogue) with { Query = query })
            ),
            Text(
                $"{what}Columns",
                what == "songs"
                    ? "columns like track_id=id, track_name=title"
                    : "columns like user_id=id, user_country=country",
                $"Which column or expression of theirs each column of the {what} is; what is not named has the same name.",
                (catalogue, text) =>
                    PostgresCatalogueTable.ParseColumns(text) is { } columns
                        ? set(catalogue, get(catalogue) with { Columns = columns })
                        : null
            ),
            Text(
                $"{what}Key",
                "columns like id, or track_id, genre",
                $"Columns that no two rows of the {what} share, in whose order rows count; the primary key if not set.",
                (catalogue, text) =>
                    PostgresCatalogueTable.ParseKey(text) is { } key
                        ? set(catalogue, get(catalogue) with { Key = key })
                        : null
            ),
            Text(
                $"{what}UpdatedAt",
                "a column",
                $"The column that says when a row of the {what} last changed: then only changed rows are read.",
                (catalogue, column) => set(catalogue, get(catalogue) with { UpdatedAt = column })
            ),
        ];

    static Setting Text(
        string name,
        string allowed,
        string help,
        Func<CatalogueSettings, string, CatalogueSettings?> trySet
    ) =>
        Setting.Text(name, allowed, help, (settings, _) => settings) with
        {
            IsFlag = false,
            TrySet = (settings, text) =>
                text.Length > 0
                && !text.Contains('\0', StringComparison.Ordinal)
                && trySet(settings.Catalogue, text) is { } set
                    ? settings with
                    {
                        Catalogue = set,
                    }
                    : null,
        };
}
