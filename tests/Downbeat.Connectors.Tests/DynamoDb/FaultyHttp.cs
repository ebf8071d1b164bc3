using System.Net;
using System.Text;
using Amazon.Runtime;

namespace Downbeat.Connectors.Tests.DynamoDb;

/// <summary>Answers in the place of DynamoDB, when it is told to.</summary>
/// <param name="answer">Given the operation (<c>PutItem</c>): what to answer before the request arrives, or instead of what was answered.</param>
sealed class FaultyHttp(Func<string, FaultyHttp.Fault?> answer) : HttpClientFactory
{
    int requests;

    Func<string, Fault?> Answer => answer;

    public int Requests => requests;

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Handler(this));

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => true;

    /// <summary>What is answered; nothing but a broken connection without a status. Some arrive all the same: the request is carried out.</summary>
    public sealed record Fault(HttpStatusCode? Status, string Code = "", string Message = "", bool Arrives = false);

    sealed class Handler(FaultyHttp owner) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            Interlocked.Increment(ref owner.requests);
            var operation = request.Headers.GetValues("X-Amz-Target").Single().Split('.')[1];
            var fault = owner.Answer(operation);
            if (fault is null or { Arrives: true })
            {
                var response = await base.SendAsync(request, cancellationToken);
                if (fault is null)
                {
                    return response;
                }

                response.Dispose();
            }

            return fault.Status is not { } status
                ? throw new HttpRequestException("The connection broke.")
                : new(status)
                {
                    Content = new StringContent(
                        $$"""{"__type":"com.amazonaws.dynamodb.v20120810#{{fault.Code}}","message":"{{fault.Message}}"}""",
                        Encoding.UTF8,
                        "application/x-amz-json-1.0"
                    ),
                    RequestMessage = request,
                };
        }
    }
}
