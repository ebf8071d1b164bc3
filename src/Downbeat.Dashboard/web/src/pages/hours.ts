import { choose, head, nothing, panel, type Page } from "../app.js";
import { above, categories, chartPanel, legend, numbers, tooltip } from "../chart.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { heldWithin } from "../quality.js";
import { rangeControl, rangeOf, say, type Range } from "../range.js";
import { address, ask, definition } from "../server.js";
import { csvButton, dataTable, type TableOptions } from "../table.js";

interface Cell {
    weekday: number;
    hour: number;
    days: number;
    listens: number;
    listeners: number;
    diversity: number | null;
}

interface HourOfWeek {
    days: number;
    weekday: number;
    hour: number;
    rows: { date: string; listens: number; listeners: number; diversity: number | null; artists: string }[];
    artists: { name: string; listens: number; days: number }[];
}

const metrics = {
    listeners: ["Listeners", "unique_listeners", format.mean],
    listens: ["Listens", "listen_count", format.mean],
    diversity: ["Diversity", "track_diversity_index", format.ratio],
} as const;

type Metric = keyof typeof metrics;

export const hours: Page = {
    path: "/hours",
    title: "Hours",
    async show(visit) {
        const range = rangeOf(visit);
        const metric = (Object.keys(metrics) as Metric[]).find((name) => name === visit.parameters.get("metric")) ?? "listeners";
        const [weekday, hour] = ["weekday", "hour"].map((name) => visit.parameters.get(name));
        const [week, one] = await Promise.all([
            ask<{ days: number; cells: Cell[] }>("/view/hours", { ...range }, visit.signal),
            weekday !== null && hour !== null ? ask<HourOfWeek>("/view/hour", { ...range, weekday, hour }, visit.signal) : null,
        ]);
        return [
            head("Hours", rangeControl(visit)),
            heldWithin(visit.lake, range.from, range.to),
            week.days === 0
                ? h("div", { class: "panel" }, nothing("No date of this range is published", say(range)))
                : [
                      heatMap(week.cells, metric, range, visit.lake.zone, await meanings()),
                      one ? oneHour(one, range, await meanings()) : h("p", { class: "hint" }, "Choose an hour in the map, or in its table, to see its dates and its artists."),
                  ],
        ];
    },
};

type Meanings = Record<Metric, string>;

async function meanings(): Promise<Meanings> {
    const all = await Promise.all((Object.keys(metrics) as Metric[]).map(async (metric) => [metric, await definition("hourly", metrics[metric][1])]));
    return Object.fromEntries(all);
}

function heatMap(cells: Cell[], metric: Metric, range: Range, zone: string, means: Meanings): Child {
    const [label, , show] = metrics[metric];
    const known = cells.filter((cell) => cell[metric] !== null);
    const values = known.map((cell) => cell[metric]!);
    const low = metric === "diversity" ? Math.min(...values) : 0;
    const pick = (cell: Cell) => choose({ weekday: String(cell.weekday), hour: String(cell.hour) });
    return chartPanel({
        title: `${label} by hour of the week`,
        description: `${label} of each weekday and hour, as a map. The table has the numbers, and a link to each hour.`,
        note: `${say(range)}, ${zone}. The mean of the dates of each weekday. ${means[metric]}`,
        height: 19,
        class: "heat",
        table: {
            name: `hours-${metric}-${range.from}-${range.to}`,
            label: `${label} by hour of the week`,
            rows: known,
            shown: 24 * 7,
            columns: [
                {
                    label: "Weekday and hour",
                    value: (cell) => `${format.weekdays[cell.weekday]} ${format.hourOf(cell.hour)}`,
                    show: (cell) =>
                        h("a", { href: address("/hours", { ...range, metric, weekday: cell.weekday, hour: cell.hour }) }, `${format.weekdays[cell.weekday]} ${format.hourOf(cell.hour)}`),
                    isHeader: true,
                },
                { label: "Listens", value: (cell) => cell.listens, show: (cell) => metrics.listens[2](cell.listens), isNumber: true, definition: means.listens },
                { label: "Listeners", value: (cell) => cell.listeners, show: (cell) => metrics.listeners[2](cell.listeners), isNumber: true, definition: means.listeners },
                { label: "Diversity", value: (cell) => cell.diversity, show: (cell) => (cell.diversity === null ? null : format.ratio(cell.diversity)), isNumber: true, definition: means.diversity },
                { label: "Dates", value: (cell) => cell.days, isNumber: true, definition: "How many dates of the weekday the means are of." },
            ],
        },
        actions: h(
            "select",
            { id: "metric", "aria-label": "Measure", onchange: (event: Event) => choose({ metric: (event.target as HTMLSelectElement).value }) },
            (Object.keys(metrics) as Metric[]).map((name) => h("option", { value: name, selected: name === metric }, metrics[name][0])),
        ),
        onClick: (event) => pick(known[event.dataIndex]),
        option: (theme, width) => ({
            grid: { left: 8, right: 8, top: 8, bottom: 56, containLabel: true },
            tooltip: tooltip(
                theme,
                ([point]) => {
                    const cell = known[point.dataIndex];
                    return {
                        title: `${format.weekdays[cell.weekday]} ${format.hourOf(cell.hour)}–${format.hourOf(cell.hour + 1)}`,
                        lines: [
                            ["Listens", metrics.listens[2](cell.listens)],
                            ["Listeners", metrics.listeners[2](cell.listeners)],
                            ["Diversity", cell.diversity === null ? "–" : format.ratio(cell.diversity)],
                            ["Dates", String(cell.days)],
                        ],
                    };
                },
                "item",
            ),
            xAxis: { ...categories(theme, Array.from({ length: 24 }, (_, at) => (width < 600 ? String(at) : format.hourOf(at)))), splitArea: { show: false } },
            yAxis: { ...categories(theme, format.weekdays), inverse: true, axisLabel: { color: theme.muted, fontSize: theme.letter, interval: 0 } },
            visualMap: {
                min: low,
                max: Math.max(...values),
                calculable: false,
                orient: "horizontal",
                left: "center",
                bottom: 0,
                itemWidth: 12,
                itemHeight: Math.min(240, (width / theme.scaling) * 0.4),
                text: [show(Math.max(...values)), show(low)],
                textStyle: { color: theme.muted, fontSize: theme.letter },
                inRange: { color: theme.scale },
            },
            series: [
                {
                    type: "heatmap",
                    data: known.map((cell) => [cell.hour, cell.weekday, cell[metric]]),
                    itemStyle: { borderColor: theme.surface, borderWidth: width < 600 ? 1 : 2, borderRadius: 2 },
                    emphasis: { itemStyle: { borderColor: theme.text, borderWidth: 2 } },
                },
            ],
        }),
    });
}

