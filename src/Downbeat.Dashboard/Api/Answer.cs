using System.Buffers;
using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Downbeat.Dashboard.Api;

/// <summary>Sends answers: whole, with their length; 304 where the asker has them already; compressed where that pays.</summary>
static class Answer
{
    const int LeastCompressed = 4096;

    /// <summary>How JSON is written: names stay as they are. It is sent as JSON, which browsers are told not to take for anything else.</summary>
    public static JsonWriterOptions JsonOptions { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Whether the asker has this already; the answer is sent then.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tag">Differs when the answer differs; without quotes.</param>
    public static bool IsKnown(HttpContext context, string tag)
    {
        var headers = context.Response.Headers;
        headers.ETag = $"\"{tag}\"";
        headers.CacheControl = "private, no-cache"; // Kept, and asked about each time: any date may be restated at any moment.
        headers.Vary = "Accept, Accept-Encoding";
        foreach (var known in context.Request.Headers.IfNoneMatch)
        {
            if (known is not null && Names(known, tag))
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return true;
            }
        }

        return false;
    }

    /// <summary>Sends bytes.</summary>
    public static async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> body, string type)
    {
        var response = context.Response;
        if (body.Length >= LeastCompressed && Accepts(context.Request, "gzip"))
        {
            using var compressed = new MemoryStream(body.Length / 4);
            await using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            {
                gzip.Write(body.Span);
            }

            if (response.Headers.ETag is [{ } tag])
            {
                response.Headers.ETag = "W/" + tag; // The same content, but not the same bytes.
            }

            response.Headers.ContentEncoding = "gzip";
            body = compressed.GetBuffer().AsMemory(0, (int)compressed.Length);
        }

        await SendPackedAsync(context, body, type);
    }

    /// <summary>Sends bytes as they are.</summary>
    public static async Task SendPackedAsync(HttpContext context, ReadOnlyMemory<byte> body, string type)
    {
        var response = context.Response;
        response.ContentType = type;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body, context.RequestAborted);
        }
    }

    /// <summary>Sends JSON.</summary>
    public static Task SendJsonAsync(
        HttpContext context,
        Action<Utf8JsonWriter> write,
        string type = "application/json"
    )
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body, JsonOptions))
        {
            write(json);
        }

        return SendAsync(context, body.WrittenMemory, type);
    }

    /// <summary>Sends what was wrong, as RFC 9457 says.</summary>
    public static Task SendProblemAsync(HttpContext context, int status, string detail)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        Safety.SafeHeaders.AddTo(context.Response.Headers);
        context.Response.Headers.CacheControl = "no-store";
        switch (status)
        {
            case StatusCodes.Status401Unauthorized:
                context.Response.Headers.WWWAuthenticate = "Bearer";
                break;
            case StatusCodes.Status405MethodNotAllowed:
                context.Response.Headers.Allow = "GET, HEAD";
                break;
            case StatusCodes.Status503ServiceUnavailable:
                context.Response.Headers.RetryAfter = "1";
                break;
        }

        return SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("type", "about:blank");
                json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
                json.WriteNumber("status", status);
                json.WriteString("detail", detail);
                json.WriteEndObject();
            },
            "application/problem+json"
        );
    }

    /// <summary>Whether a request accepts an encoding.</summary>
    public static bool Accepts(HttpRequest request, string encoding) =>
        request
            .GetTypedHeaders()
            .AcceptEncoding.Any(accepted =>
                accepted.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && accepted.Quality is not 0
            );

    /// <summary>Whether a header of If-None-Match names a tag, strong or weak.</summary>
    static bool Names(string header, string tag) =>
        EntityTagHeaderValue.TryParseList([header], out var tags)
        && tags.Any(one => one.Tag == "*" || one.Tag.AsSpan().Trim('"').SequenceEqual(tag));
}
