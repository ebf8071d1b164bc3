namespace Downbeat.Testing.Simulation;

/// <summary>What goes wrong with one operation.</summary>
enum SimFault
{
    None,
    DiesBefore,
    DiesDuring,
    DiesAfter,
    FailsBefore,
    FailsAfter,
    Cut,
}

/// <summary>What a dead process does: nothing that anybody could catch.</summary>
public sealed class SimDeathException() : InvalidOperationException("The process died here.");

/// <summary>Something that must never be; the message says what, and the trace how it came to be.</summary>
public sealed class SimulationException : Exception
{
    /// <summary>Says what must never be.</summary>
    public SimulationException(string message)
        : base(message) { }

    /// <summary>Says what must never be, and what it came from.</summary>
    public SimulationException(string message, Exception cause)
        : base(message, cause) { }
}
