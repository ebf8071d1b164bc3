using System.Globalization;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Quality;

/// <summary>The thresholds of all checks.</summary>
public sealed record QualityOptions
{
    static readonly Dictionary<QualityCheck, QualityThresholds?> AsDefault = [];

    Dictionary<QualityCheck, QualityThresholds?> given = AsDefault;

    /// <summary>The thresholds of a check; null when it is off.</summary>
    public QualityThresholds? Of(QualityCheck check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return given.TryGetValue(check, out var thresholds) ? thresholds : check.Default;
    }

    /// <summary>The same with other thresholds of a check; null turns it off.</summary>
    public QualityOptions With(QualityCheck check, QualityThresholds? thresholds)
    {
        ArgumentNullException.ThrowIfNull(check);
        if (thresholds is { Warn: null, Fail: null })
        {
            throw new ArgumentException($"{check.Name} has no threshold; to turn it off, say so.", nameof(thresholds));
        }

        return
            thresholds is { Warn: < 0 or double.NaN } or { Fail: < 0 or double.NaN }
            || thresholds?.Warn > thresholds?.Fail
            ? throw new ArgumentOutOfRangeException(
                nameof(thresholds),
                $"{check.Name}: thresholds are not negative, and that for a warning is not above the other."
            )
            : this with
            {
                given = new(given) { [check] = thresholds },
            };
    }

    /// <summary>
    /// What a judgement rests on besides the date's files: a date that is held back is judged again when it changes. Others are
    /// not: what was published is not taken back because someone has turned a screw.
    /// </summary>
    internal static string JudgedBy(QualityOptions options, LakeState state)
    {
        var thresholds = QualityCheck.All.Select(check =>
            options.Of(check) is { } of
                ? string.Create(CultureInfo.InvariantCulture, $"{check.Name}={of.Warn}/{of.Fail}")
                : $"{check.Name}=off"
        );
        var signups = options.Of(QualityCheck.ListensBeforeSignup) is null
            ? ""
            : string.Concat(
                (state.Users?.Files ?? []).Select(file =>
                    $" {file.Key}={file.Modified.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}"
                )
            );
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{string.Join(' ', thresholds)} songs={state.Songs?.Version}/{state.Songs?.NullRows}/{state.Songs?.OutOfRangeRows}/{state.Songs?.Rows} users={state.Users?.Version}{signups}"
        );
    }
}
