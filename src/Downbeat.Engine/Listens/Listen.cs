namespace Downbeat.Engine.Listens;

/// <summary>
/// A user, a track, the second at which listening began: within one date, whose slice or day holds it. Ordered by
/// user, then second, then track. 16 bytes, so that four of them share a line of the cache.
/// </summary>
public readonly record struct Listen
{
    /// <summary>The longest track id, in bytes.</summary>
    public const int MaxTrackBytes = 64;

    /// <summary>Track numbers lie below.</summary>
    public const int MaxTracks = 1 << (SecondShift - TrackShift);

    /// <summary>Where the second begins in <see cref="Rest"/>.</summary>
    internal const int SecondShift = 32;

    /// <summary>Where the track begins in <see cref="Rest"/>.</summary>
    internal const int TrackShift = FlagBits;

    /// <summary>How many bits the flags take, the lowest.</summary>
    internal const int FlagBits = 2;

    const ulong FlagMask = (1UL << FlagBits) - 1;

    /// <summary>Names a listen.</summary>
    /// <param name="user">The user's id, 0 to 2^63-1.</param>
    /// <param name="second">Seconds since <see cref="ListenDate.SpanStart"/> of the date, 0 to 187,199.</param>
    /// <param name="track">The track's number in the dictionary at hand, which is sorted by the bytes of the ids.</param>
    /// <param name="flags">What the listener did besides; no part of the listen's identity.</param>
    public Listen(ulong user, uint second, int track, ListenFlags flags)
        : this(user, ((ulong)second << SecondShift) | ((ulong)(uint)track << TrackShift) | (ulong)flags) { }

    internal Listen(ulong user, ulong rest)
    {
        User = user;
        Rest = rest;
    }

    /// <summary>The user's id, 0 to 2^63-1.</summary>
    public ulong User { get; }

    /// <summary>Seconds since <see cref="ListenDate.SpanStart"/> of the date, 0 to 187,199.</summary>
    public uint Second => (uint)(Rest >> SecondShift);

    /// <summary>The track's number in the dictionary at hand.</summary>
    public int Track => (int)((uint)Rest >> TrackShift);

    /// <summary>What the listener did besides.</summary>
    public ListenFlags Flags => (ListenFlags)(Rest & FlagMask);

    /// <summary>Second and track as one number that orders as both do.</summary>
    public ulong Moment => Rest >> FlagBits;

    /// <summary>Second, track and flags as one number, from the highest bit.</summary>
    internal ulong Rest { get; }

    /// <summary>Whether both are the same listen, whatever their flags.</summary>
    public bool IsSame(in Listen other) => User == other.User && Moment == other.Moment;

    /// <summary>The same listen with other flags.</summary>
    public Listen WithFlags(ListenFlags flags) => new(User, (Rest & ~FlagMask) | (ulong)flags);

    /// <summary>The same listen with the track's number in another dictionary.</summary>
    public Listen WithTrack(int track) =>
        new(User, Rest >> SecondShift << SecondShift | ((ulong)(uint)track << TrackShift) | (Rest & FlagMask));
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
