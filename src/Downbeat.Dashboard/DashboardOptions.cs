using System.Net;

namespace Downbeat.Dashboard;

/// <summary>Where a dashboard listens, and for whom.</summary>
public sealed record DashboardOptions
{
    /// <summary>How short a token may be.</summary>
    public const int LeastTokenLetters = 16;

    /// <summary>Where it listens; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5080);

    /// <summary>What askers have to send, if anything.</summary>
    public string? Token
    {
        get;
        init =>
            field =
                value is null || value.Length >= LeastTokenLetters
                    ? value
                    : throw new ArgumentException($"A token has at least {LeastTokenLetters} letters.", nameof(value));
    }

    /// <summary>Whether whoever can reach it may read everything, from any machine and under any name.</summary>
    public bool IsPublic { get; init; }

    /// <summary>How much memory published tables may take.</summary>
    public long CacheBytes { get; init; } = 192 << 20;

    /// <summary>What the safe defaults forbid, and what to do; null when nothing.</summary>
    public string? Problem =>
        IPAddress.IsLoopback(Listen.Address) || Token is not null || IsPublic
            ? null
            : $"{Listen} can be reached from other machines: give a --token-file that they have to know, or say --public when whoever reaches it may read everything.";
}
