import { choose, head, nothing, panel, type Page } from "../app.js";
import { above, categories, chartPanel, legend, numbers, tooltip } from "../chart.js";
import { h, term, type Child } from "../dom.js";
import * as format from "../format.js";
import { ask, definition, sentence } from "../server.js";
import { heldNotice, sayAll, type Quality } from "../quality.js";
import { spark } from "../spark.js";
import { csvButton, dataTable, type TableColumn, type TableOptions } from "../table.js";

interface Measure {
    column: string;
    definition: string;
    value: number | null;
    dayBefore: number | null;
    weekBefore: number | null;
    spark: (number | null)[];
}

interface Hour {
    hour: number;
    listens: number;
    listeners: number;
    tracks: number;
    diversity: number;
    artists: string;
}

interface Completeness {
    files: number;
    filesKnown: number;
    filesOut: number;
    stale: boolean;
    twice: number | null;
    listens: number;
    rejected: number;
    duplicates: number;
    unknownTrackListens: number;
    unknownUsers: number;
    restatedAt: string;
    restatedWhy: string;
}

interface Day {
    date: string;
    previous: string | null;
    next: string | null;
    published: boolean;
    quality?: Quality;
    measures: Measure[];
    hours: Hour[];
    hoursWeekBefore: { hour: number; listens: number }[];
    genreCount: number;
    genres: { name: string; listens: number; listeners: number; share: number }[];
    artists: { rank: number; name: string; listens: number }[];
    trackRanks: number;
    tracks: { id: string; name: string; listens: number; genres: string }[];
    completeness: Completeness;
}

const measures: Record<string, [label: string, show: (value: number) => string, exact: (value: number) => string]> = {
    listen_count: ["Listens", format.short, format.count],
    unique_listeners: ["Listeners", format.short, format.count],
    total_listening_time_ms: ["Listening time", format.duration, (ms) => `${format.count(ms)} ms`],
    sessions: ["Sessions", format.short, format.count],
    unique_tracks: ["Tracks", format.short, format.count],
    track_diversity_index: ["Diversity", format.ratio, String],
};

export const day: Page = {
    path: "/",
    title: "Day",
    async show({ lake, parameters, signal }) {
        const day = await ask<Day>("/view/day", { date: parameters.get("date") ?? lake.last! }, signal);
        const controls = dateControl(day, lake.first!, lake.last!, lake.lastKnown!);
        if (!day.published && day.quality) {
            return [
                head(format.date(day.date), controls),
                heldNotice(day.date, day.quality, "This date"),
                h(
                    "div",
                    { class: "panel" },
                    nothing("Nothing of this date is shown", "It was never published before. ", h("a", { href: dataOf(day.date) }, "Its files and all its checks")),
                ),
            ];
        }

        if (!day.published) {
            return [
                head(format.date(day.date), controls),
                h(
                    "div",
                    { class: "panel" },
                    nothing(
                        "No listens of this date are published",
                        `There are tables from ${format.date(lake.first!)} to ${format.date(lake.last!)}. A date without listens has none, and the tables do not tell why it has none.`,
                    ),
                ),
            ];
        }

        return [
            head(format.date(day.date), controls),
            completeness(day.completeness, day.quality, day.date, lake.zone),
            day.quality && heldNotice(day.date, day.quality, "This date"),
            day.date === lake.last && lake.lastKnown! > day.date
                ? h("p", { class: "facts warn" }, h("span", {}, h("a", { href: `/?date=${lake.lastKnown}` }, format.date(lake.lastKnown!)), " has come, and is held back"))
                : null,
            h("div", { class: "cards" }, day.measures.map((measure) => card(measure, day.date))),
            hours(day, lake.zone, await hourly()),
            h("div", { class: "columns" }, genres(day, await definition("genre_daily", "listen_count")), tracks(day), artists(day)),
        ];
    },
};

