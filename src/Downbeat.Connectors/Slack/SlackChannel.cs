using System.Text;
using System.Text.Json;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors.Slack;

/// <summary>
/// A channel of Slack, by an incoming webhook. Slack cannot tell that a message came twice. Failures: 429 and 5xx pass by themselves,
/// 403, 404 and 410 say that the webhook is gone.
/// </summary>
public sealed class SlackChannel : IAlertChannel
{
    /// <summary>The variable with the webhook's address, which is its secret.</summary>
    public const string Variable = "DOWNBEAT_SLACK_URL";

    /// <summary>Slack takes no longer text in a section; escaped letters count as what they become.</summary>
    const int LongestSection = 3000;

    readonly HttpPost post;

    /// <summary>Connects to nothing before something is sent.</summary>
    public SlackChannel(Uri webhook)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        post = new(Name, webhook, "");
    }

    /// <inheritdoc/>
    public string Name => "slack";

    /// <inheritdoc/>
    public string Place => post.Place;

    /// <inheritdoc/>
    public Task SendAsync(AlertMessage message, CancellationToken cancellationToken) =>
        post.SendAsync(Payload(message), "application/json", cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => post.Dispose();

    static byte[] Payload(AlertMessage message)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("text", Escape(message.Subject)); // What notifications show.
            json.WriteStartArray("blocks");
            foreach (var news in message.News)
            {
                json.WriteStartObject();
                json.WriteString("type", "section");
                json.WriteStartObject("text");
                json.WriteString("type", "mrkdwn");
                json.WriteString("text", Section(message, news));
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    static string Section(AlertMessage message, AlertNews news)
    {
        var text = new StringBuilder($"*[{news.Mark}] {Escape(news.Title)}*");
        var dropped = 0;
        foreach (var (label, lines) in AlertTexts.Facts(message, news))
        {
            foreach (var (number, line) in lines.Index())
            {
                var escaped = Escape(line);
                var shown = $"\n{(number == 0 ? $"_{label}_ " : "")}{(label == "do" ? $"`{escaped}`" : escaped)}";

                // Room is kept for what to type.
                if (text.Length + shown.Length > (label == "do" ? LongestSection : LongestSection - 700))
                {
                    dropped++;
                }
                else
                {
                    text.Append(shown);
                }
            }
        }

        return dropped == 0 || text.Length > LongestSection - 2 ? text.ToString() : text.Append("\n…").ToString();
    }

    /// <summary>Slack's three letters of control; behind them <c>&lt;!channel&gt;</c> would wake everybody.</summary>
    static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
}
