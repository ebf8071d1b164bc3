namespace Downbeat.Connectors.S3;

/// <summary>Where S3 is. Credentials are no part of it: they come from the chain of the AWS SDK.</summary>
public sealed record S3Options
{
    /// <summary>The address of an S3-compatible server, like <c>https://minio.example:9000</c>; null for AWS.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The region, like <c>eu-central-1</c>; null for that of the environment or the profile.</summary>
    public string? Region { get; init; }

    /// <summary>How objects are encrypted where they are kept.</summary>
    public S3Encryption Encryption { get; init; }

    /// <summary>The id, alias or ARN of the KMS key; null for the bucket's, or else that of the account.</summary>
    public string? KmsKey { get; init; }
}

/// <summary>How objects are encrypted where they are kept.</summary>
public enum S3Encryption
{
    /// <summary>As the bucket says.</summary>
    Bucket,

    /// <summary>With keys that S3 keeps (SSE-S3).</summary>
    S3,

    /// <summary>With a key of KMS (SSE-KMS).</summary>
    Kms,
}
