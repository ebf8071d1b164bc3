namespace Downbeat.Testing;

/// <summary>Where the checkout lies that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder with <c>Downbeat.slnx</c>.</summary>
    public static string Folder { get; } = Find();

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Downbeat.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Downbeat.slnx above {AppContext.BaseDirectory}.");
    }
}
