using System.Globalization;
using System.IO.Compression;
using System.Text;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Testing.Crash;

/// <summary>
/// What lands before a run that dies, chosen so that it writes everything that a run can: several files and dates, a file
/// that comes late and restates a date, a new version of a key, rejects, a quarantined file, and other songs and users.
/// </summary>
public static class CrashScenario
{
    const string Half = "landing/streams/grows.csv";

    /// <summary>Settings of the lake.</summary>
    /// <param name="isFolder">Whether it has a warehouse.</param>
    public static string Settings(bool isFolder) =>
        $$"""{ "workers": 1, "maxRejectedShare": 0.5, "sqlite": {{(isFolder ? "true" : "false")}} }""";

    /// <summary>What a first run has taken in when the scenario begins.</summary>
    public static IEnumerable<(string Path, byte[] Bytes)> Before()
    {
        var listens = new TestListens(1);
        yield return ("landing/songs/songs.csv", Utf8(TestListens.Songs));
        yield return ("landing/users/users.csv", Utf8(TestListens.Users));
        yield return ("landing/streams/a.csv", Utf8(TestListens.Csv(listens.Rows(200))));
        yield return ("landing/streams/b/b.csv.gz", Gzip(TestListens.Csv(listens.Rows(200))));
        yield return (Half, Utf8(TestListens.Csv(Grows()[..50])));
    }

    /// <summary>What the run that dies finds.</summary>
    public static IEnumerable<(string Path, byte[] Bytes)> After()
    {
        var listens = new TestListens(2);
        var songs =
            TestListens.Songs + "new,Someone,Album,New One,50,60000,genre 1\nno,Someone,Album,No Genre,x,60000,\n";
        yield return ("landing/songs/songs.csv", Utf8(songs));
        yield return ("landing/users/users.csv", Utf8(TestListens.Users + "51,Name,30,Country 9,2024-01-01\n-1,,,,\n"));
        yield return (Half, Utf8(TestListens.Csv(Grows())));
        yield return ("landing/streams/late.csv", Utf8(TestListens.Csv(listens.Rows(150))));
        yield return (
            "landing/streams/new-dates.csv",
            Utf8(
                TestListens.Csv([
                    .. Enumerable
                        .Range(0, 90)
                        .Select(row =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{row % 13},track{row % 60:D3},2024-07-0{1 + (row % 3)} 10:{row % 60:D2}:00,1,0"
                            )
                        ),
                ])
            )
        );
        yield return (
            "landing/streams/rejects.csv",
            Utf8(
                TestListens.Csv([
                    .. listens.Rows(40),
                    "x,track001,2024-06-25 00:00:00,0,0",
                    "1,\"odd, track\",never,0,0",
                ])
            )
        );
        yield return ("landing/streams/broken.csv", Utf8("user_id,track\n1,track001\n"));
    }

    static List<string> Grows() => new TestListens(3).Rows(120);

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    static byte[] Gzip(string text)
    {
        using var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            zip.Write(Utf8(text));
        }

        return bytes.ToArray();
    }

    /// <summary>Puts files into a folder, each with a time of its own that is the same each time.</summary>
    public static void Land(string folder, IEnumerable<(string Path, byte[] Bytes)> files, int minute)
    {
        foreach (var (path, bytes) in files)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
            File.SetLastWriteTimeUtc(file, new DateTime(2024, 8, 1, 12, minute, 0, DateTimeKind.Utc));
        }
    }

    /// <summary>Where the settings lie, for a lake in a folder.</summary>
    public static string SettingsFile(string folder) => Path.Combine(folder, LakePaths.Settings);
}
