using System.Data.Common;
using Downbeat.Connectors.Sqlite;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Pipeline.Publish;
using Microsoft.Data.Sqlite;

namespace Downbeat.Connectors.Tests.Sqlite;

public sealed class SqliteDestinationTests : SqlDestinationContract, IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-sqlite-").FullName;

    string File => Path.Combine(folder, "warehouse.db");

    protected override string Prefix => "";

    protected override DbConnection OpenClient() => SqliteFile.Open(File, SqliteOpenMode.ReadWriteCreate);

    protected override IDestination Create() => new SqliteDestination(File);

    protected override IDestination CreateThatDies(int afterSteps) =>
        new SqliteDestination(File) { BeforeStatement = Death.After(afterSteps) };

    [Fact]
    public void WhatADeadProcessHasLeftHalfWrittenIsTakenBackByWhoeverReads()
    {
        Publish(Tables(1));
        using (var dying = SqliteFile.Open(File, SqliteOpenMode.ReadWrite))
        {
            using var command = dying.CreateCommand();
            command.CommandText =
                "PRAGMA cache_size = 1; BEGIN; CREATE TABLE half AS SELECT zeroblob(100000) AS x; DELETE FROM daily";
            command.ExecuteNonQuery();
            foreach (var of in (string[])["", "-journal"])
            {
                System.IO.File.Copy(File + of, Path.Combine(folder, "left.db" + of));
            }
        }

        var left = Path.Combine(folder, "left.db");
        Assert.True(new FileInfo(left + "-journal").Length > 0);
        using var reader = SqliteFile.Open(left, SqliteOpenMode.ReadOnly);
        using var count = reader.CreateCommand();
        count.CommandText = "SELECT count(*) FROM daily";
        Assert.True((long)count.ExecuteScalar()! > 0);
        count.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'half'";
        Assert.Equal(0L, count.ExecuteScalar());
    }

    [Fact]
    public void AFileThatIsNoDatabaseIsNamed()
    {
        System.IO.File.WriteAllText(File, new string('x', 5000));
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("no SQLite database", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096 + 3)]
    public void ADamagedFileIsSetAsideAndMadeAgain(int at)
    {
        var tables = Tables(1);
        Publish(tables);
        var bytes = System.IO.File.ReadAllBytes(File);
        bytes.AsSpan(at, 500).Fill(0x55);
        System.IO.File.WriteAllBytes(File, bytes);
        using (var destination = Create())
        {
            Assert.NotEmpty(destination.FindDifferent(Lake, [tables.Date], _ => tables)!);
            destination.Forget(Lake, [tables.Date]);
        }

        Assert.Equal(bytes, System.IO.File.ReadAllBytes(File + ".damaged"));
        Publish(tables);
        AssertHolds(tables);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
