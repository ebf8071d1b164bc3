using System.Data;
using System.Data.Common;
using System.Globalization;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Connectors.Sql;

/// <summary>
/// What destinations that speak SQL have in common: a batch of dates is one transaction, behind a lock that lets one publisher in
/// at a time, and ends with the rows of <c>downbeat_published</c> that say what is held. What failed for a reason that passes is
/// done again from the start.
/// </summary>
public abstract class SqlDestination : IDestination
{
    /// <summary>Who publishes here.</summary>
    private protected const string LakeTable = "downbeat_lake";

    /// <summary>Which dates are held.</summary>
    private protected const string PublishedTable = "downbeat_published";

    /// <summary>What KPIS.md calls so: genres and hours in one list.</summary>
    private protected const string View = "music_kpi_metrics";

    /// <summary>What there is to read: the tables, the view, and which dates are held.</summary>
    private protected static readonly IReadOnlyList<string> Readable =
    [
        .. KpiTables.Published.Select(schema => schema.Name),
        PublishedTable,
        View,
    ];

    readonly string script;
    readonly Retries? retries;
    DbConnection? open;
    bool isOpenForWriting;
    string? preparedFor;

    /// <param name="script">The file below <c>sql/</c> that makes the tables.</param>
    /// <param name="texts">What texts have to be.</param>
    /// <param name="retries">Tries again; null when the system itself does.</param>
    private protected SqlDestination(string script, FittedTexts texts, Retries? retries) =>
        (this.script, Texts, this.retries) = (script, texts, retries);

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Place { get; }

    /// <summary>What texts have to be.</summary>
    private protected FittedTexts Texts { get; }

    /// <summary>For tests, which let it die there.</summary>
    internal Action? BeforeStatement { get; init; }

    /// <summary>Begins a transaction.</summary>
    private protected virtual string Begin => "BEGIN";

    /// <summary>The schema, quoted; null where there are none.</summary>
    private protected virtual string? Schema => null;

