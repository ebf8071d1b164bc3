namespace Downbeat.Pipeline.Landing;

/// <summary>Small objects of a lake as a whole.</summary>
static class LakeBytes
{
    /// <summary>Reads all bytes of an object; null when it is not there.</summary>
    public static byte[]? TryRead(ILake lake, string path)
    {
        try
        {
            using var stream = lake.Open(path);
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return bytes.ToArray();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
