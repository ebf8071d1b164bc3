using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors.Tests.Alerts;

/// <summary>Messages to send.</summary>
static class ExampleAlerts
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 5, 0, 0, TimeSpan.Zero);

    /// <summary>A message of news.</summary>
    public static AlertMessage Message(params AlertNews[] news) =>
        new()
        {
            Id = "0123456789abcdef0123456789abcdef",
            At = Now,
            LakeId = "00112233445566778899aabbccddeeff",
            Lake = "/data/lake",
            Host = "kpi-1",
            News = news,
        };

    /// <summary>News of files in quarantine.</summary>
    public static AlertNews Quarantine(AlertPhase phase, int others, params (string File, string Cause)[] files) =>
        AlertTexts.News(
            phase,
            AlertSeverity.Warning,
            [
                .. files.Select(
                    (file, number) =>
                        new AlertCondition
                        {
                            Kind = AlertKind.Quarantine,
                            Name = $"{number:x24}",
                            What = file.File,
                            Since = Now.AddMinutes(-5),
                            Cause = file.Cause,
                            Do = [$"downbeat quarantine show {number:x24}", $"downbeat quarantine retry {number:x24}"],
                        }
                ),
            ],
            others,
            phase == AlertPhase.Over ? Now : null,
            "/data/lake"
        );
}
