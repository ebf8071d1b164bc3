namespace Downbeat.Testing.Oracle;

/// <summary>A landed file as a producer dropped it.</summary>
/// <param name="Name">Its name; one that ends in <c>.csv.gz</c> is decompressed first.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="Arrived">Its last-modified time.</param>
public sealed record OracleFile(string Name, byte[] Bytes, DateTimeOffset Arrived);
