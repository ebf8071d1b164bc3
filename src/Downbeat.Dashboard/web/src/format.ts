// Numbers, times and dates as people read them.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const minus = (text: string) => text.replace("-", "−");

/** 12,345 */
export const count = (value: number) => minus(grouped.format(value));

/** 950, 12.3 k, 4.56 M: three digits tell enough. */
export function short(value: number): string {
    const size = Math.abs(value);
    for (const [unit, factor] of [["G", 1e9], ["M", 1e6], ["k", 1e3]] as const) {
        if (size >= factor * 0.9995) {
            const scaled = value / factor;
            return minus(`${scaled.toFixed(Math.abs(scaled) >= 99.95 ? 0 : Math.abs(scaled) >= 9.995 ? 1 : 2)} ${unit}`);
        }
    }

    return minus(Number.isInteger(value) ? String(value) : value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2));
}

/** The same for the marks of an axis: 80 k, 2.5 k. */
export const mark = (value: number) => short(value).replace(/\.0+(?= |$)/, "").replace(/(\.\d*[1-9])0+(?= |$)/, "$1");

/** A mean: 12.3, 88, 1,234 */
export const mean = (value: number) => (value >= 100 || Number.isInteger(value) ? count(value) : value.toFixed(1));

/** 45.6 % */
export const percent = (share: number) => minus(`${(share * 100).toFixed(share === 0 || Math.abs(share) >= 0.9995 ? 0 : 1)} %`);

/** +4.2 % */
export const change = (from: number, to: number) => {
    const share = to / from - 1;
    return (Math.abs(share) < 0.0005 ? "±" : share > 0 ? "+" : "") + percent(Math.abs(share) < 0.0005 ? 0 : share);
};

/** 45 s, 12 min 5 s, 3 h 12 min, 1,460 h */
export function duration(ms: number): string {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
    const hours = Math.floor(minutes / 60);
    if (hours < 100) return `${hours} h ${minutes % 60} min`;
    return hours < 1_000_000 ? `${count(hours)} h` : `${short(hours)} h`;
}

/** 0.041 s, 1.74 s, 3 min 5 s */
export const seconds = (value: number) => (value < 60 ? `${value < 10 ? Number(value.toPrecision(2)) : value.toFixed(1)} s` : duration(value * 1000));

/** 12.3 kB */
export const bytes = (value: number) => `${short(value)}${value < 1000 ? " " : ""}B`;

/** 0.061 */
export const ratio = (value: number) => value.toFixed(3);

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const dayShort = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const instantOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

/** Tue, 25 Jun 2024 */
export const date = (text: string) => day.format(new Date(text + "T00:00:00Z"));

const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "2-digit", timeZone: "UTC" });

/** The marks of an axis of dates: 25 Jun, or 25 Jun 24 where there are so many that the year is not clear. */
export const dateMarks = (dates: string[]) => (text: string) => (dates.length > 180 ? dayOfYear.format(new Date(text + "T00:00:00Z")) : dateShort(text));

/** 25 Jun */
export const dateShort = (text: string) => dayShort.format(new Date(text + "T00:00:00Z"));

/** 25 Jun 2024, 14:02 UTC */
export const instant = (text: string) => `${instantOf.format(new Date(text))} UTC`;

/** 3 min ago */
export function ago(text: string): string {
    const passed = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
    for (const [unit, length] of [["d", 86_400], ["h", 3600], ["min", 60]] as const) {
        const number = Math.floor(passed / length);
        if (number >= 1) return `${count(number)} ${unit} ago`;
    }

    return "just now";
}

/** 1 file, 3 files, 12,345 files */
export const plural = (number: number, one: string, many = one + "s") => `${count(number)} ${number === 1 ? one : many}`;

/** A date so many days away. */
export const addDays = (text: string, days: number) => {
    const at = new Date(text + "T00:00:00Z");
    at.setUTCDate(at.getUTCDate() + days);
    return at.toISOString().slice(0, 10);
};

/** The dates from one on. */
export const datesFrom = (from: string, days: number) => Array.from({ length: days }, (_, number) => addDays(from, number));

export const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** 08:00 */
export const hourOf = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
