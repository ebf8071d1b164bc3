namespace Downbeat.Engine.Listens;

/// <summary>
/// The text of a <c>listen_time</c>: <c>yyyy-MM-dd HH:mm:ss</c> with a space or <c>T</c>, an optional fraction, which is
/// cut off, and an optional <c>Z</c> or <c>±hh:mm</c> up to ±14:00.
/// </summary>
/// <param name="LocalSecond">The calendar date and time as seconds since 1970-01-01 00:00:00 of the same calendar.</param>
/// <param name="OffsetSeconds">The distance from UTC that the text states, or null when it states none.</param>
public readonly record struct ListenTime(long LocalSecond, int? OffsetSeconds)
{
    const int WithoutZoneLength = 19;

    /// <summary>Reads the text; false when it is no date and time of the Gregorian calendar, years 1 to 9999.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out ListenTime time)
    {
        time = default;
        if (utf8.Length < WithoutZoneLength)
        {
            return false;
        }

        var year = (Two(utf8, 0) * 100) + Two(utf8, 2);
        var month = Two(utf8, 5);
        var day = Two(utf8, 8);
        var hour = Two(utf8, 11);
        var minute = Two(utf8, 14);
        var second = Two(utf8, 17);

        // A pair that is no number is so negative that every sum with it is.
        var valid =
            (year | month | day | hour | minute | second) >= 0
            && utf8[4] == '-'
            && utf8[7] == '-'
            && utf8[10] is (byte)' ' or (byte)'T'
            && utf8[13] == ':'
            && utf8[16] == ':'
            && year >= 1
            && month is >= 1 and <= 12
            && day >= 1
            && (day <= 28 || day <= DateTime.DaysInMonth(year, month))
            && hour <= 23
            && minute <= 59
            && second <= 59;
        if (!valid || !TryParseZone(utf8[WithoutZoneLength..], out var offset))
        {
            return false;
        }

        var local =
            ((long)DayNumber(year, month, day) * ListenDate.SecondsPerDay) + (hour * 3600) + (minute * 60) + second;
        time = new(local, offset);
        return true;
    }

    /// <summary>Days since 1970-01-01 in the Gregorian calendar, by Howard Hinnant's <c>days_from_civil</c>.</summary>
    static int DayNumber(int year, int month, int day)
    {
        var shifted = month <= 2 ? year - 1 : year; // A year that begins in March has its leap day last.
        var era = shifted / 400;
        var yearOfEra = shifted - (era * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - 719_468;
    }

    static bool TryParseZone(ReadOnlySpan<byte> rest, out int? offset)
    {
        offset = null;
        if (!rest.IsEmpty && rest[0] == '.')
        {
            var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            var length = digits < 0 ? rest.Length - 1 : digits;
            if (length == 0)
            {
                return false;
            }

            rest = rest[(1 + length)..];
        }

        if (rest.IsEmpty)
        {
            return true;
        }

        if (rest.Length == 1 && rest[0] == 'Z')
        {
            offset = 0;
            return true;
        }

        if (rest.Length != 6 || rest[0] is not ((byte)'+' or (byte)'-') || rest[3] != ':')
        {
            return false;
        }

        var hours = Two(rest, 1);
        var minutes = Two(rest, 4);
        var seconds = (hours * 3600) + (minutes * 60);
        if (hours < 0 || minutes is < 0 or > 59 || seconds > ListenDate.MaxOffsetSeconds)
        {
            return false;
        }

        offset = rest[0] == '-' ? -seconds : seconds;
        return true;
    }

    static int Two(ReadOnlySpan<byte> utf8, int at)
    {
        var tens = (uint)utf8[at] - '0';
        var ones = (uint)utf8[at + 1] - '0';
        return tens <= 9 && ones <= 9 ? (int)((tens * 10) + ones) : -1_000_000;
    }
}
