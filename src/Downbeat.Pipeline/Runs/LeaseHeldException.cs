using System.Globalization;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Runs;

/// <summary>Another run works on the lake.</summary>
public sealed class LeaseHeldException(string lake, LeaseFile holder)
    : LakeException(
        string.Create(
            CultureInfo.InvariantCulture,
            $"Another run works on {lake}: {holder.Run}, process {holder.ProcessId} on {holder.Host}. Try again when it has ended; if it has died there, its lease ends at {holder.Expires:yyyy-MM-dd HH:mm:ss} UTC."
        )
    )
{
    /// <summary>Who it is.</summary>
    public LeaseFile Holder { get; } = holder;
}
