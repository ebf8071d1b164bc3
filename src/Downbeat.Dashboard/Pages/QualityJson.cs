using System.Text.Json;
using Downbeat.Dashboard.Lakes;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Dashboard.Pages;

/// <summary>What the checks of quality say of a date, as pages show it.</summary>
static class QualityJson
{
    /// <summary>Writes whether a date is held back, since when and in whose place, and its checks.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="date">The date.</param>
    /// <param name="onlyFindings">Whether checks that are ok are left out.</param>
    public static void WriteQuality(this Utf8JsonWriter json, PublishedDate date, bool onlyFindings = false)
    {
        json.WriteStartObject("quality");
        json.WriteBoolean("held", date.IsHeld);
        json.WriteBoolean("shown", date.HasTables);
        json.WriteInstant("judgedAt", date.ComputedAt);
        json.WriteInstant("shownSince", date.Entry.RestatedAt);
        if (date.ApprovedAt is { } approved)
        {
            json.WriteInstant("approvedAt", approved);
        }

        json.WriteObjects(
            "checks",
            date.Entry.Quality.Where(check => !onlyFindings || !check.IsOk),
            check =>
            {
                json.WriteString("check", check.Check);
                json.WriteString("meaning", QualityCheck.Find(check.Check)?.Meaning ?? "");
                json.WriteNumber("value", check.Value);
                json.WriteNumber("threshold", check.Threshold);
                json.WriteString("valueText", QualityText.Value(check, check.Value));
                json.WriteString("thresholdText", QualityText.Value(check, check.Threshold));
                json.WriteString("status", check.Status);
            }
        );
        json.WriteEndObject();
    }
}
