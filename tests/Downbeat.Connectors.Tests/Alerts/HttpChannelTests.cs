using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Connectors.PagerDuty;
using Downbeat.Connectors.Slack;
using Downbeat.Connectors.Webhook;
using Downbeat.Pipeline.Alerts;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Alerts;

/// <summary>Slack, PagerDuty and webhooks against an HTTP server, checked against the forms that they document.</summary>
public sealed class HttpChannelTests : IDisposable
{
    readonly HttpStandIn server = new();

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task SlackIsSentSectionsInWhichNothingFromOutsideIsMarkup()
    {
        var news = ExampleAlerts.Quarantine(
            AlertPhase.Raised,
            0,
            ("landing/streams/<!channel> & <@U123>.csv", "<https://evil.example|click> &amp;"),
            ("landing/streams/b.csv", "no header")
        );
        using var channel = new SlackChannel(new(server.Address, "services/T0/B0/SECRET"));
        await channel.SendAsync(ExampleAlerts.Message(news, news), default);
        var request = Assert.Single(server.Requests);
        Assert.Equal("/services/T0/B0/SECRET", request.Path);
        Assert.StartsWith("application/json", request.Headers["Content-Type"], StringComparison.Ordinal);
        using var json = JsonDocument.Parse(request.Body);
        Assert.Equal(["text", "blocks"], json.RootElement.EnumerateObject().Select(one => one.Name));
        Assert.Equal(2, json.RootElement.GetProperty("blocks").GetArrayLength());
        foreach (var block in json.RootElement.GetProperty("blocks").EnumerateArray())
        {
            Assert.Equal("section", block.GetProperty("type").GetString());
            Assert.Equal("mrkdwn", block.GetProperty("text").GetProperty("type").GetString());
            var text = block.GetProperty("text").GetProperty("text").GetString()!;
            Assert.DoesNotContain('<', text);
            Assert.DoesNotContain('>', text);
            Assert.Contains("&lt;!channel&gt; &amp; &lt;@U123&gt;", text, StringComparison.Ordinal);
            Assert.Contains("&amp;amp;", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SlackIsSentNoSectionThatIsTooLongAndNoneWithoutWhatToType()
    {
        var files = Enumerable
            .Range(0, 500)
            .Select(number => ($"landing/streams/{number}-{new string('<', 400)}.csv", new string('&', 400)))
            .ToArray();
        using var channel = new SlackChannel(server.Address);
        await channel.SendAsync(ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, files)), default);
        using var json = JsonDocument.Parse(Assert.Single(server.Requests).Body);
        var text = json.RootElement.GetProperty("blocks")[0].GetProperty("text").GetProperty("text").GetString()!;
        Assert.InRange(text.Length, 100, 3000);
        Assert.Contains("`downbeat quarantine list --lake /data/lake`", text, StringComparison.Ordinal);
        Assert.Contains("500 files were quarantined", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PagerDutyIsTriggeredAndResolvedByTheSameKey()
    {
        using var channel = new PagerDutyChannel(server.Address, "R0UTING");
        await channel.SendAsync(
            ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a.csv", "no header"))),
            default
        );
        await channel.SendAsync(
            ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Over, 1, ("a.csv", "no header"))),
            default
        );
        await channel.SendAsync(
            ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Over, 0, ("a.csv", "no header"))),
            default
        );
        var requests = server.Requests.ToList();
        Assert.Equal(2, requests.Count); // While another file is in quarantine the incident goes on.
        Assert.All(requests, request => Assert.Equal("/v2/enqueue", request.Path));
        using var trigger = JsonDocument.Parse(requests[0].Body);
        using var resolve = JsonDocument.Parse(requests[1].Body);
        Assert.Equal("trigger", trigger.RootElement.GetProperty("event_action").GetString());
        Assert.Equal("resolve", resolve.RootElement.GetProperty("event_action").GetString());
        Assert.All(
            [trigger, resolve],
            json =>
            {
                Assert.Equal("R0UTING", json.RootElement.GetProperty("routing_key").GetString());
                Assert.Equal(
                    "downbeat/00112233445566778899aabbccddeeff/quarantine",
                    json.RootElement.GetProperty("dedup_key").GetString()
                );
            }
        );
        var payload = trigger.RootElement.GetProperty("payload");
        Assert.InRange(payload.GetProperty("summary").GetString()!.Length, 1, 1024);
        Assert.Equal("kpi-1", payload.GetProperty("source").GetString());
        Assert.Equal("warning", payload.GetProperty("severity").GetString());
        Assert.Equal(ExampleAlerts.Now, payload.GetProperty("timestamp").GetDateTimeOffset());
        Assert.Equal(JsonValueKind.Object, payload.GetProperty("custom_details").ValueKind);
    }

    [Theory]
    [InlineData("a secret of letters")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public async Task AWebhookIsSentACloudEventThatIsSigned(string secret)
    {
        using var channel = new WebhookChannel(new(server.Address, "hook?a=b"), secret, TimeProvider.System);
        var message = ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a.csv", "no header")));
        await channel.SendAsync(message, default);
        var request = Assert.Single(server.Requests);
        Assert.Equal("/hook?a=b", request.Path);
        Assert.StartsWith("application/cloudevents+json", request.Headers["Content-Type"], StringComparison.Ordinal);
        var key = secret.StartsWith("whsec_", StringComparison.Ordinal)
            ? Convert.FromBase64String(secret["whsec_".Length..])
            : Encoding.UTF8.GetBytes(secret);
        var signed = $"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{request.Text}";
        Assert.Equal(
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)))}",
            request.Headers["webhook-signature"]
        );
        using var json = JsonDocument.Parse(request.Body);
        var root = json.RootElement;
        Assert.Equal("1.0", root.GetProperty("specversion").GetString());
        Assert.Equal(message.Id, root.GetProperty("id").GetString());
        Assert.Equal(request.Headers["webhook-id"], message.Id);
        Assert.True(Uri.IsWellFormedUriString(root.GetProperty("source").GetString(), UriKind.Absolute));
        Assert.Equal("downbeat.alerts.v1", root.GetProperty("type").GetString());
        Assert.Equal(ExampleAlerts.Now, root.GetProperty("time").GetDateTimeOffset());
        Assert.All(root.EnumerateObject(), one => Assert.Matches("^[a-z0-9]{1,20}$", one.Name));
        var alert = root.GetProperty("data").GetProperty("alerts")[0];
        Assert.Equal("quarantine", alert.GetProperty("condition").GetString());
        Assert.Equal("raised", alert.GetProperty("phase").GetString());
    }

    [Theory]
    [InlineData(429, "7", true, 7)]
    [InlineData(503, null, true, null)]
    [InlineData(500, null, true, null)]
    [InlineData(408, null, true, null)]
    [InlineData(400, null, false, null)]
    [InlineData(404, null, false, null)]
    [InlineData(302, null, false, null)]
    public async Task WhatAServerAnswersPassesOrNot(int status, string? retryAfter, bool isTransient, int? seconds)
    {
        server.Usual = (status, "the key S3CRET is no good", retryAfter);
        using var channel = new PagerDutyChannel(server.Address, "S3CRET");
        var error = await Assert.ThrowsAsync<AlertChannelException>(() =>
            channel.SendAsync(
                ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a", "b"))),
                default
            )
        );
        Assert.Equal((isTransient, seconds), (error.IsTransient, (int?)error.RetryAfter?.TotalSeconds));
        Assert.Contains($"{status}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("S3CRET", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheAddressOfSlackIsNotToldWhenNobodyAnswers()
    {
        using var channel = new SlackChannel(new("http://127.0.0.1:1/services/T0/B0/SECRET"));
        var error = await Assert.ThrowsAsync<AlertChannelException>(() =>
            channel.SendAsync(
                ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a", "b"))),
                default
            )
        );
        Assert.True(error.IsTransient);
        Assert.DoesNotContain("SECRET", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", channel.Place, StringComparison.Ordinal);
    }
}
