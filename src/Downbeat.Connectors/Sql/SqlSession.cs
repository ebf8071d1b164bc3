using System.Data.Common;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.Sql;

/// <summary>Statements on an open connection, each of which a test may let die and a cancellation may end.</summary>
sealed class SqlSession(DbConnection connection, Action? beforeStatement, CancellationToken cancellationToken)
{
    /// <summary>The connection, for what only its system has. <see cref="Step"/> comes before each use.</summary>
    public DbConnection Connection => connection;

    /// <summary>Ends what takes long.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Called before whatever is sent.</summary>
    public void Step()
    {
        cancellationToken.ThrowIfCancellationRequested();
        beforeStatement?.Invoke();
    }

    /// <summary>Executes a statement.</summary>
    public void Execute(string sql, params (string Name, object Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        using var end = EndWhenCancelled(command);
        WriteBoundary.Cross("Sql");
        command.ExecuteNonQuery();
        WriteBoundary.Cross("Sql");
    }

    /// <summary>Reads all rows that a query gives.</summary>
    public List<T> Read<T>(string sql, Func<DbDataReader, T> row, params (string Name, object Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        using var end = EndWhenCancelled(command);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    DbCommand Command(string sql, (string Name, object Value)[] parameters)
    {
        Step();
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    CancellationTokenRegistration EndWhenCancelled(DbCommand command) =>
        cancellationToken.UnsafeRegister(command => ((DbCommand)command!).Cancel(), command);
}
