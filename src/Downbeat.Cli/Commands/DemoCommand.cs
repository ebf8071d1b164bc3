using System.CommandLine;
using System.Globalization;
using Downbeat.Cli.Demo;
using Downbeat.Cli.Output;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat demo</c>.</summary>
static class DemoCommand
{
    const string UsualFolder = "./demo-lake";
    const long UsualListens = 1_000_000;
    const long LeastListens = 1_000;
    const long MostListens = 1_000_000_000;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "demo",
            "Makes a lake with three days of synthetic listens (some twice, some broken, one broken file, one late file), runs it, and shows what "
                + "comes out. A lake that an earlier demo made in the same folder is made afresh."
        );
        var directory = new Option<string>("--dir")
        {
            HelpName = "DIR",
            Description = "Where to make it; a new or empty folder.",
            DefaultValueFactory = _ => UsualFolder,
        };
        var listens = new Option<long>("--listens")
        {
            HelpName = "N",
            Description = $"How many rows of listens, {Figures.Count(LeastListens)} to {Figures.Count(MostListens)}.",
            DefaultValueFactory = _ => UsualListens,
            CustomParser = result =>
            {
                var text = result.Tokens is [var token] ? token.Value : "";
                if (
                    long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                    && value is >= LeastListens and <= MostListens
                )
                {
                    return value;
                }

                result.AddError(
                    $"--listens: {text} is no whole number from {Figures.Count(LeastListens)} to {Figures.Count(MostListens)}, in plain digits."
                );
                return 0;
            },
        };
        command.Add(directory);
        command.Add(listens);
        command.SetAction(parsed =>
        {
            using var stop = new Stop();
            return new DemoLake(parsed.GetValue(directory) ?? "", parsed.GetValue(listens)).Show(stop.Token);
        });
        return command;
    }
}
