using System.CommandLine;
using System.Net;
using System.Runtime.CompilerServices;
using Downbeat.Cli.Output;
using Downbeat.Dashboard;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat serve</c>.</summary>
static class ServeCommand
{
    const string UsualPlace = "127.0.0.1:5080";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "serve",
            "Shows a lake's tables and records to a browser, and answers programs under /api/v1; changes nothing, and follows the lake as it "
                + "changes. Only this machine can reach it, unless told otherwise."
        );
        var listen = new Option<string>("--listen")
        {
            HelpName = "ADDRESS:PORT",
            Description =
                "Where to listen. Port 0 takes a free one. An address that other machines can reach needs --token-file or --public.",
            DefaultValueFactory = _ => UsualPlace,
        };
        var tokenFile = new Option<string?>("--token-file")
        {
            HelpName = "FILE",
            Description =
                "A file that holds a token of 16 letters or more: whoever asks has to send it, or to log in with it.",
        };
        var isPublic = new Option<bool>("--public")
        {
            Description = "Whoever can reach the address may read everything.",
        };
        command.Add(listen);
        command.Add(tokenFile);
        command.Add(isPublic);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var place = Place(parsed.GetValue(listen) ?? "");
            var token = parsed.GetValue(tokenFile) is { } file ? ReadToken(file) : null;
            var (lake, options) = arguments.Open(parsed);
            using var stop = new Stop();
            return Serve(lake, options, place, token, parsed.GetValue(isPublic), stop.Token);
        });
        return command;
    }

    /// <summary>Only this command costs the time to load a web server.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Serve(
        ILake lake,
        RunOptions run,
        IPEndPoint place,
        string? token,
        bool isPublic,
        CancellationToken cancellationToken
    )
    {
        var options = new DashboardOptions
        {
            Listen = place,
            Token = token,
            IsPublic = isPublic,
        };
        if (options.Problem is { } problem)
        {
            throw new UsageException($"--listen: {problem}");
        }

        ServeAsync(lake, run, options, cancellationToken).GetAwaiter().GetResult();
        return ExitCode.Done;
    }

    static async Task ServeAsync(
        ILake lake,
        RunOptions run,
        DashboardOptions options,
        CancellationToken cancellationToken
    )
    {
        await using var server = await DashboardServer.StartAsync(
            lake,
            run,
            options,
            TimeProvider.System,
            new ConsoleLogger()
        );
        Terminal.Line($"{SafeText.Of(lake.Name)} is shown at {server.Address}");
        Terminal.Line("Ctrl-C ends it.");
        Terminal.Flush();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(ended.SetResult);
        await ended.Task;
    }

    static IPEndPoint Place(string text) =>
        IPEndPoint.TryParse(
            text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text[9..] : text,
            out var place
        ) && text.Contains(':', StringComparison.Ordinal)
            ? place
            : throw new UsageException(
                $"--listen: {text} is no address with a port: write it like {UsualPlace}, or 0.0.0.0:5080."
            );

    static string ReadToken(string file)
    {
        string token;
        try
        {
            token = File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"--token-file: {file} cannot be read: {(error is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : error.Message)}"
            );
        }

        return
            token.Length >= DashboardOptions.LeastTokenLetters && token.All(letter => letter is > ' ' and < (char)127)
            ? token
            : throw new UsageException(
                $"--token-file: {file} has to hold a token of {DashboardOptions.LeastTokenLetters} or more letters and digits without spaces, as `openssl rand -hex 24` makes one."
            );
    }
}
