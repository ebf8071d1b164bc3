using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Exporter;

namespace Downbeat.Cli.Telemetry;

/// <summary>Tells once when telemetry cannot be sent, which OpenTelemetry keeps to itself, and again after it could be.</summary>
sealed class SendFailures(ILogger logger)
{
    readonly Lock noting = new();
    string place = "the collector";
    bool isFailing;

    /// <summary>A client that notes how sending goes.</summary>
    public HttpClient Watch(OtlpExporterOptions options)
    {
        place = options.Endpoint.GetLeftPart(UriPartial.Authority);
        return new(new Handler(this), disposeHandler: true)
        {
            Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds),
        };
    }

    /// <summary>Notes how sending went: why it failed, or null.</summary>
    public void Note(string? problem)
    {
        lock (noting)
        {
            if (problem is not null && !isFailing)
            {
                logger.TelemetryFailed(place, problem);
            }

            isFailing = problem is not null;
        }
    }

    sealed class Handler : DelegatingHandler
    {
        readonly SendFailures failures;

        public Handler(SendFailures failures)
        {
            this.failures = failures;
            InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false }; // Headers may hold a secret, which goes nowhere else.
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return Noted(base.Send(request, cancellationToken));
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                failures.Note(Problem(error));
                throw;
            }
        }

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            try
            {
                return Noted(await base.SendAsync(request, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                failures.Note(Problem(error));
                throw;
            }
        }

        HttpResponseMessage Noted(HttpResponseMessage response)
        {
            failures.Note(
                !response.IsSuccessStatusCode ? $"it answered {(int)response.StatusCode}"
                : GrpcStatus(response.Headers) is { } status and not "0" ? $"it answered with the gRPC status {status}"
                : null
            );
            return response;
        }

        static string? GrpcStatus(HttpResponseHeaders headers) =>
            headers.TryGetValues("grpc-status", out var values) ? values.FirstOrDefault() : null;

        static string Problem(Exception error) =>
            error is OperationCanceledException ? "it did not answer in time" : error.Message;
    }
}
