namespace Downbeat.Connectors.OpenLineage;

/// <summary>Where lineage events go, as the variables say that all clients of OpenLineage read.</summary>
public sealed record LineageOptions
{
    /// <summary>The server that takes events; null for a file.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The secret that the server asks for; null where it asks for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The file that events are added to, a line each; null for a server.</summary>
    public string? File { get; init; }

    /// <summary>The namespace of jobs.</summary>
    public string Namespace { get; init; } = "downbeat";

    /// <summary>The run of an orchestrator that runs belong to, if it has told.</summary>
    public LineageParent? Parent { get; init; }

    /// <summary>Reads the variables; null when none of them asks for events.</summary>
    /// <param name="read">Reads one.</param>
    /// <exception cref="FormatException">One is wrong. The message says which and why, without its value.</exception>
    public static LineageOptions? FromVariables(Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        string? Find(params string[] names) => names.Select(read).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        if (string.Equals(Find("OPENLINEAGE_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var url = Find("OPENLINEAGE__TRANSPORT__URL", "OPENLINEAGE_URL");
        var file = Find("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH");
        var type = Find("OPENLINEAGE__TRANSPORT__TYPE")?.ToLowerInvariant();
        type ??= url is null ? null : "http";
        var options = new LineageOptions
        {
            Namespace = Find("OPENLINEAGE_NAMESPACE") ?? new LineageOptions().Namespace,
            Parent = Find("OPENLINEAGE_PARENT_ID") is { } parent ? LineageParent.Parse(parent) : null,
        };
        return type switch
        {
            null => null,
            "http" => options with
            {
                Endpoint = Address(
                    url ?? throw new FormatException("OPENLINEAGE_URL is missing: it says where events go."),
                    Find("OPENLINEAGE__TRANSPORT__ENDPOINT", "OPENLINEAGE_ENDPOINT") ?? "api/v1/lineage"
                ),
                ApiKey = Find(
                    "OPENLINEAGE__TRANSPORT__AUTH__API_KEY",
                    "OPENLINEAGE__TRANSPORT__AUTH__APIKEY",
                    "OPENLINEAGE_API_KEY"
                )
                    is { } key
                    ? Key(key)
                    : null,
            },
            "file" => options with
            {
                File = Path.GetFullPath(
                    file
                        ?? throw new FormatException(
                            "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH is missing: it names the file that events are added to."
                        )
                ),
            },
            _ => throw new FormatException(
                "OPENLINEAGE__TRANSPORT__TYPE names no transport that Downbeat has: there are http and file."
            ),
        };
    }

    static Uri Address(string url, string path)
    {
        if (
            !Uri.TryCreate(url, UriKind.Absolute, out var server)
            || server is not { Scheme: "http" or "https", UserInfo.Length: 0, Query.Length: 0 }
        )
        {
            throw new FormatException(
                "OPENLINEAGE_URL is no address of a server: it is written like https://lineage.example.com, without a user; the key goes into OPENLINEAGE_API_KEY."
            );
        }

        return Uri.TryCreate(
            $"{server.AbsoluteUri.TrimEnd('/')}/{path.TrimStart('/')}",
            UriKind.Absolute,
            out var whole
        )
            ? whole
            : throw new FormatException("OPENLINEAGE_ENDPOINT is no path: it is written like api/v1/lineage.");
    }

    static string Key(string key) =>
        key.All(letter => letter is > ' ' and < '\x7f')
            ? key
            : throw new FormatException(
                "OPENLINEAGE_API_KEY holds signs that no key has: spaces, line ends or non-ASCII."
            );
}

/// <summary>A run of an orchestrator.</summary>
/// <param name="Namespace">The namespace of its job.</param>
/// <param name="Name">The name of its job.</param>
/// <param name="Run">Its id.</param>
public sealed record LineageParent(string Namespace, string Name, Guid Run)
{
    /// <summary>Parses <c>namespace/job/run</c>, as orchestrators hand it on in <c>OPENLINEAGE_PARENT_ID</c>.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static LineageParent Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = text.IndexOf('/', StringComparison.Ordinal);
        var last = text.LastIndexOf('/');
        return first > 0 && last > first + 1 && Guid.TryParseExact(text[(last + 1)..], "D", out var run)
            ? new(text[..first], text[(first + 1)..last], run)
            : throw new FormatException(
                "OPENLINEAGE_PARENT_ID is no run: it is written like namespace/job/01890f2d-6c4e-7c6c-9a39-9f1f6e5b3c1a."
            );
    }
}
