using Downbeat.Dashboard.Api;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>The dates that a page is about: from one to another, both in it, whether published or not.</summary>
sealed record DateRange(DateOnly From, DateOnly To)
{
    const int UsualDays = 28;
    const int MostDays = 3660;

    /// <summary>How many dates there are in it.</summary>
    public int Days => To.DayNumber - From.DayNumber + 1;

    /// <summary>As many dates before it.</summary>
    public DateRange Before => new(AddDays(From, -Days), AddDays(From, -1));

    /// <summary>What a request asks for; four weeks up to the last published date if it does not say.</summary>
    /// <exception cref="Problem">It is wrong.</exception>
    public static DateRange Parse(HttpRequest request, LakeMoment moment)
    {
        var last = moment.Dates.Count > 0 ? moment.Dates[^1].Date : new DateOnly(2000, 1, 28);
        var to = request.Query["to"] is [{ } toText] ? TableRequest.ParseDate(toText, "to") : last;
        var from = request.Query["from"] is [{ } fromText]
            ? TableRequest.ParseDate(fromText, "from")
            : AddDays(to, 1 - UsualDays);
        var range = new DateRange(from, to);
        return range.Days is >= 1 and <= MostDays
            ? range
            : throw Problem.Wrong($"from has to be before to, and at most {MostDays} days.");
    }

    /// <summary>The place of a date in it.</summary>
    public int Index(DateOnly date) => date.DayNumber - From.DayNumber;

    static DateOnly AddDays(DateOnly date, int days) =>
        DateOnly.FromDayNumber(
            Math.Clamp(date.DayNumber + days, DateOnly.MinValue.DayNumber, DateOnly.MaxValue.DayNumber)
        );
}