const dataOf = (date: string) => `/data?from=${format.addDays(date, -27)}&to=${date}&date=${date}`;

function dateControl(day: Day, first: string, last: string, lastKnown: string): Child {
    const step = (id: string, label: string, sign: string, date: string | null) =>
        h("button", { type: "button", id, "aria-label": label, disabled: date === null, onclick: () => date && choose({ date }) }, sign);
    return h(
        "div",
        { class: "range", role: "group", "aria-label": "Date" },
        h(
            "div",
            { class: "segments" },
            step("day-previous", "Previous date", "‹", day.previous),
            h("input", {
                type: "date",
                id: "day-date",
                "aria-label": "Date",
                value: day.date,
                min: first,
                max: lastKnown,
                onchange: (event: Event) => {
                    const { value } = event.target as HTMLInputElement;
                    if (value) choose({ date: value });
                },
            }),
            step("day-next", "Next date", "›", day.next),
        ),
        day.date === last ? null : h("button", { type: "button", id: "day-latest", class: "quiet", onclick: () => choose({ date: null }) }, "Latest"),
    );
}

function completeness(known: Completeness, quality: Quality | undefined, date: string, zone: string): Child {
    const more = known.twice ?? 0;
    const warnings = quality?.held ? [] : (quality?.checks ?? []);
    const facts: Child[] = [
        quality?.held
            ? term(`${format.plural(known.filesKnown, "file")}, held back`, "With all these files the date fails a check. The numbers are those of before: of the files that there were then.")
            : term(
                  `${known.files} of ${format.plural(known.filesKnown, "file")}`,
                  !known.stale
                      ? "All files that hold listens of this date are in these numbers."
                      : known.files < known.filesKnown
                        ? "A file with listens of this date was scanned, and the numbers do not hold it yet: the next run restates them."
                        : "Listens were taken out of a file of this date since, and the numbers still hold them: the next run restates them.",
              ),
        known.filesOut > 0 && !quality?.held
            ? term(`${format.plural(known.filesOut, "file")} taken back`, "It was retracted or replaced, and the numbers still hold it: the next run restates them.")
            : null,
        warnings.length > 0
            ? h("a", { href: dataOf(date), class: "warning", "data-tip": sayAll(warnings) }, format.plural(warnings.length, quality!.approvedAt ? "finding, approved" : "warning", quality!.approvedAt ? "findings, approved" : "warnings"))
            : null,
        term(`${format.plural(known.rejected, "row")} rejected`, "Rows of these files that are no listens. A rejected row may have no date, so these are those of the whole files."),
        more > 0 ? term(`${format.plural(more, "listen")} came more than once`, "In several files. They count once.") : null,
        known.unknownTrackListens > 0 && !quality?.held
            ? term(
                  `${format.plural(known.unknownTrackListens, "listen")} of unknown tracks`,
                  "The songs do not know the track: the listen has no genre, no artist and no listening time. When they know it, the next run restates the date.",
              )
            : null,
        term(`restated ${format.ago(known.restatedAt)}`, `These numbers last changed on ${format.instant(known.restatedAt)}. ${sentence(known.restatedWhy)}`),
        term(zone, `The date begins and ends at midnight in the time zone ${zone}.`),
    ];
    return h(
        "p",
        { class: `facts ${known.stale || quality?.held ? "warn" : ""}` },
        facts.filter(Boolean).map((fact) => h("span", {}, fact)),
    );
}

