using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Downbeat.Cli.Generate;
using Downbeat.Cli.Output;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat generate</c>.</summary>
static class GenerateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var usual = new SyntheticOptions();
        var command = new Command(
            "generate",
            "Writes synthetic songs, users and listens into DIR/landing/, skewed like real ones. The same options write the same bytes; files of "
                + "the same names are replaced. Example: downbeat generate lake --listens 5000000 --dirt-share 0.01"
        );
        var directory = new Argument<string>("DIR") { Description = "The lake's folder; it is made if missing." };
        var listens = Whole("--listens", "Rows of listens, 0 or more.", usual.Listens);
        var users = Whole("--users", "Users, 1 to 2,000,000,000.", usual.Users);
        var tracks = Whole("--tracks", "Tracks, 1 to 50,000,000.", usual.Tracks);
        var genres = Whole("--genres", "Genres, 1 to 1,000.", usual.Genres);
        var from = new Option<string>("--from")
        {
            HelpName = "DATE",
            Description = "The first date.",
            DefaultValueFactory = _ => Figures.Date(usual.From),
        };
        var days = Whole("--days", "Dates with listens, 1 to 3,660.", usual.Days);
        var files = Whole("--files", "Files that the listens are spread over, 1 to 100,000.", usual.Files);
        var seed = Whole("--seed", "Another seed makes other data of the same kind.", usual.Seed);
        var dirt = Share(
            "--dirt-share",
            "Share of rows that are rejected, 0 to 0.5; above 0 some tracks and users are unknown too."
        );
        var duplicates = Share(
            "--duplicate-share",
            "Share of rows that repeat a listen of the same or the previous file, 0 to 0.5."
        );
        var idBits = Whole(
            "--user-id-bits",
            "Spread user ids over so many bits, 0 to 63; 0 numbers them from 1.",
            usual.UserIdBits
        );
        var gzip = new Option<bool>("--gzip") { Description = "Write listens as .csv.gz." };
        var flags = new Option<bool>("--flags") { Description = "Give listens the columns liked and shared." };
        command.Add(directory);
        foreach (
            var option in (Option[])
                [listens, users, tracks, genres, from, days, files, seed, dirt, duplicates, idBits, gzip, flags]
        )
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            var options = Checked(() =>
                new SyntheticOptions
                {
                    Listens = parsed.GetValue(listens),
                    Users = parsed.GetValue(users),
                    Tracks = parsed.GetValue(tracks),
                    Genres = parsed.GetValue(genres),
                    From = DateText.Parse(parsed.GetValue(from) ?? "", "--from"),
                    Days = parsed.GetValue(days),
                    Files = parsed.GetValue(files),
                    Seed = parsed.GetValue(seed),
                    DirtShare = parsed.GetValue(dirt),
                    DuplicateShare = parsed.GetValue(duplicates),
                    UserIdBits = parsed.GetValue(idBits),
                    Gzip = parsed.GetValue(gzip),
                    Flags = parsed.GetValue(flags),
                }
            );
            return Generate(parsed.GetValue(directory) ?? "", options);
        });
        return command;
    }

    /// <summary>Writes synthetic data, and shows how far it has come.</summary>
    public static void Write(string directory, SyntheticOptions options, CancellationToken cancellation)
    {
        var lake = Checked(() => new SyntheticLake(options));
        ProgressDisplay.Show(progress =>
        {
            lake.WriteTo(directory, new Rows(options.Listens, progress), cancellation);
            return true;
        });
    }

    static int Generate(string directory, SyntheticOptions options)
    {
        if (S3Place.IsMeant(directory))
        {
            throw new UsageException(
                "DIR is a place in S3, and synthetic data is written into a folder: copy it from there, as with `aws s3 cp --recursive`."
            );
        }

        if (directory.Length == 0 || File.Exists(directory))
        {
            throw new UsageException(
                directory.Length == 0 ? "DIR is empty: name a folder." : $"{directory} is a file: name a folder."
            );
        }

        using var stop = new Stop();
        var start = Stopwatch.GetTimestamp();
        Write(directory, options, stop.Token);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        var shown = SafeText.Of(directory);
        var rate = Figures.Rate(options.Listens, seconds, "rows");
        Terminal.Line(
            $"wrote {Figures.Count(options.Listens, "row")} of listens in {Figures.Count(options.Files, "file")} in {Figures.Seconds(seconds)}{(rate.Length > 0 ? $" ({rate})" : "")}"
        );
        var streams = options.Files == 1 ? "streams-0001" : $"streams-0001 to {options.Files:D4}";
        Terminal.Line($"  {Path.Join(shown, LakePaths.Streams)}/{streams}.csv{(options.Gzip ? ".gz" : "")}");
        Terminal.Line($"  {Path.Join(shown, LakePaths.Songs)}/songs.csv");
        Terminal.Line($"  {Path.Join(shown, LakePaths.Users)}/users.csv");
        var quoted = SafeText.Quoted(directory);
        if (!File.Exists(Path.Combine(directory, LakePaths.Lake)))
        {
            Terminal.Line($"{shown} is no lake yet: `{CommandLine.Name} init {quoted}` makes it one.");
        }

        Terminal.Line($"`{CommandLine.Name} run --lake {quoted}` takes them in.");
        return ExitCode.Done;
    }

    /// <summary>What the options refuse is wrong use, and their messages say which one.</summary>
    static T Checked<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException error)
        {
            var message = AsOption(error.Message.Split(" (Parameter ")[0].Split('\n')[0]);
            throw new UsageException(
                error is ArgumentOutOfRangeException { ActualValue: { } value } ? $"{message} It is {value}." : message
            );
        }
    }

    /// <summary>What begins with the name of a property, as someone gave it: <c>--dirt-share</c>.</summary>
    static string AsOption(string message) =>
        char.IsAsciiLetterLower(message[0])
            ? "--"
                + string.Concat(
                    message
                        .TakeWhile(letter => letter != ' ')
                        .Select(letter =>
                            char.IsAsciiLetterUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{letter}"
                        )
                )
                + message[message.IndexOf(' ', StringComparison.Ordinal)..]
            : message;

    static Option<T> Whole<T>(string name, string description, T usual)
        where T : INumber<T> =>
        new(name)
        {
            HelpName = "N",
            Description = description,
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
                Parse<T>(result, name, NumberStyles.AllowLeadingSign, "a whole number in range, in plain digits"),
        };

    static Option<double> Share(string name, string description) =>
        new(name)
        {
            HelpName = "SHARE",
            Description = description,
            DefaultValueFactory = _ => 0,
            CustomParser = result =>
                Parse<double>(
                    result,
                    name,
                    NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                    "a share, like 0.01"
                ),
        };

    static T Parse<T>(ArgumentResult result, string name, NumberStyles style, string expected)
        where T : INumber<T>
    {
        var text = result.Tokens is [var token] ? token.Value : "";
        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        result.AddError($"{name}: {(text.Length == 0 ? "nothing" : text)} is not {expected}.");
        return T.Zero;
    }

    /// <summary>Rows written, as progress.</summary>
    sealed class Rows(long total, IProgress<Pipeline.Runs.RunProgress> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(new("generate", value, total, "rows", value));
    }
}