function oneHour(hour: HourOfWeek, range: Range, means: Meanings): Child {
    const name = `${format.weekdays[hour.weekday]} ${format.hourOf(hour.hour)}–${format.hourOf(hour.hour + 1)}`;
    const file = `hour-${hour.weekday}-${hour.hour}-${range.from}-${range.to}`;
    const most = Math.max(1, ...hour.artists.map((artist) => artist.listens));
    const artists: TableOptions<HourOfWeek["artists"][number]> = {
        name: `${file}-artists`,
        label: `Top artists of ${name}`,
        rows: hour.artists,
        columns: [
            { label: "Artist", value: (row) => row.name, show: (row) => h("a", { href: address("/artists", { ...range, artist: row.name }) }, row.name), isHeader: true },
            { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), bar: (row) => row.listens / most, isNumber: true, definition: "In this hour, on the dates on which the artist was among the first of it." },
            { label: "Dates", value: (row) => row.days, isNumber: true, definition: "On how many of the dates the artist was among the first of the hour." },
        ],
    };
    return h(
        "div",
        { class: "columns wide-first" },
        chartPanel({
            title: `${name}, date by date`,
            description: `Listens and listeners of ${name} on each date. The table has the numbers.`,
            height: 20,
            table: {
                name: file,
                label: `${name}, date by date`,
                rows: hour.rows,
                columns: [
                    { label: "Date", value: (row) => row.date, show: (row) => h("a", { href: `/?date=${row.date}` }, row.date), isHeader: true },
                    { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), isNumber: true, definition: means.listens },
                    { label: "Listeners", value: (row) => row.listeners, show: (row) => format.count(row.listeners), isNumber: true, definition: means.listeners },
                    { label: "Diversity", value: (row) => row.diversity, show: (row) => (row.diversity === null ? null : format.ratio(row.diversity)), isNumber: true, definition: means.diversity },
                    { label: "Top artists", value: (row) => row.artists },
                ],
            },
            option: (theme, width) => ({
                legend: legend(theme),
                grid: { left: 8, right: 16, top: above(theme, ["Listens", "Listeners"], width), bottom: 8, containLabel: true },
                tooltip: tooltip(theme, (points) => ({
                    title: format.date(hour.rows[points[0].dataIndex].date),
                    lines: points.map((point) => [point.seriesName, format.count(point.value), point.color]),
                })),
                xAxis: categories(theme, hour.rows.map((row) => row.date), format.dateShort),
                yAxis: numbers(theme, "listens, listeners", format.mark),
                series: [
                    { name: "Listens", type: "bar", data: hour.rows.map((row) => row.listens), barCategoryGap: "40%", barMaxWidth: 40, itemStyle: { borderRadius: [2, 2, 0, 0] } },
                    { name: "Listeners", type: "bar", data: hour.rows.map((row) => row.listeners), barMaxWidth: 40, itemStyle: { borderRadius: [2, 2, 0, 0] } },
                ],
            }),
        }),
        panel("Top artists of the hour", { class: "list", actions: csvButton(artists) }, dataTable(artists)),
    );
}
