namespace Downbeat.Engine.Listens;

/// <summary>Why a whole file was quarantined. None of its rows counts.</summary>
/// <param name="Kind">The kind of fault.</param>
/// <param name="Detail">What was found and what was expected, for people.</param>
public sealed record FileFault(FileFaultKind Kind, string Detail);

/// <summary>The kinds of <see cref="FileFault"/>.</summary>
public enum FileFaultKind
{
    /// <summary>The file holds no header: it is empty or has only blank lines.</summary>
    NoHeader,

    /// <summary>The header lacks a required column.</summary>
    MissingColumn,

    /// <summary>The header names a required column twice.</summary>
    RepeatedColumn,

    /// <summary>The file is not UTF-8.</summary>
    NotUtf8,

    /// <summary>The file cannot be decompressed.</summary>
    CannotDecompress,

    /// <summary>A quote never closes.</summary>
    UnclosedQuote,

    /// <summary>More than <c>maxRejectedShare</c> of the rows were rejected.</summary>
    TooManyRejected,

    /// <summary>The listens are of more than <c>maxDatesPerFile</c> dates.</summary>
    TooManyDates,
}

/// <summary>The names of file faults as they stand in files and on the screen.</summary>
public static class FileFaultKinds
{
    /// <summary>The fault's name, like <c>missing_column</c>.</summary>
    public static string Text(this FileFaultKind kind) =>
        kind switch
        {
            FileFaultKind.NoHeader => "no_header",
            FileFaultKind.MissingColumn => "missing_column",
            FileFaultKind.RepeatedColumn => "repeated_column",
            FileFaultKind.NotUtf8 => "not_utf8",
            FileFaultKind.CannotDecompress => "cannot_decompress",
            FileFaultKind.UnclosedQuote => "unclosed_quote",
            FileFaultKind.TooManyRejected => "too_many_rejected",
            FileFaultKind.TooManyDates => "too_many_dates",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
}
