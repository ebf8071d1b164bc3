namespace Downbeat.Engine.Scan;

/// <summary>Complete records of a CSV file side by side, none of which holds a quote: every comma parts two fields, every LF ends a record.</summary>
readonly ref struct PlainRows
{
    /// <summary>The bytes at hand: the records, and what lies around them.</summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>
    /// Where the commas and line feeds of the records stand in the bytes, ascending. The first entry is the place before the first
    /// record, the last one a line feed.
    /// </summary>
    public required ReadOnlySpan<int> Ends { get; init; }

    /// <summary>The line on which the first record begins.</summary>
    public required long FirstLineNumber { get; init; }

    /// <summary>Where the first of the bytes at hand stands in the file.</summary>
    public required long ByteOffset { get; init; }
}

/// <summary>A record of a CSV file.</summary>
interface IRow
{
    /// <summary>How many fields it has.</summary>
    int FieldCount { get; }

    /// <summary>A field's value, quotes taken off. Valid until the next call.</summary>
    ReadOnlySpan<byte> Field(int index);
}

/// <summary>A record without a quote.</summary>
/// <param name="bytes">The bytes at hand.</param>
/// <param name="ends">The place before the record, its commas, and its line feed.</param>
readonly ref struct PlainRow(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> ends) : IRow
{
    readonly ReadOnlySpan<byte> bytes = bytes;
    readonly ReadOnlySpan<int> ends = ends;

    /// <inheritdoc/>
    public int FieldCount => ends.Length - 1;

    /// <summary>Where the record begins.</summary>
    public int Start => ends[0] + 1;

    /// <summary>The record without its line end.</summary>
    public ReadOnlySpan<byte> Raw => bytes[Start..End];

    /// <summary>Where its line end begins: a CR before the LF is part of that.</summary>
    int End => ends[^1] - (ends[^1] > Start && bytes[ends[^1] - 1] == '\r' ? 1 : 0);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Field(int index) =>
        bytes[(ends[index] + 1)..(index + 1 == FieldCount ? End : ends[index + 1])];
}
