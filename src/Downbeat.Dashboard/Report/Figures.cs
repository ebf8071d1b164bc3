using System.Globalization;

namespace Downbeat.Dashboard.Report;

/// <summary>Numbers, times and dates as people read them: as the pages show them, see <c>web/src/format.ts</c>.</summary>
static class Figures
{
    static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>12,345</summary>
    public static string Count(double number) => Minus(number.ToString("#,##0", Invariant));

    /// <summary>1 listen, 12,345 listens</summary>
    public static string Count(double number, string one, string? many = null) =>
        $"{Count(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>A mean: 12.3, 88, 1,234</summary>
    public static string Mean(double number) =>
        number >= 100 || Math.Floor(number) == number ? Count(number) : number.ToString("0.0", Invariant);

    /// <summary>A mean that stands below others: whole where the largest of them is large.</summary>
    public static string Mean(double number, double largest) => largest >= 100 ? Count(number) : Mean(number);

    /// <summary>A mark of an axis: 950, 2.5 k, 80 k, 4 M</summary>
    public static string Mark(double number)
    {
        foreach (var (unit, factor) in ((string, double)[])[("G", 1e9), ("M", 1e6), ("k", 1e3)])
        {
            if (number >= factor)
            {
                return $"{(number / factor).ToString("#,##0.###", Invariant)} {unit}";
            }
        }

        return number.ToString("0.###", Invariant);
    }

    /// <summary>12.2 %</summary>
    public static string Percent(double share) =>
        Minus((100 * share).ToString(Math.Abs(share) >= 0.9995 ? "#,##0" : "0.0", Invariant)) + "\u00A0%";

    /// <summary>+4.2 %</summary>
    public static string Change(double from, double to)
    {
        var share = (to / from) - 1;
        return IsSame(share) ? "±0.0\u00A0%" : (share > 0 ? "+" : "") + Percent(share);
    }

    /// <summary>Whether a change is none that a number of one digit behind the point shows.</summary>
    public static bool IsSame(double share) => Math.Abs(share) < 0.0005;

    /// <summary>45 s, 12 min 5 s, 3 h 12 min, 1,460 h</summary>
    public static string Duration(double ms)
    {
        var seconds = (long)Math.Round(ms / 1000, MidpointRounding.AwayFromZero);
        var minutes = seconds / 60;
        var hours = minutes / 60;
        return seconds < 60 ? string.Create(Invariant, $"{seconds} s")
            : minutes < 60 ? string.Create(Invariant, $"{minutes} min {seconds % 60} s")
            : hours < 100 ? string.Create(Invariant, $"{hours} h {minutes % 60} min")
            : $"{Count(hours)} h";
    }

    /// <summary>0.114</summary>
    public static string Ratio(double number) => number.ToString("0.000", Invariant);

    /// <summary>19:00</summary>
    public static string Hour(long hour) => string.Create(Invariant, $"{hour:00}:00");

    /// <summary>Tuesday, 25 June 2024</summary>
    public static string Date(DateOnly date) => date.ToString("dddd, d MMMM yyyy", Invariant);

    /// <summary>Tue 25 Jun</summary>
    public static string DateShort(DateOnly date) => date.ToString("ddd d MMM", Invariant);

    /// <summary>25 June 2024</summary>
    public static string DayOfYear(DateOnly date) => date.ToString("d MMMM yyyy", Invariant);

    /// <summary>25 June to 1 July 2024, with as little said twice as can be.</summary>
    public static string Range(DateOnly from, DateOnly to) =>
        from == to ? DayOfYear(to)
        : from.Year != to.Year ? $"{DayOfYear(from)} to {DayOfYear(to)}"
        : from.Month != to.Month ? $"{from.ToString("d MMMM", Invariant)} to {DayOfYear(to)}"
        : $"{from.Day.ToString(Invariant)} to {DayOfYear(to)}";

    /// <summary>25 Jun 2024, 14:02, by the clocks of a zone.</summary>
    public static string Instant(DateTimeOffset instant, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(instant, zone).ToString("d MMM yyyy, HH:mm", Invariant);

    /// <summary>a, b and c</summary>
    public static string List(IReadOnlyList<string> all) =>
        all.Count < 2 ? string.Concat(all) : $"{string.Join(", ", all.Take(all.Count - 1))} and {all[^1]}";

    static string Minus(string text) => text.Replace('-', '−');
}
