using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Runs;

/// <summary>What songs or users are read from: landed files in the byte order of their names, or rows that a database gave.</summary>
sealed record CatalogueInput(IReadOnlyList<LakeObject> Files, FetchedRows? Rows = null)
{
    /// <summary>The size of all, in bytes.</summary>
    public long Size => Files.Sum(file => file.Size) + (Rows is null ? 0 : new FileInfo(Rows.File).Length);

    /// <summary>The files as the ledger is to know them.</summary>
    public IReadOnlyList<CatalogueFileEntry> Entries => [.. Files.Select(Entry)];

    /// <summary>A file as the ledger is to know it.</summary>
    public static CatalogueFileEntry Entry(LakeObject file) => new(file.Path, file.Size, file.Modified);

    /// <summary>Whether it is another than what was read.</summary>
    public bool IsOther(CatalogueEntry? read) =>
        read is null || read.Origin != Rows?.Origin || !read.Files.SequenceEqual(Entries);
}
