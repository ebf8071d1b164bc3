using System.Globalization;

namespace Downbeat.Pipeline.Archive;

/// <summary>For how many days <c>downbeat sweep</c> keeps what no date needs, 1 to 36,500; null keeps it for ever.</summary>
public sealed record KeepOptions
{
    /// <summary>The longest time there is.</summary>
    public const int MostDays = 36_500;

    /// <summary>Raw files in the archive, since they were scanned.</summary>
    public int? ArchiveDays
    {
        get;
        init => field = Within(value, "keepArchiveDays");
    }

    /// <summary>Quarantined files and rejected rows, since they were set aside.</summary>
    public int? QuarantineDays
    {
        get;
        init => field = Within(value, "keepQuarantineDays");
    }

    /// <summary>Files whose listens someone took out, since then; until then they can be taken back in.</summary>
    public int? RetractedDays
    {
        get;
        init => field = Within(value, "keepRetractedDays");
    }

    /// <summary>Records of runs.</summary>
    public int? RunsDays
    {
        get;
        init => field = Within(value, "keepRunsDays");
    }

    static int? Within(int? days, string name) =>
        days is null or (>= 1 and <= MostDays)
            ? days
            : throw new ArgumentOutOfRangeException(
                name,
                days,
                string.Create(CultureInfo.InvariantCulture, $"{name} lies between 1 and {MostDays}.")
            );
}
