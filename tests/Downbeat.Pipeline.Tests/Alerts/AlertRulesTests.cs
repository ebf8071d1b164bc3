using Downbeat.Pipeline.Alerts;

namespace Downbeat.Pipeline.Tests.Alerts;

/// <summary>Rules say who is told of what.</summary>
public sealed class AlertRulesTests
{
    static readonly string[] Channels = ["email", "slack", "pagerduty", "webhook"];

    [Fact]
    public void WithoutRulesEverybodyIsToldOfEverything() =>
        Assert.All(
            Enum.GetValues<AlertKind>(),
            kind => Assert.All(Channels, channel => Assert.True(AlertRules.Usual.Tells(channel, kind)))
        );

    [Fact]
    public void AConditionGoesWhereItIsSentElseWhereItsSeverityIsSentElseEverywhere()
    {
        var rules = AlertRules.Parse(
            " quarantine critical ; freshness off; behind: email,slack ;error:pagerduty; critical : slack pagerduty;",
            Channels
        );
        Assert.Equal(["slack", "pagerduty"], Told(AlertKind.Quarantine));
        Assert.Equal([], Told(AlertKind.Freshness));
        Assert.Equal(["email", "slack"], Told(AlertKind.Behind));
        Assert.Equal(["pagerduty"], Told(AlertKind.Run));
        Assert.Equal(["email", "pagerduty", "slack"], rules.Channels.Order(StringComparer.Ordinal));
        string[] Told(AlertKind kind) => [.. Channels.Where(channel => rules.Tells(channel, kind))];
    }

    [Theory]
    [InlineData("quarantine", "rule 1")]
    [InlineData("run error; behnid warning", "rule 2")]
    [InlineData("run loud", "rule 1")]
    [InlineData("run: smoke-signals", "rule 1")]
    [InlineData("run:", "rule 1")]
    [InlineData("error critical: email", "rule 1")]
    [InlineData("run error now", "rule 1")]
    [InlineData("run: email: slack", "rule 1")]
    [InlineData("off: email", "rule 1")]
    [InlineData(";;;", "there is no rule")]
    public void WhatIsNotUnderstoodIsSaid(string text, string says)
    {
        var error = Assert.Throws<FormatException>(() => AlertRules.Parse(text, Channels));
        Assert.StartsWith(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("smoke", error.Message, StringComparison.Ordinal);
    }
}
