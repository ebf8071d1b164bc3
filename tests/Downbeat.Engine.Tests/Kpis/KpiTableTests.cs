using System.Text;
using Downbeat.Engine.Kpis;

namespace Downbeat.Engine.Tests.Kpis;

public sealed class KpiTableTests
{
    static readonly KpiSchema Schema = KpiSchema.Of("things", "name:t", "count:i share:q");

    [Fact]
    public void ASchemaBeginsWithTheDateAndTheKey()
    {
        Assert.Equal(("things", 2), (Schema.Name, Schema.KeyColumns));
        Assert.Equal(
            [
                new("date", KpiType.Date),
                new("name", KpiType.Text),
                new("count", KpiType.Integer),
                new("share", KpiType.Quotient),
            ],
            Schema.Columns
        );
    }

    [Fact]
    public void TheHeaderIsAlwaysThere() =>
        Assert.Equal("date,name,count,share\n", Csv(new KpiTable(Schema, Given.Date)));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData(" spaced ; and 'quoted' ", " spaced ; and 'quoted' ")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("\"", "\"\"\"\"")]
    [InlineData("a\nb", "\"a\nb\"")]
    [InlineData("a\rb", "\"a\rb\"")]
    [InlineData("é, 😀", "\"é, 😀\"")]
    public void FieldsAreQuotedOnlyWhereTheyHaveTo(string name, string field)
    {
        var table = new KpiTable(Schema, Given.Date);
        table.Add(Encoding.UTF8.GetBytes(name), long.MaxValue, 1e-7);
        table.Add("z"u8.ToArray(), 0L, 2.0);
        Assert.Equal(
            $"date,name,count,share\n2024-06-25,{field},9223372036854775807,0.0000001\n2024-06-25,z,0,2\n",
            Csv(table)
        );
    }

    [Fact]
    public void EveryTableIsComputedInTheOrderOfTheSchemas()
    {
        Assert.Equal(
            [
                "genre_daily",
                "hourly",
                "daily",
                "country_daily",
                "top_tracks",
                "top_genres",
                "top_artists_hourly",
                "top_artists_daily",
            ],
            KpiTables.Schemas.Select(schema => schema.Name)
        );
        var day = new Downbeat.Engine.Days.Day(
            Given.Date,
            Downbeat.Engine.Listens.LakeZone.Utc,
            [Given.Slice(new NamedListen(1, 50_400, "t", default))]
        );
        var tables = KpiTables.Compute(day.Count(Given.Songs("t,rock,1,Q,n,1"), Given.Users("1,DE"), 1), new());
        Assert.Equal(KpiTables.Schemas, tables.Select(table => table.Schema));
        Assert.All(
            tables,
            table => Assert.All(table.Rows, row => Assert.Equal(table.Schema.Columns.Count - 1, row.Count))
        );
        Assert.All(tables, table => Assert.Single(table.Rows));
    }

    static string Csv(KpiTable table) => Encoding.UTF8.GetString(table.ToCsv());
}
