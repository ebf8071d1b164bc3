using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors;

/// <summary>Sends alerts to an address that is asked for nothing else, and whose path may be a secret.</summary>
/// <param name="name">The channel, for messages.</param>
/// <param name="address">The address. Of it only the host is told.</param>
/// <param name="secret">What else an answer might repeat, and nobody is told.</param>
sealed class HttpPost(string name, Uri address, string secret) : IDisposable
{
    const int AnswerBytes = 4096;

    /// <summary>A part of the path that is as long may be one.</summary>
    const int ShortestSecret = 8;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly HttpClient client = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // A secret goes to nobody but whom it was given for.
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Where that is, without what may be a secret.</summary>
    public string Place => $"{address.Scheme}://{address.Authority}";

    /// <summary>Sends JSON.</summary>
    /// <exception cref="AlertChannelException">It was not taken.</exception>
    public async Task SendAsync(
        byte[] body,
        string mediaType,
        CancellationToken cancellationToken,
        params IEnumerable<(string Name, string Value)> headers
    )
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new(mediaType) { CharSet = "utf-8" };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Downbeat", Pipeline.Runs.Reconciliation.Version));
        foreach (var (header, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        try
        {
            using var answer = await client
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token)
                .ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
            {
                throw Refusal(answer, await ReadAsync(answer, patience.Token).ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AlertChannelException(
                string.Create(CultureInfo.InvariantCulture, $"{Place} did not answer in {Patience.TotalSeconds} s."),
                isTransient: true,
                cause: error
            );
        }
        catch (HttpRequestException error)
        {
            throw new AlertChannelException(
                $"{Place} was not reached: {AlertTexts.Safe(error.InnerException?.Message ?? error.Message)}",
                isTransient: true,
                cause: error
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var bytes = new byte[AnswerBytes];
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, false, cancellationToken)
                .ConfigureAwait(false);
            return Encoding.UTF8.GetString(bytes.AsSpan(0, length));
        }
        catch (IOException)
        {
            return ""; // The status says most.
        }
    }

    AlertChannelException Refusal(HttpResponseMessage answer, string body)
    {
        var code = (int)answer.StatusCode;
        var says = Answers.Safe(
            body,
            [secret, .. address.AbsolutePath.Split('/').Where(part => part.Length >= ShortestSecret)]
        );
        var isTransient = code is 408 or 429 or >= 500;
        var retryAfter = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow,
            _ => (TimeSpan?)null,
        };
        var advice = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone =>
                $" Check the secret and the address of {name}.",
            _ when code is >= 300 and < 400 => " It leads elsewhere, which is not followed: give the address itself.",
            _ => "",
        };
        return new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Place} answered {code}{(says.Length > 0 && says[0] is not ('<' or '{') ? $" ({says})" : "")}.{advice}"
            ),
            isTransient,
            retryAfter < TimeSpan.Zero ? TimeSpan.Zero : retryAfter
        );
    }
}
