using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.S3;

/// <summary>Talks to S3: makes requests, tries again what is worth it, and turns faults into what people can act on.</summary>
sealed class S3Client(S3Options options, ILogger logger) : IDisposable
{
    readonly Retries retries = new("s3", IsTransient, logger);
    readonly Lazy<AmazonS3Client> s3 = new(() => Connect(options));

    /// <summary>Makes a request until it succeeds or is not worth another try.</summary>
    /// <param name="what">What it does, as in <c>read s3://bucket/key</c>.</param>
    /// <param name="action">The permission it needs.</param>
    /// <param name="request">Makes it once.</param>
    /// <exception cref="IOException">It did not succeed.</exception>
    public T Do<T>(string what, string action, Func<AmazonS3Client, CancellationToken, Task<T>> request)
    {
        try
        {
            return retries.Run(token => request(s3.Value, token).GetAwaiter().GetResult(), CancellationToken.None);
        }
        catch (AmazonServiceException error) when ((int)error.StatusCode == 403)
        {
            throw new UnauthorizedAccessException(
                $"S3 did not {what}: the credentials are wrong, or need {action} there ({error.ErrorCode}).",
                error
            );
        }
        catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException)
        {
            throw new IOException(
                $"S3 did not {what}: {(error is AmazonServiceException { ErrorCode.Length: > 0 } said ? said.ErrorCode : error.Message)}.",
                error
            );
        }
    }

    /// <summary>Says how an object that is put is to be encrypted.</summary>
    public void Encrypt(PutObjectRequest request) =>
        (request.ServerSideEncryptionMethod, request.ServerSideEncryptionKeyManagementServiceKeyId) =
            options.Encryption switch
            {
                S3Encryption.S3 => (ServerSideEncryptionMethod.AES256, null),
                S3Encryption.Kms => (ServerSideEncryptionMethod.AWSKMS, options.KmsKey),
                _ => (null, null),
            };

    /// <inheritdoc/>
    public void Dispose()
    {
        if (s3.IsValueCreated)
        {
            s3.Value.Dispose();
        }
    }

    static bool IsTransient(Exception error) =>
        error
            is HttpRequestException
                or AmazonServiceException { StatusCode: >= System.Net.HttpStatusCode.InternalServerError };

    static AmazonS3Client Connect(S3Options options)
    {
        var config = new AmazonS3Config { MaxErrorRetry = 0 };
        var endpoint =
            options.Endpoint
            ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3")
            ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = options.Region ?? "us-east-1";
            config.ForcePathStyle = true;
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        }
        else if (options.Region is { } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return new(config);
    }
}
