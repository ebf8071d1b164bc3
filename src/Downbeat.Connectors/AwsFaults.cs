using Amazon.Runtime;

namespace Downbeat.Connectors;

/// <summary>What a service of AWS, or a server in its place, says is wrong.</summary>
static class AwsFaults
{
    /// <summary>What the SDK puts before an answer that it does not understand.</summary>
    const string Answer = "Response Body:";

    /// <summary>The message without such an answer: a server or proxy that repeats the request repeats the session token with it.</summary>
    public static string Said(AmazonServiceException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        var answer = error.Message.IndexOf(Answer, StringComparison.Ordinal);
        return answer < 0 ? error.Message : error.Message[..answer].TrimEnd();
    }
}
