using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Downbeat.Pipeline.Landing;
using Polly.Timeout;

namespace Downbeat.Connectors.S3;

/// <summary>Which faults of S3 are worth another try, and what the others mean to whoever has to mend them.</summary>
static class S3Faults
{
    /// <summary>What S3 says when the same request may succeed a moment later.</summary>
    static readonly FrozenSet<string> TransientCodes = new[]
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TooManyRequests",
        "BandwidthLimitExceeded",
        "ServiceUnavailable",
        "InternalError",
        "RequestTimeout",
        "OperationAborted", // Another request works on the same object.
        "ConditionalRequestConflict", // Likewise.
        "IncompleteBody", // The connection broke while we wrote.
        "BadDigest",
        "XAmzContentSHA256Mismatch",
    }.ToFrozenSet(StringComparer.Ordinal);

    static readonly FrozenSet<HttpStatusCode> TransientStatuses = new[]
    {
        HttpStatusCode.RequestTimeout,
        HttpStatusCode.TooManyRequests,
        HttpStatusCode.InternalServerError,
        HttpStatusCode.BadGateway,
        HttpStatusCode.ServiceUnavailable,
        HttpStatusCode.GatewayTimeout,
    }.ToFrozenSet();

    /// <summary>Whether a request is worth another try.</summary>
    public static bool IsTransient(Exception error) =>
        error switch
        {
            AmazonServiceException { ErrorCode: { } code } when TransientCodes.Contains(code) => true,
            AmazonServiceException { StatusCode: var status } when TransientStatuses.Contains(status) => true,
            SocketException socket => socket.SocketErrorCode != SocketError.HostNotFound,
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => false,
            TimeoutRejectedException => true,
            FileNotFoundException or DirectoryNotFoundException or ObjectChangedException => false,
            { InnerException: { } cause } => IsTransient(cause),
            HttpRequestException or IOException or WebException => true, // The network.
            _ => false,
        };

    /// <summary>Why a try failed, in short.</summary>
    public static string Cause(Exception error) =>
        error switch
        {
            AmazonServiceException { ErrorCode.Length: > 0, StatusCode: >= HttpStatusCode.MultipleChoices } service =>
                $"{(int)service.StatusCode} {service.ErrorCode}",
            TimeoutRejectedException => "no answer in time",
            AmazonServiceException { InnerException: null } service => AwsFaults.Said(service).TrimEnd('.'),
            { InnerException: { } cause } => Cause(cause),
            _ => error.Message.TrimEnd('.'),
        };

    /// <summary>Whether there is no such object, or bucket.</summary>
    public static bool IsNotFound(Exception error) =>
        error is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound };

    /// <summary>Whether a condition of the request did not hold.</summary>
    public static bool IsRefused(Exception error) =>
        error is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed };

    /// <summary>Whether the server does not know what it was asked for.</summary>
    public static bool IsUnknown(Exception error) =>
        error is AmazonS3Exception { StatusCode: HttpStatusCode.NotImplemented };

    /// <summary>What to throw instead: what failed, on what, and what to do. No secret is part of it.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="what">What was to be done, as in <c>read s3://bucket/key</c>.</param>
    /// <param name="action">What the credentials need to allow for that.</param>
    /// <param name="server">The address of a server that is not AWS.</param>
    public static Exception Explain(Exception error, string what, string action, string? server)
    {
        switch (error)
        {
            case AmazonS3Exception { ErrorCode: "NoSuchBucket" }:
                return new IOException($"S3 did not {what}: there is no such bucket. Make it, or name another.", error);
            case AmazonS3Exception { StatusCode: HttpStatusCode.NotFound }:
                return new FileNotFoundException($"S3 did not {what}: there is no such object.", error);
            case AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed }:
                return new ObjectChangedException($"S3 did not {what}: it is another object by now.");
            case AmazonS3Exception
            {
                ErrorCode: "InvalidAccessKeyId"
                    or "SignatureDoesNotMatch"
                    or "ExpiredToken"
                    or "InvalidToken"
                    or "TokenRefreshRequired"
            } wrong:
                return new LakeAccessException(
                    $"S3 did not {what}: the credentials are {(wrong.ErrorCode.Contains("Token", StringComparison.Ordinal) ? "out of date" : "wrong")} ({wrong.ErrorCode}).",
                    error
                );
            case AmazonS3Exception { ErrorCode: "RequestTimeTooSkewed" }:
                return new IOException($"S3 did not {what}: this machine's clock is wrong.", error);
            case AmazonS3Exception { ErrorCode: "InvalidObjectState" }:
                return new IOException(
                    $"S3 did not {what}: it lies in an archive storage class; restore it, and run again.",
                    error
                );
            case AmazonS3Exception { StatusCode: HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect }:
            case AmazonS3Exception { ErrorCode: "AuthorizationHeaderMalformed" or "PermanentRedirect" }:
                return new IOException(
                    $"S3 did not {what}: the bucket is in another region. Name that with s3Region or AWS_REGION.",
                    error
                );
            case AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized }:
                return new LakeAccessException(
                    $"S3 did not {what}: the credentials need {action} there (403 AccessDenied; policies are in docs/aws.md).",
                    error
                );
            case AmazonServiceException { ErrorCode.Length: > 0, StatusCode: >= HttpStatusCode.MultipleChoices } other:
                return new IOException($"S3 did not {what}: {Cause(other)}, {AwsFaults.Said(other)}", error);
            case AmazonClientException { Message: var message }
                when message.Contains("credentials", StringComparison.OrdinalIgnoreCase):
                return new LakeAccessException(
                    $"S3 did not {what}: no credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (and sign on with `aws sso login` where it asks for that), or run where a role is attached.",
                    error
                );
            default:
                return new IOException(
                    $"S3{(server is null ? "" : $" at {server}")} did not {what}: {Cause(error)}.",
                    error
                );
        }
    }
}