    /// <summary>Whether there is anything to look at.</summary>
    private protected virtual bool IsThere => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default)
    {
        if (IsThere)
        {
            return Try("read", write: false, session => Find(session, lakeId), cancellationToken);
        }

        Close(); // Deleted under our feet, perhaps: what is open is not it.
        return new Dictionary<DateOnly, HeldDate>();
    }

    /// <inheritdoc/>
    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Try(
            "prepare",
            write: true,
            session =>
            {
                session.Execute(Begin);
                Make(session);
                Lock(session);
                TakeOwnership(session, request);
                session.Execute("COMMIT");
                return true;
            },
            cancellationToken
        );
        preparedFor = request.LakeId;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dates);
        var lakeId = preparedFor ?? throw new InvalidOperationException("Prepare comes first.");
        var newest = dates.GroupBy(date => date.Date).Select(same => same.MaxBy(date => date.Version)!).ToList();
        Texts.Forget();
        var staged = Guard("publish to", () => Stage(newest, cancellationToken), cancellationToken);
        Try(
            "publish to",
            write: true,
            session =>
            {
                session.Execute(Begin);
                Lock(session);
                CheckOwner(session, lakeId);
                Replace(session, newest, staged);
                session.Execute("COMMIT");
                return true;
            },
            cancellationToken
        );
        staged?.Dispose();
        return Texts.Warnings;
    }

    /// <inheritdoc/>
    public virtual IReadOnlyList<PlannedDate>? FindDifferent(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        Func<DateOnly, DateTables?> read,
        CancellationToken cancellationToken = default
    )
    {
        if (!IsThere)
        {
            Close();
            return [];
        }

        return Try("read", write: false, session => ReadBack(session, lakeId, dates, read), cancellationToken);
    }

    /// <inheritdoc/>
    public virtual void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(dates);
        if (dates.Count == 0 || !IsThere)
        {
            return;
        }

        Prepare(new(lakeId), cancellationToken); // A table may be gone.
        var all = string.Join(", ", dates.Select(date => $"'{ListenDate.Text(date)}'"));
        Try(
            "publish to",
            write: true,
            session =>
            {
                session.Execute(Begin);
                Lock(session);
                CheckOwner(session, lakeId);
                session.Execute(
                    $"UPDATE {Table(PublishedTable)} SET ledger_version = 0, fingerprint = '{ReadBackRows.Forgotten}' WHERE date IN ({all})"
                );
                foreach (var schema in KpiTables.Published)
                {
                    // Nobody published them, so that nobody would replace them.
                    session.Execute(
                        $"DELETE FROM {Table(schema.Name)} WHERE date NOT IN (SELECT date FROM {Table(PublishedTable)})"
                    );
                }

                session.Execute("COMMIT");
                return true;
            },
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public virtual IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default)
    {
        var findings = new List<Finding>();
        var step = "connect";
        void Pass(string next)
        {
            findings.Add(new(step));
            step = next;
        }

        bool Read(SqlSession session)
        {
            Pass("read");
            Find(session, lakeId);
            Pass("write");
            return true;
        }

        // Of a date that nobody listened on, so that whatever is read meanwhile is as it was, and then nothing of it stays.
        IReadOnlyList<DateTables> nothing = [DateTables.Empty(DateOnly.MinValue, 0)];
        bool Write(SqlSession session)
        {
            using var staged = Stage(nothing, cancellationToken);
            session.Execute(Begin);
            Make(session);
            Lock(session);
            TakeOwnership(session, new(lakeId));
            Replace(session, nothing, staged);
            session.Execute("ROLLBACK");
            return true;
        }

        try
        {
            // Once: whoever asks wants to know how it is now, not whether it gets better.
            if (IsThere)
            {
                Attempt("read", write: false, Read, cancellationToken);
            }

            Attempt("write to", write: true, Write, cancellationToken);
            Pass("");
        }
        catch (DestinationException error)
        {
            findings.Add(new(step, error.Message));
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether what failed may be tried again.</summary>
    internal static bool IsWorthARetry(Exception error) => error is DestinationException { IsTransient: true };

    /// <summary>Closes the connection.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }
    }

    /// <summary>Closes the connection. Of a transaction that is open nothing stays.</summary>
    private protected void Close()
    {
        open?.Dispose();
        open = null;
    }

    /// <summary>Opens a connection.</summary>
    private protected abstract DbConnection Open(bool write);

    /// <summary>What there is, ours or not, with the columns it has.</summary>
    private protected abstract ILookup<string, string> FindColumns(SqlSession session);

    /// <summary>Whether the schema is there.</summary>
    private protected virtual bool HasSchema(SqlSession session) => true;

    /// <summary>The type of a column that an earlier version did not have, with what it holds in rows of then.</summary>
    private protected abstract string TypeOf(KpiType type);

    /// <summary>What must be so before tables are made, or looked for.</summary>
    private protected virtual void BeforeMaking(SqlSession session) { }

    /// <summary>What is done with tables that are there.</summary>
    private protected virtual void AfterMaking(SqlSession session) { }

    /// <summary>Waits until no other publisher is at work, and keeps others waiting until the transaction ends.</summary>
    private protected abstract void Lock(SqlSession session);

    /// <summary>Brings dates to where the system can load them from; what that takes is disposed of after they were.</summary>
    private protected virtual IDisposable? Stage(
        IReadOnlyList<DateTables> dates,
        CancellationToken cancellationToken
    ) => null;

    /// <summary>Brings the tables to hold exactly the rows of these dates, within a transaction.</summary>
    private protected abstract void Load(SqlSession session, IReadOnlyList<DateTables> dates, IDisposable? staged);

    /// <summary>Says what is wrong, what to do, and no secret; null when it is no fault of the system or the way to it.</summary>
    private protected abstract string? Explain(Exception error);

    /// <summary>Whether trying again may succeed.</summary>
    private protected abstract bool IsTransient(Exception error);

    /// <summary>Whether it holds no secret.</summary>
    private protected virtual bool MayBeShown(Exception error) => true;

    /// <summary>The full name of a table.</summary>
    private protected string Table(string name) => Schema is { } schema ? $"{schema}.{Quote(name)}" : Quote(name);

    /// <summary>A name as it stands in a statement, whatever is in it.</summary>
    internal static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The columns of a table, as they stand in a statement.</summary>
    private protected static string Columns(KpiSchema schema) =>
        string.Join(", ", schema.Columns.Select(column => Quote(column.Name)));

    /// <summary>Dates as they stand in a statement after IN.</summary>
    private protected static string In(IReadOnlyList<DateTables> dates) =>
        $"({string.Join(", ", dates.Select(date => $"'{ListenDate.Text(date.Date)}'"))})";

    void Make(SqlSession session)
    {
        BeforeMaking(session);
        var there = FindColumns(session);

        // What is not ours is not touched: a table of the same name, of whoever made it, would be filled otherwise.
        if (!there.Contains(LakeTable) && Readable.FirstOrDefault(there.Contains) is { } foreign)
        {
            throw new DestinationException(
                $"it has a table {foreign} that Downbeat did not make: rename that, or name another place with the setting {(Schema is null ? Name : $"{Name}Schema")}."
            );
        }

        var isComplete = there.Contains(LakeTable) && Readable.All(there.Contains);
        foreach (var schema in KpiTables.Published.Where(schema => there.Contains(schema.Name)))
        {
            var columns = there[schema.Name].ToHashSet(StringComparer.OrdinalIgnoreCase);
            foreach (var column in schema.Columns.Where(column => !columns.Contains(column.Name)))
            {
                // What earlier versions of Downbeat did not have. Empty until the date is published again.
                session.Execute(
                    $"ALTER TABLE {Table(schema.Name)} ADD COLUMN {Quote(column.Name)} {TypeOf(column.Type)}"
                );
                isComplete = false; // The view and the comments may know it.
            }
        }

        if (!isComplete)
        {
            // Asked first, because making one takes a right even where it is there.
            var skipped = HasSchema(session) ? "CREATE SCHEMA" : "\0";
            foreach (var statement in SqlScript.Statements(script))
            {
                if (!statement.StartsWith(skipped, StringComparison.Ordinal))
                {
                    session.Execute(statement.Replace("{schema}", Schema, StringComparison.Ordinal));
                }
            }
        }

        AfterMaking(session);
    }

    void TakeOwnership(SqlSession session, DestinationRequest request)
    {
        var owner = FindOwner(session);
        if (owner == request.LakeId)
        {
            return;
        }

        if (!request.TakeOver)
        {
            CheckOwner(owner, request.LakeId);
        }

        // The other lake's versions say nothing about ours; a date of it that we do not have is removed as any other.
        session.Execute($"UPDATE {Table(PublishedTable)} SET ledger_version = 0, fingerprint = 'of another lake'");
        session.Execute($"DELETE FROM {Table(LakeTable)}");
        session.Execute(
            $"INSERT INTO {Table(LakeTable)} (only_row, lake_id) VALUES (1, @lake)",
            ("@lake", request.LakeId)
        );
    }

    void CheckOwner(SqlSession session, string lakeId) => CheckOwner(FindOwner(session), lakeId);

    static void CheckOwner(string? owner, string lakeId)
    {
        if (owner is not null && owner != lakeId)
        {
            throw new DestinationException(
                $"it belongs to the lake with the id {owner}, and this one's is {lakeId}; `downbeat run --take-over` makes it this lake's."
            );
        }
    }

    string? FindOwner(SqlSession session) =>
        session.Read($"SELECT lake_id FROM {Table(LakeTable)}", row => row.GetString(0)).FirstOrDefault();

    Dictionary<DateOnly, HeldDate> Find(SqlSession session, string lakeId)
    {
        var there = FindColumns(session);
        if (!there.Contains(LakeTable) || !there.Contains(PublishedTable))
        {
            return [];
        }

        CheckOwner(session, lakeId);
        return ReadHeld(session);
    }

    Dictionary<DateOnly, HeldDate> ReadHeld(SqlSession session) =>
        session
            .Read(
                $"SELECT date, ledger_version, fingerprint FROM {Table(PublishedTable)}",
                row => (Date: row.GetFieldValue<DateOnly>(0), new HeldDate(row.GetInt64(1), row.GetString(2)))
            )
            .ToDictionary();

    List<PlannedDate> ReadBack(
        SqlSession session,
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        Func<DateOnly, DateTables?> read
    )
    {
        var there = FindColumns(session);
        if (!there.Contains(LakeTable) || !there.Contains(PublishedTable))
        {
            return []; // It says to hold nothing.
        }

        var held = Find(session, lakeId);
        if (Readable.FirstOrDefault(name => !there.Contains(name)) is { } missing)
        {
            return [.. held.Keys.Order().Select(date => new PlannedDate(date, $"{missing} is missing"))];
        }

        if (
            KpiTables.Published.FirstOrDefault(schema =>
                schema.Columns.Any(column =>
                    !there[schema.Name].Contains(column.Name, StringComparer.OrdinalIgnoreCase)
                )
            ) is
            { } lacking
        )
        {
            return [.. held.Keys.Order().Select(date => new PlannedDate(date, $"{lacking.Name} lacks a column"))];
        }

        var different = new SortedDictionary<DateOnly, string>();
        foreach (var schema in KpiTables.Published)
        {
            var strange = session
                .Read($"SELECT DISTINCT date FROM {Table(schema.Name)}", row => ReadBackRows.Date(row.GetValue(0)))
                .Where(date =>
                    date is null || !held.TryGetValue(date.Value, out var one) || one.Fingerprint.Length == 0
                );
            foreach (var date in strange)
            {
                different.TryAdd(
                    date ?? DateOnly.MinValue,
                    $"{schema.Name} has rows of a date that was never published"
                );
            }
        }

        foreach (var batch in dates.Where(held.ContainsKey).Order().Chunk(ReadBackRows.DatesAtOnce))
        {
            var tables = batch
                .Select(read)
                .OfType<DateTables>()
                .Where(date => held[date.Date].Fingerprint == date.Fingerprint) // Others are behind anyway.
                .ToList();
            foreach (var schema in tables.Count == 0 ? [] : KpiTables.Published)
            {
                var rows = new ReadBackRows(schema, Texts, tables);
                session.Read(
                    $"SELECT {Columns(schema)} FROM {Table(schema.Name)} WHERE date IN {In(tables)}",
                    row =>
                    {
                        rows.Add(row);
                        return true;
                    }
                );
                foreach (var (date, why) in rows.Different())
                {
                    different.TryAdd(date, why);
                }
            }
        }

        return [.. different.Select(date => new PlannedDate(date.Key, date.Value))];
    }

    void Replace(SqlSession session, IReadOnlyList<DateTables> dates, IDisposable? staged)
    {
        var held = ReadHeld(session);
        var newer = dates
            .Where(date =>
                !held.TryGetValue(date.Date, out var there)
                || (there.Version <= date.Version && there.Fingerprint != date.Fingerprint)
            )
            .ToList();
        if (newer.Count == 0)
        {
            return;
        }

        Load(session, newer, staged);
        session.Execute($"DELETE FROM {Table(PublishedTable)} WHERE date IN {In(newer)}");
        var rows = newer.Select(
            (date, number) =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"('{ListenDate.Text(date.Date)}', {date.Version}, @fingerprint{number})"
                )
        );
        session.Execute(
            $"INSERT INTO {Table(PublishedTable)} (date, ledger_version, fingerprint) VALUES {string.Join(", ", rows)}",
            [
                .. newer.Select(
                    (date, number) =>
                        (string.Create(CultureInfo.InvariantCulture, $"@fingerprint{number}"), (object)date.Fingerprint)
                ),
            ]
        );
    }

    T Try<T>(string verb, bool write, Func<SqlSession, T> work, CancellationToken cancellationToken) =>
        retries is null
            ? Attempt(verb, write, work, cancellationToken)
            : retries.Run(_ => Attempt(verb, write, work, cancellationToken), cancellationToken);

    T Attempt<T>(string verb, bool write, Func<SqlSession, T> work, CancellationToken cancellationToken) =>
        Guard(
            verb,
            () =>
            {
                if (open?.State != ConnectionState.Open || (write && !isOpenForWriting))
                {
                    Close();
                    (open, isOpenForWriting) = (Open(write), write);
                }

                return work(new(open, BeforeStatement, cancellationToken));
            },
            cancellationToken
        );

    /// <summary>Does something, and says what is wrong when that fails; the connection is closed then.</summary>
    T Guard<T>(string verb, Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return work();
        }
        catch (Exception error)
        {
            Close();
            if (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException("Cancelled.", error, cancellationToken);
            }

            if (error is DestinationException told)
            {
                throw new DestinationException($"{Place}: {told.Message}", told.IsTransient, told);
            }

            if (Explain(error) is { } why)
            {
                throw new DestinationException(
                    $"could not {verb} {Place}: {why}",
                    IsTransient(error),
                    MayBeShown(error) ? error : null
                );
            }

            throw;
        }
    }
}
