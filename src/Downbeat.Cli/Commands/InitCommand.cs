using System.CommandLine;
using System.Text;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
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
            "Makes an empty lake. What is in the folder already stays. Example: downbeat init lake --time-zone Europe/Berlin"
        );
        var directory = new Argument<string>("DIR") { Description = "The lake's folder; it is made if missing." };
        var zone = new Option<string?>("--time-zone")
        {
            HelpName = "ZONE",
            Description =
                "The time zone of dates, hours and times without an offset, like Europe/Berlin. Fixed for good. [default: UTC]",
        };
        command.Add(directory);
        command.Add(zone);
        command.SetAction(parsed => Init(parsed.GetValue(directory) ?? "", parsed.GetValue(zone)));
        return command;
    }

    /// <summary>Makes the folders of a lake.</summary>
    public static void MakeLandingFolders(string directory)
    {
        foreach (var folder in (string[])[LakePaths.Streams, LakePaths.Songs, LakePaths.Users])
        {
            Directory.CreateDirectory(Path.Combine(directory, folder));
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

        var found = FindZone(zone ?? "UTC");
        var lake = new FolderLake(directory);
        var isNew = LakeFile.Create(lake, found.Id, TimeProvider.System.GetUtcNow());
        var file = LakeFile.Read(lake);
        if (!isNew && zone is not null && file.TimeZone != found.Id)
        {
            throw new UsageException(
                $"{directory} is a lake of the time zone {file.TimeZone} already, and that is fixed: make another lake for {found.Id}."
            );
        }

        MakeLandingFolders(directory);
        var settings = Path.Combine(directory, LakePaths.Settings);
        if (!File.Exists(settings))
        {
            File.WriteAllText(settings, ExampleSettings());
        }

        Write(directory, file.TimeZone, isNew);
        return ExitCode.Done;
    }

    static LakeZone FindZone(string name)
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

    static void Write(string directory, string zone, bool isNew)
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
            $"  {Path.Join(shown, LakePaths.Songs)}/    CSV with track_id, artists, track_name, popularity, duration_ms, track_genre"
        );
        Terminal.Line($"  {Path.Join(shown, LakePaths.Users)}/    CSV with user_id, user_country");
        Terminal.Line(
            $"  {Path.Join(shown, LakePaths.Streams)}/  CSV with user_id, track_id, listen_time; also liked, shared; .csv or .csv.gz"
        );
        Terminal.Line();
        var quoted = SafeText.Quoted(directory);
        Terminal.Line("then");
        Terminal.Line($"  {CommandLine.Name} plan --lake {quoted}");
        Terminal.Line($"  {CommandLine.Name} run --lake {quoted}");
        Terminal.Line();
        Terminal.Line(
            $"{Path.Join(shown, LakePaths.Settings)} shows the settings there are. `{CommandLine.Name} generate {quoted}` writes synthetic data to try with."
        );
    }

    /// <summary>A file of settings in which nothing is set yet.</summary>
    static string ExampleSettings()
    {
        var text = new StringBuilder(
            "// Settings of this lake. Take the slashes away to set one; variables and flags go over this file.\n{\n"
        );
        // What names another system has no value to show; its page in docs/ tells of it with what goes with it.
        foreach (
            var setting in KnownSettings.All.Where(setting =>
                setting.Name != KnownSettings.Lake && (setting.IsFlag || setting.Form != SettingForm.Text)
            )
        )
        {
            text.Append("  // ")
                .Append(setting.Help)
                .Append(' ')
                .Append("Allowed is ")
                .Append(setting.Allowed)
                .Append(".\n");
            text.Append("  // \"").Append(setting.Name).Append("\": ").Append(setting.Default ?? "2").Append(",\n\n");
        }

        text.Length--;
        return text.Append("}\n").ToString();
    }
}
