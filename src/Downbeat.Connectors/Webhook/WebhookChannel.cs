using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors.Webhook;

/// <summary>
/// Any program that takes a CloudEvent by HTTP, in structured mode. Its id is the same when it is sent again. With a secret it is signed
/// as Standard Webhooks say: by HMAC-SHA256 over id, time and body. Failures: 408, 429 and 5xx pass by themselves.
/// </summary>
public sealed class WebhookChannel : IAlertChannel
{
    /// <summary>The variable with the secret that events are signed with.</summary>
    public const string Variable = "DOWNBEAT_WEBHOOK_SECRET";

    /// <summary>What a secret begins with that is written in base64.</summary>
    const string Base64Secret = "whsec_";

    readonly HttpPost post;
    readonly byte[]? secret;
    readonly TimeProvider clock;

    /// <summary>Connects to nothing before something is sent.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="secret">What events are signed with; null for events that are not.</param>
    /// <param name="clock">The time of signatures.</param>
    /// <exception cref="FormatException">The secret says that it is base64, and is not.</exception>
    public WebhookChannel(Uri address, string? secret, TimeProvider clock)
    {
        this.clock = clock;
        this.secret =
            secret is null ? null
            : secret.StartsWith(Base64Secret, StringComparison.Ordinal)
                ? Convert.FromBase64String(secret[Base64Secret.Length..])
            : Encoding.UTF8.GetBytes(secret);
        post = new(Name, address, secret ?? "");
    }

    /// <inheritdoc/>
    public string Name => "webhook";

    /// <inheritdoc/>
    public string Place => post.Place;

    /// <inheritdoc/>
    public Task SendAsync(AlertMessage message, CancellationToken cancellationToken)
    {
        var body = Payload(message);
        if (secret is null)
        {
            return post.SendAsync(body, "application/cloudevents+json", cancellationToken);
        }

        var time = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(
            secret,
            (byte[])[.. Encoding.UTF8.GetBytes($"{message.Id}.{time}."), .. body]
        );
        return post.SendAsync(
            body,
            "application/cloudevents+json",
            cancellationToken,
            ("webhook-id", message.Id),
            ("webhook-timestamp", time),
            ("webhook-signature", $"v1,{Convert.ToBase64String(signature)}")
        );
    }

    /// <inheritdoc/>
    public void Dispose() => post.Dispose();

    static byte[] Payload(AlertMessage message)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", message.Id);
            json.WriteString("source", $"urn:downbeat:lake:{message.LakeId}");
            json.WriteString("type", "downbeat.alerts.v1");
            json.WriteString("time", Instant(message.At));
            json.WriteString("datacontenttype", "application/json");
            json.WriteStartObject("data");
            json.WriteString("subject", message.Subject);
            json.WriteString("lake", AlertTexts.Safe(message.Lake));
            json.WriteString("host", AlertTexts.Safe(message.Host));
            json.WriteStartArray("alerts");
            foreach (var news in message.News)
            {
                Write(json, news);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    static void Write(Utf8JsonWriter json, AlertNews news)
    {
        json.WriteStartObject();
        json.WriteString("condition", AlertRules.NameOf(news.Kind));
        json.WriteString("phase", AlertRules.NameOf(news.Phase));
        json.WriteString("severity", AlertRules.NameOf(news.Severity));
        json.WriteString("title", news.Title);
        WriteAll(json, "what", news.What);
        json.WriteString("since", Instant(news.Since));
        if (news.Until is { } until)
        {
            json.WriteString("until", Instant(until));
        }

        if (news.Cause.Length > 0)
        {
            json.WriteString("cause", news.Cause);
        }

        WriteAll(json, "do", news.Do);
        json.WriteNumber("others", news.Others);
        WriteAll(json, "keys", news.Keys);
        json.WriteEndObject();
    }

    static void WriteAll(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    static string Instant(DateTimeOffset instant) =>
        instant.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
