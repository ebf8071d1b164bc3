using System.Net;
using System.Text.Json;
using Downbeat.Pipeline.Schedule;

namespace Downbeat.Cli.Output;

/// <summary>
/// Answers <c>/healthz</c> (the process advances) and <c>/readyz</c> (the last run left nothing undone) with 200 or 503 and a JSON body.
/// </summary>
sealed class HealthEndpoint : IDisposable
{
    readonly HttpListener listener = new();
    readonly Func<WatchState> state;

    /// <summary>Begins to answer.</summary>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public HealthEndpoint(IPEndPoint address, Func<WatchState> state)
    {
        this.state = state;
        var host =
            address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any) ? "*"
            : address.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address.Address}]"
            : address.Address.ToString();
        listener.Prefixes.Add($"http://{host}:{address.Port}/");
        if (IPAddress.IsLoopback(address.Address))
        {
            listener.Prefixes.Add($"http://localhost:{address.Port}/"); // Told apart by what the client calls it.
        }

        try
        {
            listener.Start();
        }
        catch (HttpListenerException error)
        {
            throw new IOException($"--health: {address} cannot be listened on: {error.Message}.", error);
        }

        _ = AnswerAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Close();

    async Task AnswerAsync()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync().ConfigureAwait(false);
                Answer(context);
            }
            catch (Exception error)
                when (error
                        is HttpListenerException
                            or ObjectDisposedException
                            or InvalidOperationException
                            or IOException
                )
            {
                // Who asked has gone, or nobody is answered any more.
            }
        }
    }

    void Answer(HttpListenerContext context)
    {
        using var response = context.Response;
        var now = state();
        bool isWell;
        string? reason;
        switch (context.Request.Url?.AbsolutePath)
        {
            case "/healthz":
                (isWell, reason) = (now.IsAlive, now.IsAlive ? null : "it has not advanced for long");
                break;
            case "/readyz":
                (isWell, reason) = (now.Problem is null, now.Problem);
                break;
            default:
                response.StatusCode = (int)HttpStatusCode.NotFound;
                return;
        }

        if (context.Request.HttpMethod is not ("GET" or "HEAD"))
        {
            response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
            return;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(
            new HealthAnswer(
                isWell ? "ok" : "unavailable",
                reason,
                now.IsRunning ? "running" : "waiting",
                now.LastOutcome?.ToString(),
                now.LastEnded
            ),
            CliJson.Default.HealthAnswer
        );
        response.StatusCode = (int)(isWell ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
        response.ContentType = "application/json";
        response.Headers["Cache-Control"] = "no-store";
        response.ContentLength64 = body.Length;
        if (context.Request.HttpMethod == "GET")
        {
            response.OutputStream.Write(body);
        }
    }
}

/// <summary>What is answered.</summary>
sealed record HealthAnswer(
    string Status,
    string? Reason,
    string Activity,
    string? LastOutcome,
    DateTimeOffset? LastEnded
);
