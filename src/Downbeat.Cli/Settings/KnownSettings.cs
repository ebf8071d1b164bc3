using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Schedule;

namespace Downbeat.Cli.Settings;

/// <summary>All settings there are. Flags, variables, the keys of files, help and checks are derived from this table.</summary>
static class KnownSettings
{
    /// <summary>The name of the setting that says which lake is meant.</summary>
    public const string Lake = "lake";

    /// <summary>The names of the settings without which nothing can be read from S3.</summary>
    public const string S3Endpoint = "s3Endpoint";

    /// <inheritdoc cref="S3Endpoint"/>
    public const string S3Region = "s3Region";

    /// <summary>What someone might take for a setting, but is fixed when a lake is made.</summary>
    public const string TimeZone = "timeZone";

    /// <summary>The settings, in the order in which people are shown them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Setting.Text(
            Lake,
            "a folder, or s3://bucket/prefix",
            "The lake's folder, or its place in S3.",
            (settings, path) =>
                S3Place.IsMeant(path) && !S3Place.TryParse(path, out _) ? null : settings with { Lake = path }
        ) with
        {
            ValueName = "LAKE",
            WhenNotGiven = "the setting lake, else the current folder",
            IsOfLake = true,
        },
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
            "maxDatesPerFile",
            1,
            100_000,
            "A file whose listens are of more dates is quarantined whole.",
            run => run.MaxDatesPerFile,
            (run, value) => run with { MaxDatesPerFile = value }
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
            Default = null,
            WhenNotGiven = "as many as there are processors",
        },
        Setting.Whole(
            "leaseSeconds",
            5,
            3600,
            "How long a stalled run keeps others from running, in seconds.",
            run => run.LeaseSeconds,
            (run, value) => run with { LeaseSeconds = value }
        ),
        Keep(
            "keepArchiveDays",
            "raw files in the archive, since they were scanned; a damaged slice cannot be made again without",
            (keep, days) => keep with { ArchiveDays = days }
        ),
        Keep(
            "keepQuarantineDays",
            "quarantined files and rejected rows",
            (keep, days) => keep with { QuarantineDays = days }
        ),
        Keep(
            "keepRetractedDays",
            "retracted files, which can be taken back in until then",
            (keep, days) => keep with { RetractedDays = days }
        ),
        Keep("keepRunsDays", "records of runs", (keep, days) => keep with { RunsDays = days }),
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
        .. QualitySettings.All,
        .. AlertSettings.All,
        Setting.OfSystem(
            "reportAt",
            "times of cron like 0 6 * * *, or @daily",
            "When `downbeat watch` mails the report of the newest date that is over, by the clocks of the lake's zone.",
            (settings, text) =>
            {
                try
                {
                    Timetable.Cron(text, TimeZoneInfo.Utc);
                    return settings with { ReportAt = text };
                }
                catch (FormatException error)
                {
                    throw new FormatException(
                        $"it gives no times: {error.Message}. Write it like \"0 6 * * *\" or @daily.",
                        error
                    );
                }
            }
        ) with
        {
            WhenNotGiven = "never",
            Example = "\"0 6 * * *\"",
        },
        Elsewhere("landing", "landing", "where producers drop files"),
        Elsewhere("streams", LakePaths.Streams, "listens"),
        Elsewhere("songs", LakePaths.Songs, "songs"),
        Elsewhere("users", LakePaths.Users, "users"),
        Elsewhere("archive", "archive", "files that were taken in"),
        Setting.Text(
            S3Endpoint,
            "an address like https://minio.example:9000",
            "The server of a lake in S3 that is not AWS.",
            (settings, text) =>
                S3Options.IsEndpoint(text) ? settings with { S3 = settings.S3 with { Endpoint = text } } : null
        ) with
        {
            ValueName = "URL",
            WhenNotGiven = "AWS_ENDPOINT_URL, else AWS",
            IsOfLake = true,
            Example = "\"https://minio.example:9000\"",
        },
        Setting.Text(
            S3Region,
            "a region like eu-central-1",
            "The region of a lake in S3.",
            (settings, text) =>
                text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')
                    ? settings with
                    {
                        S3 = settings.S3 with { Region = text },
                    }
                    : null
        ) with
        {
            ValueName = "REGION",
            WhenNotGiven = "AWS_REGION, else that of the profile or the machine",
            IsOfLake = true,
            Example = "\"eu-central-1\"",
        },
        Setting.Text(
            "s3Encryption",
            "bucket, s3 or kms",
            "How objects in S3 are encrypted: as the bucket says, with keys of S3, or with a key of KMS.",
            (settings, text) =>
                Array.IndexOf(Encryptions, text) is >= 0 and var number
                    ? settings with
                    {
                        S3 = settings.S3 with { Encryption = (S3Encryption)number },
                    }
                    : null
        ) with
        {
            ValueName = "HOW",
            WhenNotGiven = "bucket",
            IsOfLake = true,
            Example = "\"s3\"",
        },
        Setting.Text(
            "s3KmsKey",
            "the id, alias or ARN of a key",
            "The key of KMS, where s3Encryption is kms.",
            (settings, text) => settings with { S3 = settings.S3 with { KmsKey = text } }
        ) with
        {
            ValueName = "KEY",
            WhenNotGiven = "that of the account",
            IsOfLake = true,
            Example = "\"alias/lake\"",
        },
    ];

    static string[] Encryptions => ["bucket", "s3", "kms"];

    /// <summary>How long something is kept that no date needs.</summary>
    static Setting Keep(string name, string what, Func<KeepOptions, int, KeepOptions> set) =>
        Setting.Whole(
            name,
            1,
            KeepOptions.MostDays,
            $"For how many days `downbeat sweep` keeps {what}.",
            _ => 0,
            (run, days) => run with { Keep = set(run.Keep, days) }
        ) with
        {
            Default = null,
            WhenNotGiven = "for ever",
            IsFlag = false,
            Example = "90",
        };

    /// <summary>A folder of a lake in S3 that lies elsewhere.</summary>
    static Setting Elsewhere(string name, string folder, string what) =>
        Setting.Text(
            name,
            "a place like s3://bucket/prefix",
            $"Where {folder}/ of a lake in S3 is ({what}), if not below the lake.",
            (settings, text) =>
                S3Place.TryParse(text, out var place)
                    ? settings with
                    {
                        S3 = settings.S3 with
                        {
                            Elsewhere = new Dictionary<string, S3Place>(settings.S3.Elsewhere, StringComparer.Ordinal)
                            {
                                [folder] = place,
                            },
                        },
                    }
                    : null
        ) with
        {
            ValueName = "PLACE",
            WhenNotGiven = "below the lake",
            IsOfLake = true,
            Example = $"\"s3://bucket/{name}\"",
        };

    /// <summary>The setting of that name, if there is one.</summary>
    public static Setting? Find(string name) => All.FirstOrDefault(setting => setting.Name == name);
}
