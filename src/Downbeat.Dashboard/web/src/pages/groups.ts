// What the pages of genres and of countries share: a table of all, and how up to five of them went.
import { choose, head, nothing, panel, type Page, type Visit } from "../app.js";
import { above, categories, chartPanel, legend, lineStyle, numbers, tooltip } from "../chart.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { heldWithin } from "../quality.js";
import { rangeControl, rangeOf, say } from "../range.js";
import { address, ask, definition } from "../server.js";
import { csvButton, dataTable, type TableColumn, type TableOptions } from "../table.js";

export interface Group {
    name: string;
    listens: number;
    listensBefore: number | null;
    share: number;
    listeners: number;
    timeMs: number;
    popularity: number;
    top: string;
}

export interface Groups {
    from: string;
    to: string;
    days: number;
    daysBefore: number;
    listens: number;
    rows: Group[];
}

interface Song {
    id: string;
    name: string;
    listens: number;
    days: number;
    best: number;
}

export interface Series {
    name: string;
    listens: (number | null)[];
    listeners: (number | null)[];
    timeMs: (number | null)[];
    share: (number | null)[];
    songs?: Song[];
}

/** How genres differ from countries. */
export interface Kind {
    path: string;
    title: string;
    one: string;
    many: string;
    table: string;
    view: [all: string, some: string];
    columns: TableColumn<Group>[];
    above?(groups: Groups): Child;
}

const mostCompared = 5;

const metrics = {
    listens: ["Listens", "listens", format.mark, format.count],
    listeners: ["Listeners", "listeners", format.mark, format.count],
    timeMs: ["Listening time", "hours", (value: number) => format.mark(value / 3_600_000), format.duration],
    share: ["Share of listens", "share", (value: number) => format.mark(value * 100) + " %", format.percent],
} as const;

type Metric = keyof typeof metrics;

const columnOf = { listens: "listen_count", listeners: "unique_listeners", timeMs: "total_listening_time_ms" };

export const groupsPage = (kind: Kind): Page => ({
    path: kind.path,
    title: kind.title,
    async show(visit) {
        const range = rangeOf(visit);
        const chosen = visit.parameters.getAll(kind.one).slice(0, mostCompared);
        const [groups, some] = await Promise.all([
            ask<Groups>(`/view/${kind.view[0]}`, { ...range }, visit.signal),
            chosen.length ? ask<{ series: Series[] }>(`/view/${kind.view[1]}`, { ...range, name: chosen }, visit.signal) : null,
        ]);
        return [
            head(kind.title, rangeControl(visit)),
            heldWithin(visit.lake, range.from, range.to),
            groups.days === 0
                ? h("div", { class: "panel" }, nothing("No date of this range is published", say(range)))
                : [some && (await compared(kind, visit, groups, some.series)), kind.above?.(groups), await all(kind, visit, groups, chosen)],
        ];
    },
});

async function compared(kind: Kind, visit: Visit, groups: Groups, series: Series[]): Promise<Child> {
    const metric = (Object.keys(metrics) as Metric[]).find((name) => name === visit.parameters.get("metric")) ?? "listens";
    const [label, unit, short, exact] = metrics[metric];
    const meaning = metric === "share" ? "Of all listens of the date." : await definition(kind.table, columnOf[metric]);
    const dates = format.datesFrom(groups.from, series[0].listens.length);
    const table: TableOptions<number> = {
        name: `${kind.one}-${metric}-${groups.from}-${groups.to}`,
        label: `${label} by date`,
        rows: dates.map((_, at) => at),
        columns: [
            { label: "Date", value: (at) => dates[at], isHeader: true },
            ...series.map((one) => ({ label: one.name, value: (at: number) => one[metric][at], show: (at: number) => (one[metric][at] === null ? null : exact(one[metric][at]!)), isNumber: true, definition: meaning })),
        ],
    };
    return [
        chartPanel({
            title: `${label} over time`,
            description: `${label} of ${series.map((one) => one.name).join(", ")}, date by date. The table has the numbers.`,
            note: meaning,
            table,
            height: 20,
            actions: [
                h(
                    "select",
                    { id: "metric", "aria-label": "Measure", onchange: (event: Event) => choose({ metric: (event.target as HTMLSelectElement).value }) },
                    (Object.keys(metrics) as Metric[]).map((name) => h("option", { value: name, selected: name === metric }, metrics[name][0])),
                ),
                h("button", { type: "button", class: "quiet", onclick: () => choose({ [kind.one]: null, metric: null }) }, "Clear"),
            ],
            option: (theme, width) => ({
                legend: legend(theme),
                grid: { left: 8, right: 24, top: above(theme, series.map((one) => one.name), width), bottom: 8, containLabel: true },
                tooltip: tooltip(theme, (points) => ({
                    title: format.date(dates[points[0].dataIndex]),
                    lines: points.map((point) => [point.seriesName, point.value === null || point.value === undefined ? "–" : exact(point.value), point.color]),
                })),
                xAxis: { ...categories(theme, dates, format.dateMarks(dates)), boundaryGap: false },
                yAxis: numbers(theme, unit, short),
                series: series.map((one, number) => ({
                    name: one.name,
                    type: "line",
                    data: one[metric],
                    showSymbol: dates.length <= 31,
                    symbolSize: 6,
                    ...lineStyle(number, dates.length),
                })),
            }),
        }),
        h("div", { class: `columns ${series.length > 3 ? "many" : ""}` }, series.filter((one) => one.songs).map((one) => songs(one, groups, series.length > 3))),
    ];
}