function card(measure: Measure, date: string): Child {
    const [label, show, exact] = measures[measure.column];
    const delta = (before: number | null, days: number) => {
        const other = format.addDays(date, -days);
        const name = format.weekdays[(new Date(other + "T00:00:00Z").getUTCDay() + 6) % 7];
        const against = `${name} ${format.dateShort(other)}`;
        if (!before || measure.value === null) return h("li", {}, h("span", { class: "delta" }, "–"), h("span", { class: "muted" }, against));
        const sign = Math.abs(measure.value / before - 1) < 0.0005 ? "same" : measure.value > before ? "up" : "down";
        return h(
            "li",
            { "data-tip": `${exact(measure.value)} against ${exact(before)} on ${format.date(other)}` },
            h("span", { class: `delta ${sign}` }, format.change(before, measure.value)),
            h("span", { class: "muted" }, against),
        );
    };
    return h(
        "section",
        { class: "panel card", "aria-label": label },
        h("h2", {}, term(label, sentence(measure.definition))),
        h("p", { class: "value", "data-tip": measure.value === null ? null : exact(measure.value) }, measure.value === null ? "–" : show(measure.value)),
        spark(measure.spark, `${label} over 28 days`),
        h("ul", { class: "deltas" }, delta(measure.dayBefore, 1), delta(measure.weekBefore, 7)),
    );
}

/** What the columns of hours mean. */
async function hourly() {
    const of = (column: string) => definition("hourly", column);
    return { listens: await of("listen_count"), listeners: await of("unique_listeners"), tracks: await of("unique_tracks"), diversity: await of("track_diversity_index"), artists: await of("top_artists") };
}

function hours(day: Day, zone: string, means: Awaited<ReturnType<typeof hourly>>): Child {
    const byHour = new Map(day.hours.map((hour) => [hour.hour, hour]));
    const weekBefore = new Map(day.hoursWeekBefore.map((hour) => [hour.hour, hour.listens]));
    const other = format.addDays(day.date, -7);
    const all = Array.from({ length: 24 }, (_, hour) => hour);
    const columns: TableColumn<number>[] = [
        { label: "Hour", value: (hour) => format.hourOf(hour), isHeader: true },
        { label: "Listens", value: (hour) => byHour.get(hour)?.listens ?? 0, show: (hour) => format.count(byHour.get(hour)?.listens ?? 0), isNumber: true, definition: means.listens },
        { label: "Listens a week before", value: (hour) => weekBefore.get(hour) ?? null, show: (hour) => (weekBefore.has(hour) ? format.count(weekBefore.get(hour)!) : null), isNumber: true, definition: means.listens },
        { label: "Listeners", value: (hour) => byHour.get(hour)?.listeners ?? 0, show: (hour) => format.count(byHour.get(hour)?.listeners ?? 0), isNumber: true, definition: means.listeners },
        { label: "Tracks", value: (hour) => byHour.get(hour)?.tracks ?? 0, show: (hour) => format.count(byHour.get(hour)?.tracks ?? 0), isNumber: true, definition: means.tracks },
        { label: "Diversity", value: (hour) => byHour.get(hour)?.diversity ?? null, show: (hour) => (byHour.has(hour) ? format.ratio(byHour.get(hour)!.diversity) : null), isNumber: true, definition: means.diversity },
        { label: "Top artists", value: (hour) => byHour.get(hour)?.artists ?? "", definition: means.artists },
    ];
    return chartPanel({
        title: "Listens by hour",
        description: `Listens of every hour of ${format.date(day.date)}, and of ${format.date(other)}. The table has the numbers.`,
        table: { name: `hours-${day.date}`, label: "Listens by hour", columns, rows: all },
        height: 17,
        option: (theme, width) => ({
            legend: legend(theme),
            grid: { left: 8, right: 16, top: above(theme, weekBefore.size ? [format.date(day.date), `${format.date(other)}, a week before`] : [format.date(day.date)], width), bottom: 8, containLabel: true },
            tooltip: tooltip(theme, ([first]) => {
                const hour = byHour.get(first.dataIndex);
                return {
                    title: `${format.hourOf(first.dataIndex)}–${format.hourOf(first.dataIndex + 1)} ${zone}`,
                    lines: [
                        ["Listens", format.count(hour?.listens ?? 0), theme.series[0]],
                        [format.dateShort(other), weekBefore.size ? format.count(weekBefore.get(first.dataIndex) ?? 0) : "–", theme.series[1]],
                        ["Listeners", format.count(hour?.listeners ?? 0)],
                        ["Diversity", hour ? format.ratio(hour.diversity) : "–"],
                    ],
                };
            }),
            xAxis: categories(theme, all.map((hour) => format.hourOf(hour))),
            yAxis: numbers(theme, "listens", format.mark),
            series: [
                { name: format.date(day.date), type: "bar", data: all.map((hour) => byHour.get(hour)?.listens ?? 0), barCategoryGap: "24%", itemStyle: { borderRadius: [2, 2, 0, 0] } },
                ...(weekBefore.size
                    ? [{ name: `${format.date(other)}, a week before`, type: "line", data: all.map((hour) => weekBefore.get(hour) ?? 0), symbol: "none", lineStyle: { width: 2, type: "dashed" } }]
                    : []),
            ],
        }),
    });
}

