namespace Downbeat.Dashboard.Api;

/// <summary>A request that gets no answer but a reason: a status, and what was wrong, for people.</summary>
sealed class Problem(int status, string detail) : Exception(detail)
{
    /// <summary>The status of HTTP.</summary>
    public int Status { get; } = status;

    /// <summary>Something in the request is not allowed.</summary>
    public static Problem Wrong(string detail) => new(StatusCodes.Status400BadRequest, detail);

    /// <summary>What was asked for is not there.</summary>
    public static Problem Missing(string detail) => new(StatusCodes.Status404NotFound, detail);
}
