namespace Downbeat.Connectors.S3;

/// <summary>An object's bucket and key.</summary>
readonly record struct S3Key(string Bucket, string Key)
{
    /// <summary>As its user would write it.</summary>
    public override string ToString() => $"s3://{Bucket}/{Key}";
}
