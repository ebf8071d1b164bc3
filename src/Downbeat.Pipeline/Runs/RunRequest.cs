namespace Downbeat.Pipeline.Runs;

/// <summary>Asks a run to restate dates on purpose, under the catalogue as of now.</summary>
/// <param name="RebuildFrom">The first date.</param>
/// <param name="RebuildTo">The last date.</param>
public sealed record RunRequest(DateOnly RebuildFrom, DateOnly RebuildTo);
