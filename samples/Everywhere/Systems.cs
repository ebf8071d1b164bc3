using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.S3;
using Downbeat.Testing.Servers;
using Npgsql;
using StackExchange.Redis;

namespace Downbeat.Samples;

/// <summary>The servers, the places in them that this program uses, and clients of each that know nothing of Downbeat.</summary>
sealed class Systems : IDisposable
{
    public const string Bucket = "everywhere";
    public const string AppDatabase = "everywhere_app";
    public const string AnalyticsDatabase = "everywhere_analytics";
    public const string RedshiftDatabase = "everywhere_redshift";
    public const string Schema = "kpis";
    public const string GenreTable = "everywhere_genre_daily";
    public const string HourTable = "everywhere_hourly";
    public const string RedisPrefix = "downbeat:everywhere:";
    public const int RedisDatabase = 7;
    public const string OwnerPassword = "secret of postgres";
    public const string RedisPassword = "secret of redis";
    const string ReaderPassword = "secret of the reader";
    const string Region = "eu-west-1";

    /// <summary>The scripts of <c>tests/servers/</c>, and what each stands for.</summary>
    static readonly (string Name, string What)[] Scripts =
    [
        ("postgres", "PostgreSQL, for the app's songs and users and for results"),
        ("dynalite", "dynalite, which speaks as DynamoDB does"),
        ("redis", "Redis"),
        ("s3-radosgw", "S3, by Ceph's radosgw, which takes some 15 s"),
    ];

    readonly TestServer postgres = TestServer.Get("postgres");
    readonly TestServer dynalite = TestServer.Get("dynalite");
    readonly TestServer redis = TestServer.Get("redis");
    readonly RedshiftStandIn redshift;
    readonly BasicAWSCredentials credentials;

