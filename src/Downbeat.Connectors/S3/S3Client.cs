using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Downbeat.Connectors.S3;

/// <summary>
/// Talks to S3: makes requests, tries again what is worth it, and turns faults into what people can act on. The only
/// place that tries again; the SDK does not.
/// </summary>
sealed class S3Client : IDisposable
{
    const int Attempts = 7;

    /// <summary>Enough for a range or a part over a slow line.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>A server copies up to 5 GB in one request.</summary>
    static readonly TimeSpan CopyPatience = TimeSpan.FromMinutes(20);

    static readonly ResiliencePropertyKey<string> What = new("what");

    /// <summary>Doubles with each attempt.</summary>
    static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Requests wait for answers on threads of the pool, which on its own makes more of them only slowly.</summary>
    const int MinThreads = 64;

    readonly S3Options options;
    readonly ILogger logger;
    readonly TimeSpan firstDelay;
    readonly ResiliencePipeline usual;
    readonly ResiliencePipeline patient;
    readonly Lazy<AmazonS3Client> s3;

    public S3Client(S3Options options, ILogger logger, TimeSpan? firstDelay = null)
    {
        this.firstDelay = firstDelay ?? FirstDelay;
        this.options = options;
        this.logger = logger;
        usual = Pipeline(Patience);
        patient = Pipeline(CopyPatience);
        s3 = new(Connect);
        ThreadPool.GetMinThreads(out var threads, out var ports);
        ThreadPool.SetMinThreads(Math.Max(threads, MinThreads), ports);
    }

    /// <summary>Whether the server is AWS itself, which keeps to all of its documentation.</summary>
    public bool IsAws => Endpoint is null;

    string? Endpoint =>
        options.Endpoint
        ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3")
        ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");

    /// <summary>Makes a request until it succeeds or is not worth another try.</summary>
    /// <param name="what">What it does, as in <c>read s3://bucket/key</c>.</param>
    /// <param name="action">The permission it needs.</param>
    /// <param name="request">Makes it once.</param>
    /// <param name="known">Faults that the caller handles: they are thrown as they are.</param>
    /// <param name="isCopy">Whether the server has much to do before it answers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<T> DoAsync<T>(
        string what,
        string action,
        Func<AmazonS3Client, CancellationToken, Task<T>> request,
        Func<Exception, bool>? known = null,
        bool isCopy = false,
        CancellationToken cancellationToken = default
    )
    {
        var client = s3.Value; // Which says what is missing, at once.
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(What, what);
        try
        {
            return await (isCopy ? patient : usual)
                .ExecuteAsync(
                    static async (context, state) =>
                        await state.request(state.client, context.CancellationToken).ConfigureAwait(false),
                    context,
                    (request, client)
                )
                .ConfigureAwait(false);
        }
        catch (Exception error)
            when (error is not (OperationCanceledException or OutOfMemoryException) && known?.Invoke(error) != true)
        {
            throw S3Faults.Explain(error, what, action, Endpoint);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>As <see cref="DoAsync"/>, waiting for it.</summary>
    public T Do<T>(
        string what,
        string action,
        Func<AmazonS3Client, CancellationToken, Task<T>> request,
        Func<Exception, bool>? known = null,
        bool isCopy = false
    ) => DoAsync(what, action, request, known, isCopy).GetAwaiter().GetResult();

    /// <summary>Says how an object that is put is to be encrypted.</summary>
    public void Encrypt(PutObjectRequest request) =>
        (request.ServerSideEncryptionMethod, request.ServerSideEncryptionKeyManagementServiceKeyId) = Encryption;

    /// <inheritdoc cref="Encrypt(PutObjectRequest)"/>
    public void Encrypt(CopyObjectRequest request) =>
        (request.ServerSideEncryptionMethod, request.ServerSideEncryptionKeyManagementServiceKeyId) = Encryption;

    /// <inheritdoc cref="Encrypt(PutObjectRequest)"/>
    public void Encrypt(InitiateMultipartUploadRequest request) =>
        (request.ServerSideEncryptionMethod, request.ServerSideEncryptionKeyManagementServiceKeyId) = Encryption;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (s3.IsValueCreated)
        {
            s3.Value.Dispose();
        }
    }

    (ServerSideEncryptionMethod?, string?) Encryption =>
        options.Encryption switch
        {
            S3Encryption.S3 => (ServerSideEncryptionMethod.AES256, null),
            S3Encryption.Kms => (ServerSideEncryptionMethod.AWSKMS, options.KmsKey),
            _ => (null, null),
        };

    AmazonS3Client Connect()
    {
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            Timeout = Timeout.InfiniteTimeSpan, // Each attempt has an end of its own.
        };
        if (Endpoint is { } endpoint)
        {
            // Names of buckets as hosts, and checksums behind a body, are what other servers often do not know.
            config.ServiceURL = endpoint;
            config.AuthenticationRegion =
                options.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
            config.ForcePathStyle = true;
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        }
        else if (options.Region is { } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        if (config.RegionEndpoint is null && Endpoint is null)
        {
            throw new IOException(
                "S3 needs a region, or the address of a server: name one with s3Region, AWS_REGION or a profile, the other with s3Endpoint."
            );
        }

        var connected = new AmazonS3Client(config);
        if (WriteBoundary.IsCounted)
        {
            connected.BeforeRequestEvent += (_, request) => Cross((request as WebServiceRequestEventArgs)?.Request);
            connected.AfterResponseEvent += (_, response) => Cross((response as WebServiceResponseEventArgs)?.Request);
        }

        return connected;
    }

    static void Cross(AmazonWebServiceRequest? request)
    {
        if (request is not (null or GetObjectRequest or GetObjectMetadataRequest or ListObjectsV2Request))
        {
            WriteBoundary.Cross(request.GetType().Name);
        }
    }

    ResiliencePipeline Pipeline(TimeSpan patience) =>
        new ResiliencePipelineBuilder()
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = outcome =>
                        ValueTask.FromResult(outcome.Outcome.Exception is { } error && S3Faults.IsTransient(error)),
                    MaxRetryAttempts = Attempts - 1,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = firstDelay,
                    MaxDelay = TimeSpan.FromSeconds(10),
                    OnRetry = retry =>
                    {
                        logger.Retried(
                            retry.Context.Properties.GetValue(What, ""),
                            S3Faults.Cause(retry.Outcome.Exception!),
                            retry.RetryDelay.TotalSeconds,
                            retry.AttemptNumber + 2,
                            Attempts
                        );
                        return ValueTask.CompletedTask;
                    },
                }
            )
            .AddTimeout(patience)
            .Build();
}
