using System.CommandLine;
using System.Text;
using System.Text.Json;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.S3;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat init</c>.</summary>
static class InitCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "init",
            "Makes an empty lake. What is there already stays. Example: downbeat init lake --time-zone Europe/Berlin"
        );
        var directory = new Argument<string>("DIR")
        {
            Description = "The lake's folder, which is made if missing; or its place in S3, like s3://bucket/prefix.",
        };
        var zone = new Option<string?>("--time-zone")
        {
            HelpName = "ZONE",
            Description =
                "The time zone of dates, hours and times without an offset, like Europe/Berlin. Fixed for good. [default: UTC]",
        };
        command.Add(directory);
        command.Add(zone);
        var arguments = LakeArguments.AddPlacesTo(command);
        command.SetAction(parsed =>
        {
            var lake = parsed.GetValue(directory) ?? "";
            return S3Place.IsMeant(lake)
                ? InitS3(lake, arguments, parsed, parsed.GetValue(zone))
                : Init(lake, parsed.GetValue(zone));
        });
        return command;
    }

    /// <summary>Makes the folders of a lake.</summary>
    public static void MakeLandingFolders(string directory)
    {
        foreach (var folder in (string[])[LakePaths.Streams, LakePaths.Songs, LakePaths.Users])
        {
            FileSystem.MakeFolder(Path.Combine(directory, folder));
        }
    }

    static int Init(string directory, string? zone)
    {
        if (directory.Length == 0 || File.Exists(directory))
        {
            throw new UsageException(
                directory.Length == 0 ? "DIR is empty: name a folder." : $"{directory} is a file: name a folder."
            );
        }

        var lake = new FolderLake(directory);
        var (isNew, file) = Make(lake, zone);
        MakeLandingFolders(directory);
        lake.PutIfAbsent(LakePaths.Settings, Encoding.UTF8.GetBytes(ExampleSettings(null)));
        lake.DeleteScratch();
        Write(directory, path => Path.Join(directory, path), file.TimeZone, isNew);
        return ExitCode.Done;
    }

    static int InitS3(string place, LakeArguments arguments, ParseResult parsed, string? zone)
    {
        using var lake = arguments.OpenNew(parsed, place);
        var (isNew, file) = Make(lake, zone);

        // What leads to the lake has to be said before its file can be read; where its folders are need not be said again.
        var given = arguments
            .Given(parsed)
            .Where(setting => setting.Name is not (KnownSettings.S3Endpoint or KnownSettings.S3Region))
            .ToList();
        var isWritten = lake.PutIfAbsent(LakePaths.Settings, Encoding.UTF8.GetBytes(ExampleSettings(given)));
        Write(lake.Name, lake.Url, file.TimeZone, isNew);
        if (!isWritten && given.Count > 0)
        {
            Terminal.Line(
                $"It has a {LakePaths.Settings} already, which stays as it is: say there what {string.Join(", ", given.Select(setting => setting.Source))} said here."
            );
        }

        return ExitCode.Done;
    }

    static (bool IsNew, LakeFile File) Make(ILake lake, string? zone)
    {
        var found = FindZone(zone ?? "UTC");
        var isNew = LakeFile.Create(lake, found.Id, TimeProvider.System.GetUtcNow());
        var file = LakeFile.Read(lake);
        return isNew || zone is null || file.TimeZone == found.Id
            ? (isNew, file)
            : throw new UsageException(
                $"{lake.Name} is a lake of the time zone {file.TimeZone} already, and that is fixed: make another lake for {found.Id}."
            );
    }

    /// <summary>The zone that <c>--time-zone</c> names.</summary>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static LakeZone FindZone(string name)
    {
        try
        {
            return LakeZone.Find(name);
        }
        catch (ArgumentException)
        {
            var near = Spelling.FindNearest(name, TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id));
            throw new UsageException(
                $"--time-zone: this machine knows no time zone {(name.Length == 0 ? "without a name" : name)}"
                    + (
                        near is null
                            ? "; names are like UTC or Europe/Berlin (on Linux they come with the package tzdata)."
                            : $"; did you mean {near}?"
                    )
            );
        }
    }

    static void Write(string directory, Func<string, string> whereIs, string zone, bool isNew)
    {
        var shown = SafeText.Of(directory);
        Terminal.Line(
            isNew
                ? $"{shown} is a lake now, of the time zone {zone}."
                : $"{shown} is a lake already, of the time zone {zone}; nothing was changed."
        );
        Terminal.Line();
        Terminal.Line("Put here");
        Terminal.Line(
            $"  {Shown(LakePaths.Songs)}/    CSV with track_id, artists, track_name, popularity, duration_ms, track_genre"
        );
        Terminal.Line($"  {Shown(LakePaths.Users)}/    CSV with user_id, user_country");
        Terminal.Line(
            $"  {Shown(LakePaths.Streams)}/  CSV with user_id, track_id, listen_time; also liked, shared; .csv or .csv.gz"
        );
        Terminal.Line();
        var quoted = SafeText.Quoted(directory);
        Terminal.Line("then");
        Terminal.Line($"  {CommandLine.Name} plan --lake {quoted}");
        Terminal.Line($"  {CommandLine.Name} run --lake {quoted}");
        Terminal.Line();
        Terminal.Line(
            $"{Shown(LakePaths.Settings)} shows the settings there are."
                + (
                    S3Place.IsMeant(directory)
                        ? ""
                        : $" `{CommandLine.Name} generate {quoted}` writes synthetic data to try with."
                )
        );

        string Shown(string path) => SafeText.Of(whereIs(path));
    }

    /// <summary>A file of settings in which nothing is set yet but what was given for a lake in S3.</summary>
    static string ExampleSettings(List<GivenSetting>? given)
    {
        var text = new StringBuilder(
            "// Settings of this lake. Take the slashes away to set one; variables and flags go over this file.\n{\n"
        );
        // What names another system has no value to show; its page in docs/ tells of it with what goes with it.
        foreach (
            var setting in KnownSettings.All.Where(setting =>
                setting.IsOfLake
                    ? given is not null && setting.Name != KnownSettings.Lake
                    : setting.IsFlag || setting.Form != SettingForm.Text
            )
        )
        {
            text.Append("  // ")
                .Append(setting.Help)
                .Append(' ')
                .Append("Allowed is ")
                .Append(setting.Allowed)
                .Append(".\n");
            var set = given?.LastOrDefault(one => one.Name == setting.Name);
            text.Append(set is null ? "  // \"" : "  \"").Append(setting.Name).Append("\": ");
            text.Append(set is null ? setting.Example : $"\"{JsonEncodedText.Encode(set.Text)}\"").Append(",\n\n");
        }

        text.Length--;
        return text.Append("}\n").ToString();
    }
}
