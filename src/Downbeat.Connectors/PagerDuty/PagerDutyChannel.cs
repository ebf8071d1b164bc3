using System.Globalization;
using System.Text.Json;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors.PagerDuty;

/// <summary>
/// A service of PagerDuty, by the Events API v2: an incident a kind of condition, by a key of its own, so that what is sent twice is one.
/// Failures: 429 and 5xx pass by themselves, 400 says that the key is none.
/// </summary>
public sealed class PagerDutyChannel : IAlertChannel
{
    /// <summary>The variable with the integration key of the service.</summary>
    public const string Variable = "DOWNBEAT_PAGERDUTY_KEY";

    /// <summary>Where PagerDuty is, but for accounts in Europe.</summary>
    public static readonly Uri Usual = new("https://events.pagerduty.com");

    const int LongestSummary = 1024;

    readonly HttpPost post;
    readonly string key;

    /// <summary>Connects to nothing before something is sent.</summary>
    public PagerDutyChannel(Uri server, string key)
    {
        this.key = key;
        post = new(Name, new(server, "v2/enqueue"), key);
    }

    /// <inheritdoc/>
    public string Name => "pagerduty";

    /// <inheritdoc/>
    public string Place => post.Place;

    /// <inheritdoc/>
    public async Task SendAsync(AlertMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        foreach (var news in message.News)
        {
            if (news.Phase is AlertPhase.Raised or AlertPhase.Reminder or AlertPhase.Test)
            {
                await SendAsync(message, news, "trigger", cancellationToken).ConfigureAwait(false);
            }

            // The incident goes on while anything of the kind does.
            if (news.IsLast || news.Phase == AlertPhase.Test)
            {
                await SendAsync(message, news, "resolve", cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => post.Dispose();

    async Task SendAsync(AlertMessage message, AlertNews news, string action, CancellationToken cancellationToken)
    {
        var kind = news.Phase == AlertPhase.Test ? "test" : AlertRules.NameOf(news.Kind);
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("routing_key", key);
            json.WriteString("event_action", action);
            json.WriteString("dedup_key", $"downbeat/{message.LakeId}/{kind}");
            if (action == "trigger")
            {
                json.WriteString("client", "Downbeat");
                json.WriteStartObject("payload");
                var summary = $"{news.Title} ({message.Lake})";
                json.WriteString("summary", AlertTexts.Safe(summary.Length > LongestSummary ? news.Title : summary));
                json.WriteString("source", AlertTexts.Safe(message.Host));
                json.WriteString("severity", AlertRules.NameOf(news.Severity));
                json.WriteString(
                    "timestamp",
                    message.At.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
                );
                json.WriteString("component", "downbeat");
                json.WriteString("group", AlertTexts.Safe(message.Lake));
                json.WriteString("class", kind);
                json.WriteStartObject("custom_details");
                foreach (var (label, lines) in AlertTexts.Facts(message, news))
                {
                    json.WriteString(label, string.Join('\n', lines));
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        await post.SendAsync(bytes.ToArray(), "application/json", cancellationToken).ConfigureAwait(false);
    }
}