function list<Row extends { listens: number }>(title: Child, options: TableOptions<Row>, note: Child, link: Child) {
    return panel(title, { class: "list", note, actions: csvButton(options) }, dataTable(options), h("p", { class: "more-link" }, link));
}

const most = (rows: { listens: number }[]) => Math.max(1, ...rows.map((row) => row.listens));

function genres(day: Day, listens: string): Child {
    const top = most(day.genres);
    return list(
        "Genres",
        {
            name: `genres-${day.date}`,
            label: "Top genres",
            rows: day.genres,
            columns: [
                { label: "Genre", value: (row) => row.name, show: (row) => h("a", { href: link("/genres", day.date, "genre", row.name) }, row.name), isHeader: true },
                { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), bar: (row) => row.listens / top, isNumber: true, definition: listens },
                { label: "Share", value: (row) => row.share, show: (row) => format.percent(row.share), isNumber: true, definition: "Of all listens of the date. A track may have several genres, so shares add up to more than 100 %." },
            ],
        },
        null,
        h("a", { href: `/genres?from=${format.addDays(day.date, -27)}&to=${day.date}` }, `All ${day.genreCount} genres`),
    );
}

function tracks(day: Day): Child {
    const top = most(day.tracks);
    return list(
        "Tracks",
        {
            name: `tracks-${day.date}`,
            label: "Top tracks",
            rows: day.tracks,
            columns: [
                { label: "Track", value: (row) => row.name, show: (row) => h("a", { href: link("/tracks", day.date, "track", row.id), "data-tip": row.genres }, row.name || h("i", {}, "no name")), isHeader: true },
                {
                    label: "Listens",
                    value: (row) => row.listens,
                    show: (row) => format.count(row.listens),
                    bar: (row) => row.listens / top,
                    isNumber: true,
                    definition: `From the first ${day.trackRanks} tracks of each genre: the first ${day.trackRanks} are those of the date for certain, the others those of genres.`,
                },
            ],
        },
        null,
        h("a", { href: `/tracks?from=${format.addDays(day.date, -27)}&to=${day.date}` }, "Tracks over time"),
    );
}

function artists(day: Day): Child {
    const top = most(day.artists);
    return list(
        "Artists",
        {
            name: `artists-${day.date}`,
            label: "Top artists",
            rows: day.artists,
            columns: [
                { label: "Artist", value: (row) => row.name, show: (row) => h("a", { href: link("/artists", day.date, "artist", row.name) }, row.name), isHeader: true },
                { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), bar: (row) => row.listens / top, isNumber: true, definition: "Listens of the artist's tracks. A track may have several artists, and counts for each." },
            ],
        },
        null,
        h("a", { href: `/artists?from=${format.addDays(day.date, -27)}&to=${day.date}` }, "Artists over time"),
    );
}

/** Four weeks up to a date of something. */
const link = (path: string, date: string, name: string, value: string) =>
    `${path}?from=${format.addDays(date, -27)}&to=${date}&${name}=${encodeURIComponent(value)}`;
