namespace Downbeat.Connectors.S3;

/// <summary>
/// Where S3 is, and what is asked of it. Credentials are no part of it: they come from the chain of the AWS SDK
/// (environment, profile, container, instance, single sign-on).
/// </summary>
public sealed record S3Options
{
    /// <summary>The address of an S3-compatible server, like <c>https://minio.example:9000</c>; null for AWS.</summary>
    public string? Endpoint
    {
        get;
        init =>
            field =
                value is null || IsEndpoint(value)
                    ? value
                    : throw new ArgumentException(
                        "s3Endpoint is no http:// or https:// address without a path.",
                        nameof(value)
                    );
    }

    /// <summary>The region, like <c>eu-central-1</c>; null for that of the environment or the profile.</summary>
    public string? Region { get; init; }

    /// <summary>How objects are encrypted where they are kept.</summary>
    public S3Encryption Encryption { get; init; }

    /// <summary>The id, alias or ARN of the KMS key; null for the bucket's, or else that of the account.</summary>
    public string? KmsKey { get; init; }

    /// <summary>Folders of the lake that lie elsewhere than below it, by their path, as in <c>landing/songs</c>.</summary>
    public IReadOnlyDictionary<string, S3Place> Elsewhere { get; init; } =
        new Dictionary<string, S3Place>(StringComparer.Ordinal);

    /// <summary>Whether a text is the address of a server, without a user or a path.</summary>
    public static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)
        && address.UserInfo.Length == 0
        && address.PathAndQuery == "/";
}

/// <summary>How S3 encrypts objects.</summary>
public enum S3Encryption
{
    /// <summary>As the bucket says.</summary>
    Bucket,

    /// <summary>With keys of S3.</summary>
    S3,

    /// <summary>With a key of KMS.</summary>
    Kms,
}
