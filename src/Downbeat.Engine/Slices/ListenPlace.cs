using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// A place in the order of listens, whatever their flags. Two words and no <c>UInt128</c>: methods with one are never
/// compiled beforehand.
/// </summary>
readonly record struct ListenPlace(ulong User, ulong Rest) : IComparable<ListenPlace>
{
    /// <summary>Behind all listens.</summary>
    public static ListenPlace End => new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>The place just behind.</summary>
    public ListenPlace Next => Rest == ulong.MaxValue ? new(User + 1, 0) : new(User, Rest + 1);

    /// <summary>The place of a listen.</summary>
    public static ListenPlace Of(in Listen listen) => new(listen.User, listen.Rest | 3);

    /// <summary>The later of two places.</summary>
    public static ListenPlace Max(ListenPlace one, ListenPlace other) => one < other ? other : one;

    /// <inheritdoc/>
    public int CompareTo(ListenPlace other) =>
        this < other ? -1
        : this == other ? 0
        : 1;

    public static bool operator <(ListenPlace left, ListenPlace right) =>
        left.User < right.User || (left.User == right.User && left.Rest < right.Rest);

    public static bool operator >(ListenPlace left, ListenPlace right) => right < left;

    public static bool operator <=(ListenPlace left, ListenPlace right) => !(right < left);

    public static bool operator >=(ListenPlace left, ListenPlace right) => !(left < right);
}
