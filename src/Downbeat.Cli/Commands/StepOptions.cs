using System.CommandLine;
using Downbeat.Cli.Settings;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary>What an orchestrator says to do a run in steps.</summary>
sealed class StepOptions
{
    const int LongestRunId = 250;

    readonly Option<string?> only = new("--only")
    {
        HelpName = "STEP",
        Description =
            "Do one step: scan, compute, publish or archive. In this order they are a run; each may be repeated.",
    };

    readonly Option<string[]> dates = new("--date")
    {
        HelpName = "DATE",
        Description =
            "Compute and publish only this date, or these: 2024-06-25..2024-06-30. May be given several times.",
    };

    readonly Option<string[]> destinations = new("--destination")
    {
        HelpName = "NAME",
        Description = "Publish only to this destination, like postgres. May be given several times.",
    };

    readonly Option<string?> shard = new("--shard")
    {
        HelpName = "I/N",
        Description = "With --only scan: scan share I of N of the landed files, so that N machines may scan at once.",
    };

    readonly Option<string?> runId = new("--run-id")
    {
        HelpName = "ID",
        Description = "What an orchestrator calls the run; it is kept in the run's record.",
    };

    readonly Option<bool> result = new("--result")
    {
        Description = "Write one line of JSON as the only output: counts, and the dates for the next step.",
    };

    StepOptions() { }

    /// <summary>Adds them to a command.</summary>
    public static StepOptions AddTo(Command command)
    {
        var options = new StepOptions();
        command.Add(options.only);
        command.Add(options.dates);
        command.Add(options.destinations);
        command.Add(options.shard);
        command.Add(options.runId);
        command.Add(options.result);
        return options;
    }

    /// <summary>Whether the result is wanted in a line.</summary>
    public bool WantsResult(ParseResult parsed) => parsed.GetValue(result);

    /// <summary>Reads them.</summary>
    /// <exception cref="UsageException">One is wrong, or they do not go together.</exception>
    public RunRequest Read(ParseResult parsed, IReadOnlyList<string> known)
    {
        var step = parsed.GetValue(only) is { } text ? Step(text) : (RunStep?)null;
        var ranges = (parsed.GetValue(dates) ?? []).Select(Range).ToList();
        var names = (parsed.GetValue(destinations) ?? []).Select(name => Destination(name, known)).ToList();
        if (ranges.Count > 0 && step is RunStep.Scan or RunStep.Archive)
        {
            throw new UsageException(
                "--date goes with computing and publishing: a file may hold listens of many dates."
            );
        }

        if (names.Count > 0 && step is not (null or RunStep.Publish))
        {
            throw new UsageException("--destination goes with publishing.");
        }

        Shard? share = null;
        if (parsed.GetValue(shard) is { } given)
        {
            if (step != RunStep.Scan)
            {
                throw new UsageException(
                    "--shard goes with --only scan: what comes after it is one step for all shards."
                );
            }

            if (!Shard.TryParse(given, out share))
            {
                throw new UsageException(
                    $"--shard: {(given.Length == 0 ? "nothing" : given)} is no share; it is written like 2/4, of at most {Shard.MaxCount}."
                );
            }
        }

        return new()
        {
            Only = step,
            Dates = ranges.Count > 0 ? ranges : null,
            Destinations = names.Count > 0 ? names : null,
            Shard = share,
            OrchestratorRun = parsed.GetValue(runId) is { } id ? RunId(id) : null,
        };
    }

    static RunStep Step(string text) =>
        text switch
        {
            "scan" => RunStep.Scan,
            "compute" => RunStep.Compute,
            "publish" => RunStep.Publish,
            "archive" => RunStep.Archive,
            _ => throw new UsageException(
                $"--only: {(text.Length == 0 ? "nothing" : text)} is no step; there are scan, compute, publish and archive{Spelling.Ask(text, ["scan", "compute", "publish", "archive"])}"
            ),
        };

    static (DateOnly From, DateOnly To) Range(string text)
    {
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var from = DateText.Parse(dots < 0 ? text : text[..dots], "--date");
        var to = dots < 0 ? from : DateText.Parse(text[(dots + 2)..], "--date");
        return to >= from ? (from, to) : throw new UsageException($"--date: {text} ends before it begins.");
    }

    static string Destination(string name, IReadOnlyList<string> known) =>
        known.Contains(name, StringComparer.Ordinal)
            ? name
            : throw new UsageException(
                known.Count == 0
                    ? $"--destination: {name} is none; this lake publishes to no destination."
                    : $"--destination: {name} is none; there are {string.Join(", ", known)}."
            );

    static string RunId(string id) =>
        id.Length is > 0 and <= LongestRunId && id.All(letter => letter is > ' ' and < '\x7f')
            ? id
            : throw new UsageException(
                $"--run-id has 1 to {LongestRunId} letters, digits and signs of ASCII, and no spaces."
            );
}
