using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// Reads from CSV files of users when they signed up, for those who ask: 16 bytes a user, while it is asked for. Of several rows
/// of a user the first one with a time counts. A time is written as that of a listen is, or is a date, which begins at midnight.
/// </summary>
public sealed class SignupScan(LakeZone zone) : CatalogueScan(RequiredColumns, (in _, _) => { })
{
    const int UserColumn = 0;
    const int CreatedColumn = 1;

    readonly Dictionary<ulong, long> instants = [];

    /// <summary>The columns that a file must have; one that lacks them says nothing.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } = ["user_id", "created_at"];

    /// <summary>Of how many users it is known.</summary>
    public int Users => instants.Count;

    /// <summary>The instant at which a user signed up, in seconds since 1970; long ago when it is not known.</summary>
    internal long Of(ulong user) => instants.GetValueOrDefault(user, long.MinValue);

    private protected override RejectReason? TakeRow(CsvReader row, CsvHeader header)
    {
        var text = row.Field(header[CreatedColumn]);
        if (text.Length == "2024-06-25".Length)
        {
            text = (byte[])[.. text, .. " 00:00:00"u8];
        }

        if (
            UserId.TryParse(row.Field(header[UserColumn]), out var user)
            && ListenTime.TryParse(text, out var time)
            && TryFindInstant(time, out var instant)
        )
        {
            instants.TryAdd(user.Value, instant);
        }

        return null;
    }

    bool TryFindInstant(ListenTime time, out long instant)
    {
        instant = time.LocalSecond - (time.OffsetSeconds ?? 0);
        return time.OffsetSeconds is not null || zone.TryFindInstant(time.LocalSecond, out instant);
    }
}
