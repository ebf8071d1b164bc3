using System.Collections.Frozen;
using System.IO.Compression;
using Downbeat.Dashboard.Api;

namespace Downbeat.Dashboard;

/// <summary>
/// The files of the pages, which are part of the program, compressed when it was built. Every page is the same small document;
/// its script reads the path.
/// </summary>
static class Assets
{
    const string Prefix = "web/";
    const string Packed = ".br";
    const string Document = "index.html";

    static readonly FrozenSet<string> Pages = new[]
    {
        "",
        "genres",
        "hours",
        "artists",
        "tracks",
        "countries",
        "data",
        "api",
        "login",
    }.ToFrozenSet(StringComparer.Ordinal);

    static readonly FrozenDictionary<string, Asset> Files = typeof(Assets)
        .Assembly.GetManifestResourceNames()
        .Where(name =>
            name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Packed, StringComparison.Ordinal)
        )
        .Select(name => new Asset(name))
        .ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    /// <summary>Whether the pages were built: that takes Node.js.</summary>
    public static bool ArePresent => Files.Count > 0;

    /// <summary>Whether a path holds nothing of the lake, and is shown to who has not logged in.</summary>
    public static bool IsOpen(PathString path) =>
        path.Value is "/login" or "/logout"
        || (path.Value is { Length: > 1 } file && Files.ContainsKey(file[1..]) && file != "/" + Document);

    /// <summary>Sends a file, or the document of a page.</summary>
    public static Task SendAsync(HttpContext context, bool needsToken)
    {
        var name = context.Request.Path.Value!.TrimStart('/');
        var isPage = Pages.Contains(name) && (name != "login" || needsToken);
        if (!ArePresent && isPage)
        {
            throw new Problem(
                StatusCodes.Status501NotImplemented,
                "This Downbeat was built on a machine without Node.js, and has no pages. Install Node.js 18 or newer with npm, and build it again. The API works: /api/v1/tables."
            );
        }

        if (!Files.TryGetValue(isPage ? (name == "login" ? "login.html" : Document) : name, out var asset))
        {
            throw Problem.Missing("There is no such page. The pages begin at /, the API at /api/v1/tables.");
        }

        if (Answer.IsKnown(context, asset.Tag))
        {
            return Task.CompletedTask;
        }

        if (asset.NeverChanges)
        {
            context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        }

        if (!Answer.Accepts(context.Request, "br"))
        {
            return Answer.SendAsync(context, asset.Unpack(), asset.Type);
        }

        context.Response.Headers.ETag = "W/" + context.Response.Headers.ETag;
        context.Response.Headers.ContentEncoding = "br";
        return Answer.SendPackedAsync(context, asset.Bytes, asset.Type);
    }

    sealed class Asset
    {
        public Asset(string resource)
        {
            Name = resource[Prefix.Length..^Packed.Length];
            using var stream = typeof(Assets).Assembly.GetManifestResourceStream(resource)!;
            Bytes = new byte[stream.Length];
            stream.ReadExactly(Bytes);
            Tag = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Bytes))[..24];
        }

        public string Name { get; }

        public byte[] Bytes { get; }

        public string Tag { get; }

        /// <summary>The name holds a hash of the content.</summary>
        public bool NeverChanges => Name.StartsWith("assets/", StringComparison.Ordinal);

        public string Type =>
            Path.GetExtension(Name) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => "application/octet-stream",
            };

        public byte[] Unpack()
        {
            using var packed = new BrotliStream(new MemoryStream(Bytes), CompressionMode.Decompress);
            using var copy = new MemoryStream();
            packed.CopyTo(copy);
            return copy.ToArray();
        }
    }
}
