namespace Downbeat.Engine.Slices;

/// <summary>What a slice holds.</summary>
/// <param name="Date">The date of its listens.</param>
/// <param name="Listens">How many listens, each once.</param>
/// <param name="FirstUser">The lowest user id.</param>
/// <param name="LastUser">The highest user id.</param>
/// <param name="Tracks">How many tracks its dictionary names.</param>
/// <param name="Bytes">The size of the file.</param>
public sealed record SliceSummary(DateOnly Date, long Listens, ulong FirstUser, ulong LastUser, int Tracks, long Bytes);
