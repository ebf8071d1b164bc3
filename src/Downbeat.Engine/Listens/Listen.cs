namespace Downbeat.Engine.Listens;

/// <summary>
/// A user, a track, the second at which listening began: within one date, whose slice or day holds it. Ordered by
/// user, then second, then track.
/// </summary>
/// <param name="User">The user's id, 0 to 2^63-1.</param>
/// <param name="Second">Seconds since <see cref="ListenDate.SpanStart"/> of the date, 0 to 187,199.</param>
/// <param name="Track">The track's number in the dictionary at hand, which is sorted by the bytes of the ids.</param>
/// <param name="Flags">What the listener did besides; no part of the listen's identity.</param>
public readonly record struct Listen(ulong User, uint Second, int Track, ListenFlags Flags)
{
    /// <summary>The longest track id, in bytes.</summary>
    public const int MaxTrackBytes = 64;

    /// <summary>Second and track as one number that orders as both do.</summary>
    public ulong Moment => ((ulong)Second << 32) | (uint)Track;

    /// <summary>Whether both are the same listen, whatever their flags.</summary>
    public bool IsSame(in Listen other) => User == other.User && Moment == other.Moment;
}

/// <summary>What a listener did besides listening. Of two rows of the same listen the flags are OR-ed.</summary>
[Flags]
public enum ListenFlags : byte
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>The listener liked the track.</summary>
    Liked = 1,

    /// <summary>The listener shared the track.</summary>
    Shared = 2,
}
