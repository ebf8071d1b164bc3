namespace Downbeat.Cli.Settings;

/// <summary>All settings there are. Flags, variables, the keys of files, help and checks are derived from this table.</summary>
static class KnownSettings
{
    /// <summary>The name of the setting that says which lake is meant.</summary>
    public const string Lake = "lake";

    /// <summary>What someone might take for a setting, but is fixed when a lake is made.</summary>
    public const string TimeZone = "timeZone";

    /// <summary>The settings, in the order in which people are shown them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Setting.Text(Lake, "a folder", "The lake's folder.", (settings, path) => settings with { Lake = path }),
        Setting.Whole(
            "likeWeight",
            0,
            1_000_000,
            "How much a like adds to the engagement of a listen.",
            run => run.Kpis.LikeWeight,
            (run, value) => run with { Kpis = run.Kpis with { LikeWeight = value } }
        ),
        Setting.Whole(
            "shareWeight",
            0,
            1_000_000,
            "How much a share adds to the engagement of a listen.",
            run => run.Kpis.ShareWeight,
            (run, value) => run with { Kpis = run.Kpis with { ShareWeight = value } }
        ),
        Setting.Whole(
            "topTracks",
            1,
            1000,
            "How many tracks of a genre have a rank.",
            run => run.Kpis.TopTracks,
            (run, value) => run with { Kpis = run.Kpis with { TopTracks = value } }
        ),
        Setting.Whole(
            "topGenres",
            1,
            1000,
            "How many genres of a date have a rank.",
            run => run.Kpis.TopGenres,
            (run, value) => run with { Kpis = run.Kpis with { TopGenres = value } }
        ),
        Setting.Whole(
            "topArtistsDaily",
            1,
            1000,
            "How many artists of a date have a rank.",
            run => run.Kpis.TopArtistsDaily,
            (run, value) => run with { Kpis = run.Kpis with { TopArtistsDaily = value } }
        ),
        Setting.Whole(
            "topArtistsHourly",
            1,
            1000,
            "How many artists of an hour have a rank.",
            run => run.Kpis.TopArtistsHourly,
            (run, value) => run with { Kpis = run.Kpis with { TopArtistsHourly = value } }
        ),
        Setting.Share(
            "maxRejectedShare",
            "A file with a larger share of rejected rows is quarantined whole.",
            run => run.MaxRejectedShare,
            (run, value) => run with { MaxRejectedShare = value }
        ),
        Setting.Whole(
            "settleSeconds",
            0,
            86_400,
            "How long a landed file must have been left alone before it is read, in seconds.",
            run => run.SettleSeconds,
            (run, value) => run with { SettleSeconds = value }
        ),
        Setting.Whole(
            "sortBufferMb",
            16,
            262_144,
            "How much memory sorting may take, in MiB; all workers share it.",
            run => run.SortBufferMb,
            (run, value) => run with { SortBufferMb = value }
        ),
        Setting.Whole(
            "workers",
            1,
            256,
            "How many threads work at once.",
            run => run.Workers,
            (run, value) => run with { Workers = value }
        ) with
        {
            Default = null, // As many as the machine has processors.
        },
        Setting.Whole(
            "leaseSeconds",
            5,
            3600,
            "How long a stalled run keeps others from running, in seconds.",
            run => run.LeaseSeconds,
            (run, value) => run with { LeaseSeconds = value }
        ),
        Setting.Switch(
            "sqlite",
            "Whether a lake in a folder keeps all tables in its warehouse.db too, for SQL.",
            settings => settings.Sqlite,
            (settings, value) => settings with { Sqlite = value }
        ),
        .. WarehouseSettings.Postgres,
        .. WarehouseSettings.Redshift,
        .. CatalogueSettings.All,
        .. KeyValueSettings.All,
    ];

    /// <summary>The setting of that name, if there is one.</summary>
    public static Setting? Find(string name) => All.FirstOrDefault(setting => setting.Name == name);
}
