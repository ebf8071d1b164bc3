using Downbeat.Dashboard.Api;
using Downbeat.Dashboard.Lakes;
using Downbeat.Dashboard.Pages;
using Downbeat.Dashboard.Safety;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Downbeat.Dashboard;

/// <summary>Serves a lake's tables and records over HTTP: pages for people, an API for programs. Reads only.</summary>
public sealed class DashboardServer : IAsyncDisposable
{
    static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);
    static readonly TimeSpan PublishPause = TimeSpan.FromMilliseconds(150);
    const int PublishAttempts = 8;

    readonly WebApplication app;
    readonly LakeFollower follower;
    readonly TableCache tables;
    readonly Access access;
    readonly ILogger logger;

    // One row of a table in memory is done in microseconds; years of tables are work.
    readonly Gate quick = new(64, 2000);
    readonly Gate thorough = new(Math.Max(4, 2 * Environment.ProcessorCount), 200);

    DashboardServer(
        WebApplication app,
        LakeFollower follower,
        DashboardOptions options,
        TimeProvider clock,
        ILogger logger
    )
    {
        (this.app, this.follower, this.logger) = (app, follower, logger);
        tables = new(follower.Lake, options.CacheBytes);
        access = new(options, clock);
    }

    /// <summary>Where it can be asked: <c>http://127.0.0.1:5080</c>.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Starts to serve.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    /// <exception cref="IOException">It cannot listen there.</exception>
    public static async Task<DashboardServer> StartAsync(
        ILake lake,
        RunOptions run,
        DashboardOptions options,
        TimeProvider clock,
        ILogger logger
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problem is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        var lakeFollower = new LakeFollower(lake, clock, logger);
        var server = new DashboardServer(Build(options), lakeFollower, options, clock, logger);
        server.Map(new LakePages(lakeFollower, server.tables, run, clock));
        lakeFollower.Start();
        try
        {
            await server.app.StartAsync();
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw new IOException(
                $"{options.Listen} cannot be listened at: the port is in use. Choose another with --listen, as 127.0.0.1:5081; port 0 takes a free one.",
                error
            );
        }

        var bound = server.app.Urls.Select(url => new Uri(url)).First();
        server.Address = bound;
        return server;
    }

    /// <summary>Answers what was asked already, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var patience = new CancellationTokenSource(Drain))
        {
            await app.StopAsync(patience.Token);
        }

        await app.DisposeAsync();
        follower.Dispose();
        quick.Dispose();
        thorough.Dispose();
    }

    static WebApplication Build(DashboardOptions options)
    {
        // Empty: no settings from files or variables of the host, no log of its own, no signals. What is told is told here.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 1000;
            kestrel.Limits.MaxRequestBodySize = 8 << 10; // The login form.
            kestrel.Limits.MaxRequestLineSize = 8 << 10;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            kestrel.Listen(options.Listen, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    void Map(LakePages pages)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        app.Use(GuardAsync);
        app.MapMethods("/healthz", reading, SendHealthAsync);
        app.MapMethods("/api/v1/tables", reading, context => Catalogue.SendTablesAsync(context));
        app.MapMethods("/api/v1/openapi.json", reading, context => OpenApi.SendAsync(context));
        app.MapMethods(
            "/api/v1/dates",
            reading,
            context => WhenPublishedAsync(moment => Catalogue.SendDatesAsync(context, moment, pages.Tables))
        );
        app.MapMethods("/api/v1/{table}/{**key}", reading, SendTableAsync);
        app.MapMethods(
            "/view/{name}",
            reading,
            context => thorough.PassAsync(context, () => WhenPublishedAsync(moment => pages.SendAsync(context, moment)))
        );
        if (access.NeedsToken)
        {
            app.MapPost("/login", access.LogInAsync);
            app.MapPost("/logout", Access.LogOutAsync);
        }

        app.MapMethods("/{**path}", reading, context => Assets.SendAsync(context, access.NeedsToken));
    }

    Task SendTableAsync(HttpContext context)
    {
        var request = TableRequest.Parse(context);
        var gate = request.IsOneRow ? quick : thorough;
        return gate.PassAsync(
            context,
            () => WhenPublishedAsync(moment => TableAnswer.SendAsync(context, request, moment, tables))
        );
    }

    /// <summary>A run that publishes replaces files and then says so: between the two, what it says is waited for.</summary>
    async Task WhenPublishedAsync(Func<LakeMoment, Task> answer)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await answer(follower.Now);
                return;
            }
            catch (TableChangedException) when (attempt < PublishAttempts)
            {
                await Task.Delay(PublishPause);
                follower.Refresh();
            }
        }
    }

    Task SendHealthAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Answer.SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("status", follower.Problem is null ? "ok" : "stale");
                json.WriteEndObject();
            }
        );
    }

    /// <summary>Around every request: who may ask, what every answer says, and what becomes of what goes wrong.</summary>
    async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        SafeHeaders.AddTo(context.Response.Headers);
        var path = context.Request.Path;
        try
        {
            if (!access.MeansUs(context.Request))
            {
                throw new Problem(
                    StatusCodes.Status421MisdirectedRequest,
                    "This dashboard answers under localhost and 127.0.0.1 only. To reach it under another name, start it with --token-file."
                );
            }

            if (!Assets.IsOpen(path) && path != "/healthz" && !access.Admits(context.Request))
            {
                if (IsForPrograms(path))
                {
                    throw new Problem(
                        StatusCodes.Status401Unauthorized,
                        "Send the token as 'Authorization: Bearer TOKEN', or log in at /login."
                    );
                }

                context.Response.Redirect("/login?next=" + Uri.EscapeDataString(path + context.Request.QueryString));
                return;
            }

            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null } response)
            {
                throw new Problem(
                    response.StatusCode,
                    response.StatusCode == StatusCodes.Status405MethodNotAllowed
                        ? "Only GET and HEAD are answered: nothing can be changed here."
                        : "There is nothing here. The API begins at /api/v1/tables."
                );
            }
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await ExplainAsync(context, error);
        }
    }

    Task ExplainAsync(HttpContext context, Exception error)
    {
        var path = context.Request.Path.Value ?? "";
        switch (error)
        {
            case Problem problem:
                return Answer.SendProblemAsync(context, problem.Status, problem.Message);
            case TableChangedException:
                return Answer.SendProblemAsync(context, StatusCodes.Status503ServiceUnavailable, error.Message);
            case Microsoft.AspNetCore.Http.BadHttpRequestException bad:
                return Answer.SendProblemAsync(context, bad.StatusCode, "The request is too large or broken.");
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                return Task.CompletedTask;
            case var _ when LakeFollower.IsOfLake(error):
                logger.NotAnswered(path, error.Message);
                return Answer.SendProblemAsync(
                    context,
                    StatusCodes.Status503ServiceUnavailable,
                    "The lake cannot be read at this moment; the log of the server says why."
                );
            default:
                logger.Failed(path, error.ToString());
                return Answer.SendProblemAsync(
                    context,
                    StatusCodes.Status500InternalServerError,
                    "That is a defect of Downbeat; the log of the server says more."
                );
        }
    }

    static bool IsForPrograms(PathString path) =>
        path.StartsWithSegments("/api/v1", StringComparison.Ordinal)
        || path.StartsWithSegments("/view", StringComparison.Ordinal);

    /// <summary>Whoever started this ends it: signals are not listened to here.</summary>
    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
