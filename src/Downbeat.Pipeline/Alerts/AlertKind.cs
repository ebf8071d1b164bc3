namespace Downbeat.Pipeline.Alerts;

/// <summary>What someone may have to be told of.</summary>
public enum AlertKind
{
    /// <summary>A run failed, or died.</summary>
    Run,

    /// <summary>A whole file was quarantined.</summary>
    Quarantine,

    /// <summary>A date is held back from the destinations, because its quality is doubted.</summary>
    Held,

    /// <summary>A destination does not hold what it should, for some time.</summary>
    Behind,

    /// <summary>No new listens come, or the newest date is old.</summary>
    Freshness,

    /// <summary>A run has had the lease for too long.</summary>
    Lease,
}

/// <summary>How much it matters, in PagerDuty's words.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>To be looked at some time.</summary>
    Warning,

    /// <summary>To be looked at today.</summary>
    Error,

    /// <summary>To be looked at now.</summary>
    Critical,
}
