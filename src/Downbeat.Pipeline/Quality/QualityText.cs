using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Quality;

/// <summary>What checks say, for people.</summary>
public static class QualityText
{
    /// <summary>What a check says, as in <c>rejected_share 7.5 % above 5 %</c>.</summary>
    public static string Of(QualityEntry check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return $"{check.Check} {Value(check, check.Value)} {(check.IsOk ? "within" : "above")} {Value(check, check.Threshold)}";
    }

    /// <summary>A value of a check, as in <c>7.5 %</c> or <c>3 h</c>.</summary>
    public static string Value(QualityEntry check, double value)
    {
        ArgumentNullException.ThrowIfNull(check);
        return QualityCheck.Find(check.Check)?.Text(value) ?? Engine.Kpis.Quotients.Text(value);
    }
}