/** The songs of a genre; of many genres the first few, and their listens only. */
function songs(series: Series, groups: Groups, isOfMany: boolean): Child {
    const most = Math.max(1, ...series.songs!.map((song) => song.listens));
    const table: TableOptions<Song> = {
        name: `songs-${groups.from}-${groups.to}`,
        label: `Top songs of ${series.name}`,
        rows: series.songs!.slice(0, isOfMany ? 5 : undefined),
        columns: [
            { label: "Song", value: (song) => song.name, show: (song) => h("a", { href: address("/tracks", { from: groups.from, to: groups.to, track: song.id }) }, song.name || h("i", {}, "no name")), isHeader: true },
            { label: "Listens", value: (song) => song.listens, show: (song) => format.count(song.listens), bar: (song) => song.listens / most, isNumber: true, definition: "On the days on which it was among the first of the genre. Listens of other days are not published by track." },
            ...(isOfMany ? [] : more),
        ],
    };
    return panel(["Top songs of ", h("bdi", {}, series.name)], { class: "list", actions: csvButton(table) }, dataTable(table));
}

const more: TableColumn<Song>[] = [
    { label: "Days", value: (song) => song.days, isNumber: true, definition: "On how many days it was among the first of the genre." },
    { label: "Best", value: (song) => song.best, isNumber: true, definition: "Its best rank in the genre." },
];

async function all(kind: Kind, visit: Visit, groups: Groups, chosen: string[]): Promise<Child> {
    const most = Math.max(0.0001, ...groups.rows.map((row) => row.share));
    const set = (name: string, isChosen: boolean) =>
        choose({ [kind.one]: isChosen ? [...chosen, name].slice(-mostCompared) : chosen.filter((other) => other !== name) });
    const options: TableOptions<Group> = {
        name: `${kind.many}-${groups.from}-${groups.to}`,
        label: `All ${kind.many}`,
        rows: groups.rows,
        sort: visit.parameters.get("sort") ?? "Listens",
        isDescending: visit.parameters.get("order") !== "up",
        shown: 25,
        onSort: (sort, isDescending) => {
            Object.assign(options, { sort, isDescending }); // A filter draws the table anew.
            choose({ sort, order: isDescending ? null : "up" }, true);
        },
        columns: [
            {
                label: kind.title.slice(0, -1).replace("Countrie", "Country"),
                value: (row) => row.name,
                isHeader: true,
                show: (row) =>
                    h(
                        "label",
                        { class: "pick" },
                        h("input", {
                            type: "checkbox",
                            id: `pick-${row.name}`,
                            checked: chosen.includes(row.name),
                            onchange: (event: Event) => set(row.name, (event.target as HTMLInputElement).checked),
                        }),
                        h("bdi", {}, row.name),
                    ),
            },
            { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), isNumber: true, definition: await definition(kind.table, "listen_count") },
            {
                label: "Change",
                value: (row) => (row.listensBefore ? row.listens / row.listensBefore - 1 : null),
                show: (row) =>
                    row.listensBefore
                        ? h("span", { class: `delta ${row.listens > row.listensBefore ? "up" : row.listens < row.listensBefore ? "down" : "same"}` }, format.change(row.listensBefore, row.listens))
                        : null,
                isNumber: true,
                definition: "Against as many days before.",
            },
            { label: "Share", value: (row) => row.share, show: (row) => format.percent(row.share), bar: (row) => row.share / most, isNumber: true, definition: "Of all listens of these dates." },
            {
                label: "Listeners a day",
                value: (row) => row.listeners,
                show: (row) => format.count(row.listeners),
                isNumber: true,
                definition: `The mean of the dates. Distinct listeners of several dates do not add up, because the same people come again. Of a date: ${(await definition(kind.table, "unique_listeners")).toLowerCase()}`,
            },
            { label: "Listening time", value: (row) => row.timeMs, show: (row) => format.duration(row.timeMs), isNumber: true, isExtra: true, definition: await definition(kind.table, "total_listening_time_ms") },
            ...kind.columns,
        ],
    };
    const frame = h("div", {});
    const draw = (text: string) => {
        const search = text.toLocaleLowerCase();
        const rows = groups.rows.filter((row) => row.name.toLocaleLowerCase().includes(search));
        frame.replaceChildren(rows.length ? dataTable({ ...options, rows }) : nothing(`No ${kind.one} is called like that`, text));
    };
    const filter = h("input", {
        type: "search",
        id: "filter",
        placeholder: `Filter ${groups.rows.length} ${kind.many}`,
        "aria-label": `Filter ${kind.many}`,
        value: visit.parameters.get("filter") ?? "",
        oninput: (event: Event) => {
            const text = (event.target as HTMLInputElement).value;
            choose({ filter: text || null }, true);
            draw(text);
        },
    });
    draw(visit.parameters.get("filter") ?? "");
    const published = address(`/api/v1/${kind.table.replace("_", "-")}`, { from: groups.from, to: groups.to, limit: 10_000, format: "csv" });
    return panel(
        `All ${kind.many}`,
        {
            note: `${say(groups)}: ${format.plural(groups.days, "date")}, ${format.plural(groups.listens, "listen")}. Choose up to five to compare.`,
            actions: [filter, csvButton(options), h("a", { class: "quiet", href: published, "data-tip": "The published rows, date by date" }, "By date")],
        },
        frame,
    );
}
