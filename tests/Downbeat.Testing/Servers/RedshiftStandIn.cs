using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.S3;

namespace Downbeat.Testing.Servers;

/// <summary>
/// Stands in for Redshift, which cannot run here: it passes everything to PostgreSQL, takes the clauses that only Redshift has,
/// counts VARCHAR in bytes, does not enforce keys, serves <c>COPY … FROM 's3://…'</c> by really reading the manifest and the
/// files with the rights that the statement gives, and refuses what Redshift does not have, by the lists in AWS' Database
/// Developer Guide ("Amazon Redshift SQL and PostgreSQL"). It proves nothing about Redshift itself.
/// </summary>
public sealed partial class RedshiftStandIn(int postgresPort, string s3Endpoint, AWSCredentials ofRole)
    : PostgresProxy(postgresPort)
{
    /// <summary>The only role by which it reads from S3.</summary>
    public const string Role = "arn:aws:iam::123456789012:role/reads-staged-files";

    readonly List<string> statements = [];

    /// <summary>Whether it takes no COPY, with an error that holds the whole statement, keys and all.</summary>
    public bool RepeatsAndRefusesCopies { get; set; }

    /// <summary>What it was told to do, without keys.</summary>
    public IReadOnlyList<string> Statements
    {
        get
        {
            lock (statements)
            {
                return [.. statements];
            }
        }
    }

    /// <summary>What there is not, and what it is called.</summary>
    static readonly (string Pattern, string What)[] Refused =
    [
        (@"\bON\s+CONFLICT\b", "INSERT … ON CONFLICT"),
        (@"\bCREATE\s+(UNIQUE\s+)?INDEX\b", "indexes"),
        (@"\bON\s+COMMIT\b", "ON COMMIT"),
        (@"\bLOCK\b.*\bMODE\b", "modes of LOCK"),
        (@"\bIS\s+(NOT\s+)?DISTINCT\s+FROM\b", "IS DISTINCT FROM"),
        (@"\bSTDIN\b", "COPY FROM STDIN"),
        (@"\bpg_(try_)?advisory", "advisory locks"),
        (
            @"\bhash\w*extended\b|\bto_regclass\b|\bgenerate_series\b|\bstring_agg\b|\barray_agg\b|\bunnest\b",
            "that function"
        ),
        (@"\bhas_\w+_privilege\b", "functions that inquire access privileges"),
        (@"\bARRAY\s*\[|\[\s*\]|\b(ANY|ALL)\s*\(\s*[@$]", "arrays"),
        (@"\bCOLLATE\s+""", "collations by name"),
        (@"\bCHECK\s*\(", "CHECK constraints"),
        (@"\b(SERIAL|BIGSERIAL|BYTEA|JSONB?|UUID|XML|MONEY|INET)\b", "that type"),
        (@"\bTEXT\b(?!\s*\()", "TEXT of any length: it is VARCHAR(256)"),
        (@"\bWITH\s+(NO\s+)?DATA\b", "CREATE TABLE AS … WITH NO DATA"),
        (@"\bRETURNING\b", "RETURNING"),
        (@"\bSAVEPOINT\b", "savepoints"),
        (@"\b(TRUNCATE|VACUUM)\b", "that within a transaction"),
        (@"\bWHEN\s+(NOT\s+)?MATCHED\s+AND\b", "conditions of WHEN MATCHED"),
        (@"\bFROM\s*\(\s*VALUES\b", "VALUES as a table"),
        (@"\bSELECT\s+FROM\b", "SELECT of no columns"),
        (@"\bTABLESPACE\b|\bINHERITS\b|\bPARTITION\s+BY\b\s*(RANGE|LIST)|\bTRIGGER\b|\bWITHOUT\s+ROWID\b", "that"),
    ];

    /// <inheritdoc/>
    protected override Conversation Begin(Stream client, Stream server) => new Translation(client, server, this);

    string Translate(string sql)
    {
        var bare = Quoted().Replace(sql, match => match.Value[0] == '\'' ? "''" : match.Value);
        foreach (var (pattern, what) in Refused)
        {
            if (Regex.IsMatch(bare, pattern, RegexOptions.IgnoreCase | RegexOptions.Singleline))
            {
                throw new NotSupportedException($"Redshift does not have {what}: {bare}");
            }
        }

        lock (statements)
        {
            statements.Add(bare);
        }

        if (!Ddl().IsMatch(sql))
        {
            // The stricter of its two ways to isolate transactions.
            return sql == "BEGIN" ? "BEGIN ISOLATION LEVEL SERIALIZABLE" : sql;
        }

        sql = OnlyRedshift().Replace(sql, "");
        sql = InformationalKey().Replace(sql, "");
        sql = Varchar().Replace(sql, "$1 TEXT COLLATE \"C\" CHECK (octet_length($1) <= $2)");
        sql = LikeTable().Replace(sql, "(LIKE $1 INCLUDING CONSTRAINTS)");
        return Sysdate().Replace(sql, "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')");
    }

    /// <summary>What a COPY from S3 loads: where to, what stands for NULL, and the rows.</summary>
    Load ReadCopy(string sql)
    {
        var copy = CopyFromS3().Match(sql);
        if (!copy.Success || RepeatsAndRefusesCopies)
        {
            throw new NotSupportedException(
                $"syntax error, or an option that nobody asked for: {(RepeatsAndRefusesCopies ? sql : Keys().Replace(sql, "$1 '…'"))}"
            );
        }

        lock (statements)
        {
            statements.Add(Keys().Replace(sql, "$1 '…'"));
        }

        AWSCredentials credentials;
        if (copy.Groups["role"].Success)
        {
            credentials =
                copy.Groups["role"].Value == Role
                    ? ofRole
                    : throw new InvalidOperationException(
                        $"User is not authorized to assume IAM Role {copy.Groups["role"].Value}."
                    );
        }
        else
        {
            credentials = copy.Groups["token"].Success
                ? new SessionAWSCredentials(
                    copy.Groups["key"].Value,
                    copy.Groups["secret"].Value,
                    copy.Groups["token"].Value
                )
                : new BasicAWSCredentials(copy.Groups["key"].Value, copy.Groups["secret"].Value);
        }

        using var s3 = new AmazonS3Client(
            credentials,
            new AmazonS3Config
            {
                ServiceURL = s3Endpoint,
                AuthenticationRegion = "us-east-1",
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
                MaxErrorRetry = 0,
            }
        );
        byte[] Get(string url)
        {
            var parts = url["s3://".Length..].Split('/', 2);
            using var answer = s3.GetObjectAsync(parts[0], parts[1]).GetAwaiter().GetResult();
            using var bytes = new MemoryStream();
            answer.ResponseStream.CopyTo(bytes);
            return bytes.ToArray();
        }

        using var manifest = JsonDocument.Parse(Get(copy.Groups["manifest"].Value));
        using var rows = new MemoryStream();
        foreach (var entry in manifest.RootElement.GetProperty("entries").EnumerateArray())
        {
            using var unzipped = new GZipStream(
                new MemoryStream(Get(entry.GetProperty("url").GetString()!)),
                CompressionMode.Decompress
            );
            unzipped.CopyTo(rows);
        }

        return rows.GetBuffer().AsSpan(0, (int)rows.Length).Contains((byte)0)
            ? throw new InvalidOperationException(
                "Load into table failed. Check 'stl_load_errors' system table for details. Missing newline: Unexpected character 0x0 found"
            )
            : new(copy.Groups["table"].Value, copy.Groups["null"].Value, rows.ToArray());
    }

    [GeneratedRegex(
        """
            ^COPY\s(?<table>.+?\))\sFROM\s'(?<manifest>s3://[^']+)'\s+
            (IAM_ROLE\s'(?<role>[^']+)'|ACCESS_KEY_ID\s'(?<key>[^']+)'\sSECRET_ACCESS_KEY\s'(?<secret>[^']+)'(\sSESSION_TOKEN\s'(?<token>[^']+)')?)\s+
            FORMAT\sAS\sCSV\sGZIP\sMANIFEST\sDATEFORMAT\s'YYYY-MM-DD'\sNULL\sAS\s'(?<null>[^']+)'\sCOMPUPDATE\sOFF\sSTATUPDATE\sOFF(\sREGION\s'[^']+')?$
            """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture
    )]
    private static partial Regex CopyFromS3();

    [GeneratedRegex(@"\b(SECRET_ACCESS_KEY|SESSION_TOKEN|ACCESS_KEY_ID)\s+'[^']*'")]
    private static partial Regex Keys();

    [GeneratedRegex("""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*""")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\s*(CREATE|ALTER)\b")]
    private static partial Regex Ddl();

    [GeneratedRegex(
        @"\bDISTKEY\s*\([^)]*\)|\b(COMPOUND\s+|INTERLEAVED\s+)?SORTKEY\s*\([^)]*\)|\bDISTSTYLE\s+\w+|\bENCODE\s+\w+",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex OnlyRedshift();

    [GeneratedRegex(@",\s*PRIMARY KEY\s*\([^)]*\)|\s+PRIMARY KEY\b")]
    private static partial Regex InformationalKey();

    [GeneratedRegex("""(?<!\bAS\s|\bAS )(\b[a-z_]+|"[^"]+")\s+VARCHAR\((\d+)\)""")]
    private static partial Regex Varchar();

    [GeneratedRegex(@"\(LIKE ([^)]+)\)")]
    private static partial Regex LikeTable();

    [GeneratedRegex(@"\bSYSDATE\b")]
    private static partial Regex Sysdate();

    sealed record Load(string Table, string Null, byte[] Rows);

    sealed class Translation(Stream client, Stream server, RedshiftStandIn redshift) : Conversation(client, server)
    {
        bool failed;

        protected override void FromClient(Message message)
        {
            if (failed && message.Type is not ('S' or 'X'))
            {
                return; // After an error all is ignored until the client asks for an end.
            }

            failed = false;
            switch (message.Type)
            {
                case 'Q':
                    Do(message, 0);
                    break;
                case 'P':
                    Do(message, Array.IndexOf(message.Body, (byte)0) + 1);
                    break;
                default:
                    base.FromClient(message);
                    break;
            }
        }

        /// <summary>Takes a message with a statement that begins at a place.</summary>
        void Do(Message message, int start)
        {
            var end = Array.IndexOf(message.Body, (byte)0, start);
            var sql = Encoding.UTF8.GetString(message.Body, start, end - start);
            string translated;
            try
            {
                translated =
                    sql.StartsWith("COPY ", StringComparison.Ordinal)
                    && sql.Contains("'s3://", StringComparison.Ordinal)
                        ? Copy(redshift.ReadCopy(sql))
                        : redshift.Translate(sql);
            }
            catch (Exception error)
                when (error
                        is NotSupportedException
                            or InvalidOperationException
                            or AmazonServiceException
                            or InvalidDataException
                )
            {
                Refuse(
                    error is NotSupportedException ? "0A000" : "XX000",
                    error is AmazonS3Exception s3
                        ? $"S3ServiceException:{s3.Message},Status {(int)s3.StatusCode},Error {s3.ErrorCode}"
                        : error.Message
                );
                if (message.Type == 'Q')
                {
                    failed = false;
                    Simple("").Write(Server); // A statement that stands alone ends by itself.
                }

                return;
            }

            if (!failed)
            {
                base.FromClient(
                    message with
                    {
                        Body =
                        [
                            .. message.Body[..start],
                            .. Encoding.UTF8.GetBytes(translated),
                            .. message.Body[end..],
                        ],
                    }
                );
            }
        }

        /// <summary>Loads rows within the transaction that the client is in; says with what statement to go on.</summary>
        string Copy(Load load)
        {
            Simple($"COPY {load.Table} FROM STDIN (FORMAT CSV, NULL '{load.Null}')").Write(Server);
            for (var answer = Message.Read(Server); ; answer = Message.Read(Server))
            {
                switch (answer.Type)
                {
                    case 'G':
                        const int AtOnce = 1 << 20;
                        for (var done = 0; done < load.Rows.Length; done += AtOnce)
                        {
                            new Message('d', load.Rows[done..Math.Min(done + AtOnce, load.Rows.Length)]).Write(Server);
                        }

                        new Message('c', []).Write(Server);
                        break;
                    case 'E':
                        answer.Write(Client);
                        failed = true;
                        break;
                    case 'Z':
                        return "SELECT 1 WHERE 1 = 0";
                }
            }
        }

        /// <summary>Tells the client an error; the transaction ends as one does that failed.</summary>
        void Refuse(string code, string text)
        {
            // PostgreSQL has to know, too: its answer is not passed on.
            Simple("DO $$ BEGIN RAISE EXCEPTION 'refused'; END $$").Write(Server);
            while (Message.Read(Server).Type != 'Z')
            {
                // Nothing of it is of interest.
            }

            new Message(
                'E',
                Encoding.UTF8.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"SERROR\0VERROR\0C{code}\0M{text}\0\0")
                )
            ).Write(Client);
            failed = true;
        }

        static Message Simple(string sql) => new('Q', Encoding.UTF8.GetBytes(sql + "\0"));
    }
}
