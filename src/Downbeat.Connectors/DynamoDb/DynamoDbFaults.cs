using System.Net;
using System.Text.RegularExpressions;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>Which faults of DynamoDB are worth another try, and what each means for people.</summary>
static partial class DynamoDbFaults
{
    /// <summary>Whether it was asked for more than it gives at the moment.</summary>
    public static bool IsThrottling(Exception error) =>
        error is AmazonServiceException service
        && service.ErrorCode
            is "ProvisionedThroughputExceededException"
                or "ThrottlingException"
                or "Throttling"
                or "RequestLimitExceeded";

    /// <summary>Whether the same request may succeed a little later.</summary>
    public static bool IsTransient(Exception error) =>
        error switch
        {
            AmazonServiceException service => IsThrottling(service)
                || (int)service.StatusCode >= 500
                || service.StatusCode == HttpStatusCode.RequestTimeout
                || service.ErrorCode is "TransactionInProgressException" or "LimitExceededException" or "RequestTimeout"
                || (service.StatusCode == default && IsConnectionFault(service.InnerException)),
            AmazonClientException client => IsConnectionFault(client.InnerException),
            _ => IsConnectionFault(error),
        };

    /// <summary>What happened and what to do. Nothing that a server sent is repeated but codes, names and checked texts.</summary>
    public static string Explain(Exception error) =>
        error switch
        {
            _ when IsThrottling(error) =>
                $"it cannot keep up ({((AmazonServiceException)error).ErrorCode}); the next run goes on. If that lasts, raise the tables' maximum throughput",
            AmazonServiceException
            {
                ErrorCode: "UnrecognizedClientException"
                    or "InvalidSignatureException"
                    or "IncompleteSignatureException"
                    or "MissingAuthenticationTokenException"
                    or "InvalidClientTokenId"
                    or "ExpiredTokenException"
                    or "ExpiredToken"
            } service =>
                $"AWS does not accept the credentials ({service.ErrorCode}): renew them, and check AWS_PROFILE, AWS_ACCESS_KEY_ID and the clock of this machine",
            AmazonServiceException { ErrorCode: "AccessDeniedException" or "AccessDenied" } service =>
                $"these credentials may not {Denied(AwsFaults.Said(service))}: docs/apps.md has the policy that is needed",
            ResourceNotFoundException => "a table is missing",
            AmazonServiceException { ErrorCode: "ValidationException" } service =>
                $"it refused a request: {AwsFaults.Said(service)}",
            AmazonServiceException { ErrorCode.Length: > 0 } service =>
                $"it answered {service.ErrorCode} (HTTP {(int)service.StatusCode})",
            AmazonServiceException { StatusCode: not default(HttpStatusCode) } service =>
                $"it answered HTTP {(int)service.StatusCode}",
            TimeoutException => error.Message.TrimEnd('.'),
            _ when FindConnectionFault(error) is { } fault => $"there is no connection: {fault.Message.TrimEnd('.')}",
            AmazonClientException =>
                "there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role gives them",
            _ => error.Message.TrimEnd('.'),
        };

    static bool IsConnectionFault(Exception? error) => error is not null && FindConnectionFault(error) is not null;

    static Exception? FindConnectionFault(Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or IOException or TimeoutException or WebException)
            {
                return cause;
            }
        }

        return null;
    }

    /// <summary>What is denied, of a message like <c>User: … is not authorized to perform: dynamodb:PutItem on resource: arn:…</c>.</summary>
    static string Denied(string message)
    {
        var action = Action().Match(message);
        var resource = Resource().Match(message);
        return (action.Success ? action.Value : "do this") + (resource.Success ? $" on {resource.Value}" : "");
    }

    [GeneratedRegex("dynamodb:[A-Za-z]{1,40}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Action();

    [GeneratedRegex(
        "arn:aws[a-z-]*:dynamodb:[a-z0-9-]*:[0-9]*:table/[A-Za-z0-9_.-]{1,255}",
        RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Resource();
}
