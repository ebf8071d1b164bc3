using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.Tests.Folder;

/// <summary>A lake in a folder.</summary>
public sealed class FolderLakeTests : LakeContract, IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;

    public FolderLakeTests() => Lake = new FolderLake(folder);

    protected override ILake Lake { get; }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    protected override ILake Another() => new FolderLake(folder);

    protected override void Land(string path, byte[] bytes)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }
}