    Systems()
    {
        var s3 = TestServer.Get("s3-radosgw");
        S3Endpoint = s3.Words[0];
        credentials = new(s3.Words[1], s3.Words[2]);
        S3 = new(
            credentials,
            new AmazonS3Config
            {
                ServiceURL = S3Endpoint,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );
        DynamoDb = new(
            credentials,
            new AmazonDynamoDBConfig { ServiceURL = Url("http", dynalite.Port), AuthenticationRegion = Region }
        );
        Redis = ConnectionMultiplexer.Connect(
            new ConfigurationOptions
            {
                EndPoints = { { "127.0.0.1", redis.Port } },
                Password = RedisPassword,
                DefaultDatabase = RedisDatabase,
                SyncTimeout = 20_000,
            }
        );
        redshift = new(postgres.Port, S3Endpoint, credentials);
    }

    /// <summary>The names of the scripts.</summary>
    public static IReadOnlyList<string> Names => [.. Scripts.Select(script => script.Name)];

    /// <summary>Where the lake is.</summary>
    public static string Lake => $"s3://{Bucket}/lake";

    public string S3Endpoint { get; }

    public AmazonS3Client S3 { get; }

    public AmazonDynamoDBClient DynamoDb { get; }

    public ConnectionMultiplexer Redis { get; }

    /// <summary>Everything that Downbeat is told; passwords and keys come from the environment, as ever.</summary>
    public Dictionary<string, string> Variables =>
        new(StringComparer.Ordinal)
        {
            ["AWS_ACCESS_KEY_ID"] = credentials.GetCredentials().AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = credentials.GetCredentials().SecretKey,
            ["DOWNBEAT_LAKE"] = Lake,
            ["DOWNBEAT_S3_ENDPOINT"] = S3Endpoint,
            ["DOWNBEAT_CATALOGUE"] = $"{Url("postgresql", postgres.Port, "downbeat_reader")}/{AppDatabase}",
            ["DOWNBEAT_CATALOGUE_PASSWORD"] = ReaderPassword,
            ["DOWNBEAT_CATALOGUE_CA"] = postgres.File("root.crt"),
            ["DOWNBEAT_SONGS_TABLE"] = "app.tracks",
            ["DOWNBEAT_SONGS_COLUMNS"] =
                "track_id=song_key, track_name=title, artists=array_to_string(performers, ';'), duration_ms=length_ms, track_genre=genre",
            ["DOWNBEAT_USERS_TABLE"] = "app.accounts",
            ["DOWNBEAT_USERS_COLUMNS"] = "user_id=account_no, user_country=home",
            ["DOWNBEAT_POSTGRES"] = $"{Url("postgresql", postgres.Port, "postgres")}/{AnalyticsDatabase}",
            ["DOWNBEAT_POSTGRES_PASSWORD"] = OwnerPassword,
            ["DOWNBEAT_POSTGRES_CA"] = postgres.File("root.crt"),
            ["DOWNBEAT_POSTGRES_SCHEMA"] = Schema,
            ["DOWNBEAT_REDSHIFT"] = $"{Url("postgresql", redshift.Port, "postgres")}/{RedshiftDatabase}",
            ["DOWNBEAT_REDSHIFT_PASSWORD"] = OwnerPassword,
            ["DOWNBEAT_REDSHIFT_TLS"] = "off", // The stand-in is on this machine, and has none.
            ["DOWNBEAT_REDSHIFT_SCHEMA"] = Schema,
            ["DOWNBEAT_REDSHIFT_IAM_ROLE"] = RedshiftStandIn.Role,
            ["DOWNBEAT_DYNAMODB"] = Region,
            ["DOWNBEAT_DYNAMODB_ENDPOINT"] = Url("http", dynalite.Port),
            ["DOWNBEAT_DYNAMODB_GENRE_TABLE"] = GenreTable,
            ["DOWNBEAT_DYNAMODB_HOUR_TABLE"] = HourTable,
            ["DOWNBEAT_REDIS"] =
                $"{Url("redis", redis.Port, "app")}/{RedisDatabase.ToString(CultureInfo.InvariantCulture)}",
            ["DOWNBEAT_REDIS_PASSWORD"] = RedisPassword,
            ["DOWNBEAT_REDIS_PREFIX"] = RedisPrefix,
        };

    /// <summary>Starts what is not running yet, and says so.</summary>
    /// <exception cref="EverywhereException">One cannot be had here.</exception>
    public static Systems Start(Action<string, string> say)
    {
        foreach (var (name, what) in Scripts)
        {
            say("start", what);
            try
            {
                if (TestServer.Get(name).Missing is { } why)
                {
                    throw new EverywhereException($"a server cannot be had on this machine: {why}", 77);
                }
            }
            catch (InvalidOperationException error)
            {
                throw new EverywhereException($"a server did not start: {error.Message}");
            }
        }

        say("start", "a stand-in for Redshift, over PostgreSQL and S3");
        return new();
    }

    /// <summary>Makes the bucket, and loads songs and users as an app of its own mind keeps them.</summary>
    public void Fill(string songs, string users)
    {
        var bucket = S3.PutBucketAsync(Bucket); // The first one takes seconds.
        using (var server = Open("postgres"))
        {
            foreach (var database in (string[])[AppDatabase, AnalyticsDatabase, RedshiftDatabase])
            {
                Execute(server, $"CREATE DATABASE {database}");
            }

            Execute(server, $"CREATE ROLE downbeat_reader LOGIN PASSWORD '{ReaderPassword}'");
        }

        using var app = Open(AppDatabase);
        Execute(
            app,
            $"""
            CREATE TEMPORARY TABLE songs (line BIGINT GENERATED ALWAYS AS IDENTITY, {Columns(songs)});
            CREATE TEMPORARY TABLE users ({Columns(users)});
            """
        );
        Copy(app, "songs", songs);
        Copy(app, "users", users);
        Execute(
            app,
            """
            CREATE SCHEMA app;
            CREATE TABLE app.tracks (
                entry BIGINT PRIMARY KEY, song_key TEXT, title TEXT, performers TEXT[], popularity SMALLINT, length_ms INTEGER, genre TEXT
            );
            INSERT INTO app.tracks
                SELECT line, track_id, track_name, string_to_array(artists, ';'), popularity::SMALLINT, duration_ms::INTEGER, track_genre
                FROM songs;
            CREATE TABLE app.accounts (account_no BIGINT PRIMARY KEY, display_name TEXT, home TEXT);
            INSERT INTO app.accounts SELECT user_id::BIGINT, user_name, user_country FROM users;
            GRANT USAGE ON SCHEMA app TO downbeat_reader;
            GRANT SELECT ON app.tracks, app.accounts TO downbeat_reader;
            """
        );
        bucket.GetAwaiter().GetResult();
    }

    public void Upload(string file)
    {
        using var stream = File.OpenRead(file);
        S3.PutObjectAsync(
                new()
                {
                    BucketName = Bucket,
                    Key = $"lake/landing/streams/{Path.GetFileName(file)}",
                    InputStream = stream,
                }
            )
            .GetAwaiter()
            .GetResult();
    }

    /// <summary>A connection of the owner.</summary>
    public NpgsqlConnection Open(string database)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = postgres.Port,
                Username = "postgres",
                Password = OwnerPassword,
                Database = database,
                Pooling = false,
            }.ConnectionString
        );
        connection.Open();
        return connection;
    }

    /// <summary>Commands that show what the servers hold.</summary>
    public IEnumerable<string> WaysToLook()
    {
        var psql = $"PGPASSWORD='{OwnerPassword}' psql -h 127.0.0.1 -p {Text(postgres.Port)} -U postgres";
        yield return $"{psql} {AppDatabase} -c 'SELECT * FROM app.tracks LIMIT 5'";
        yield return $"{psql} {AnalyticsDatabase} -c 'SELECT date, listen_count, sessions FROM {Schema}.daily'";
        yield return $"{psql} {RedshiftDatabase} -c 'SELECT * FROM {Schema}.music_kpi_metrics LIMIT 5'";
        yield return $"REDISCLI_AUTH='{RedisPassword}' redis-cli -p {Text(redis.Port)} -n {Text(RedisDatabase)} hgetall {RedisPrefix}date:2024-06-25";
        var keys = credentials.GetCredentials();
        var aws = $"AWS_ACCESS_KEY_ID={keys.AccessKey} AWS_SECRET_ACCESS_KEY={keys.SecretKey} aws --region {Region}";
        yield return $"{aws} --endpoint-url {S3Endpoint} s3 ls --recursive {Lake}/";
        yield return $"{aws} --endpoint-url {Url("http", dynalite.Port)} dynamodb scan --table-name {HourTable}";
    }

    public void Dispose()
    {
        redshift.Dispose();
        Redis.Dispose();
        DynamoDb.Dispose();
        S3.Dispose();
    }

    static string Columns(string csv) =>
        string.Join(", ", Header(csv).Split(',').Select(column => $"\"{column}\" TEXT"));

    static string Header(string csv) => File.ReadLines(csv).First();

    static void Copy(NpgsqlConnection connection, string table, string csv)
    {
        var columns = string.Join(", ", Header(csv).Split(',').Select(column => $"\"{column}\""));
        using var import = connection.BeginTextImport($"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER)");
        using var text = File.OpenText(csv);
        var letters = new char[1 << 16];
        for (int read; (read = text.Read(letters)) > 0; )
        {
            import.Write(letters, 0, read);
        }
    }

    static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    static string Url(string scheme, int port, string? user = null) =>
        $"{scheme}://{(user is null ? "" : $"{user}@")}127.0.0.1:{Text(port)}";

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
