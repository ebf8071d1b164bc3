using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Sqlite;

/// <summary>Opens SQLite files, and says which of their faults are worth another try.</summary>
public static class SqliteFile
{
    const int Busy = 5;
    const int Locked = 6;
    const int ReadOnly = 8;
    const int InputOutput = 10;
    const int Full = 13;
    const int CannotOpen = 14;
    const int Corrupt = 11;
    const int NotADatabase = 26;

    /// <summary>How long another who writes is waited for, in seconds.</summary>
    const int WaitSeconds = 30;

    static readonly Lazy<bool> Provider = new(() =>
    {
        // The one native library of the package that is pinned; the bundles that choose one by themselves do not restore.
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_e_sqlite3());
        return true;
    });

    /// <summary>
    /// Loads the library and all that a first statement needs, on a thread that is free: a run that has something to publish
    /// needs it at its end, when nothing else is left to do.
    /// </summary>
    public static void Load() =>
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                try
                {
                    using var connection = Open(":memory:", SqliteOpenMode.Memory);
                    using var command = connection.CreateCommand();
                    command.CommandText = "SELECT @text, @integer, @real";
                    command.Parameters.AddWithValue("@text", "");
                    command.Parameters.AddWithValue("@integer", 0L);
                    command.Parameters.AddWithValue("@real", 0.0);
                    command.ExecuteNonQuery();
                }
                catch (Exception error)
                    when (error is SqliteException or DllNotFoundException or TypeInitializationException)
                {
                    // Whoever opens a file hears of it.
                }
            },
            null
        );

    /// <summary>Opens a file.</summary>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    public static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        _ = Provider.Value;
        if (mode == SqliteOpenMode.ReadOnly && File.Exists(file + "-journal"))
        {
            RollBack(file);
        }

        return Connect(file, mode);
    }

    /// <summary>
    /// Takes back what a process that died, or lost its rights, has left half-written. Who only reads may not do that, and could not
    /// read anything before it is done. Of someone who is writing just now nothing is taken back: SQLite knows.
    /// </summary>
    static void RollBack(string file)
    {
        try
        {
            using var connection = Connect(file, SqliteOpenMode.ReadWrite);
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM sqlite_master";
            command.ExecuteScalar();
        }
        catch (SqliteException)
        {
            // Whoever reads next is told what is wrong.
        }
    }

    static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = file,
                Mode = mode,
                Pooling = false,
                DefaultTimeout = WaitSeconds,
            }.ConnectionString
        );
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether trying again later may help.</summary>
    public static bool IsTransient(SqliteException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.SqliteErrorCode is Busy or Locked;
    }

    /// <summary>Whether the file is none that SQLite can read.</summary>
    internal static bool IsDamage(SqliteException error) => error.SqliteErrorCode is Corrupt or NotADatabase;

    /// <summary>Says what is wrong with a file, and what to do.</summary>
    public static string Explain(SqliteException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.SqliteErrorCode switch
        {
            Busy or Locked => "another program has been writing to it for long; close that, or wait.",
            ReadOnly =>
                $"it, or its folder, may not be written to by the user {Environment.UserName}: let that user write there, and try again.",
            Full => "no room is left on its disk: make some, and try again.",
            InputOutput =>
                $"the disk refused to read or write ({error.Message.TrimEnd('.')}): see whether it is full, over a limit, or damaged, and try again.",
            CannotOpen => "it cannot be opened; check that its folder is there and may be written to.",
            NotADatabase =>
                "it is no SQLite database; `downbeat repair` sets it aside and makes it anew from the published tables.",
            Corrupt => "it is damaged; `downbeat repair` sets it aside and makes it anew from the published tables.",
            _ => error.Message.TrimEnd('.') + ".",
        };
    }
}
