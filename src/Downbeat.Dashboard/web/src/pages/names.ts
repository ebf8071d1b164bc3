// What the pages of artists and of tracks share: a search, and a table of those found.
import { choose, nothing, panel, type Visit } from "../app.js";
import { above, categories, chartPanel, legend, numbers, tooltip } from "../chart.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { say, type Range } from "../range.js";
import { csvButton, dataTable, type TableOptions } from "../table.js";

const waitMs = 250;

/** A search whose text stands in the URL, and the table of those found. */
export function found<Row>(visit: Visit, range: Range, what: string, count: number, options: TableOptions<Row>): Child {
    options = {
        ...options,
        sort: visit.parameters.get("sort") ?? options.sort,
        isDescending: visit.parameters.has("sort") ? visit.parameters.get("order") !== "up" : options.isDescending,
        onSort: (sort, isDescending) => choose({ sort, order: isDescending ? null : "up" }, true),
    };
    const search = visit.parameters.get("search") ?? "";
    let waiting = 0;
    const input = h("input", {
        type: "search",
        id: "search",
        value: search,
        placeholder: `Search ${what}`,
        "aria-label": `Search ${what}`,
        oninput: (event: Event) => {
            clearTimeout(waiting);
            waiting = window.setTimeout(() => choose({ search: (event.target as HTMLInputElement).value || null }), waitMs);
        },
    });
    return panel(
        search ? "Found" : `Top ${what}`,
        {
            note: `${say(range)}: ${format.count(count)} ${what}${count > options.rows.length ? `, of which the first ${options.rows.length} are shown` : ""}.`,
            actions: [input, csvButton(options)],
        },
        options.rows.length
            ? dataTable({ ...options, shown: 25 })
            : nothing(`No ${what} found`, "Only those that were among the first of a date, an hour or a genre are published by name. A longer range may have more."),
    );
}

const wide = (width: number) => ({ symbol: "circle", symbolSize: width + (width > 2 ? 1 : 5), lineStyle: { width, type: "solid" } });

/** Ranks over time: the first is on top. */
export function ranks(title: string, file: string, range: Range, series: { name: string; ranks: (number | null)[] }[], meaning: string): Child {
    const dates = format.datesFrom(range.from, series[0].ranks.length);
    const lowest = Math.max(3, ...series.flatMap((one) => one.ranks.map((rank) => rank ?? 0)));
    return chartPanel({
        title,
        description: `${title}, date by date; 1 is the first. The table has the numbers.`,
        note: meaning,
        height: 15,
        table: {
            name: file,
            label: title,
            rows: dates.map((_, at) => at),
            columns: [
                { label: "Date", value: (at) => dates[at], isHeader: true },
                ...series.map((one) => ({ label: `Rank, ${one.name}`, value: (at: number) => one.ranks[at], isNumber: true })),
            ],
        },
        option: (theme, width) => ({
            legend: series.length > 1 ? legend(theme) : undefined,
            grid: { left: 8, right: 24, top: series.length > 1 ? above(theme, series.map((one) => one.name), width) : 12, bottom: 8, containLabel: true },
            tooltip: tooltip(theme, (points) => ({
                title: format.date(dates[points[0].dataIndex]),
                lines: points.map((point) => [point.seriesName, point.value ? `rank ${point.value}` : "–", point.color]),
            })),
            xAxis: { ...categories(theme, dates, format.dateMarks(dates)), boundaryGap: true },
            yAxis: numbers(theme, "", (value) => `#${value}`, { inverse: true, min: 1, max: lowest, interval: Math.ceil(lowest / 6) }),
            series: series.map((one, number) => ({
                name: one.name,
                type: "line",
                data: one.ranks,
                showAllSymbol: true,
                // Ranks are often the same: what lies below is wider, and can be seen.
                ...wide(dates.length > 180 ? 1.25 : 2 + 3 * Math.min(3, series.length - 1 - number)),
            })),
        }),
    });
}

/** Listens over time; a gap is a date of which they are not published. */
export function listens(file: string, range: Range, values: (number | null)[], meaning: string): Child {
    const dates = format.datesFrom(range.from, values.length);
    return chartPanel({
        title: "Listens over time",
        description: "Listens, date by date. The table has the numbers.",
        note: meaning,
        height: 15,
        table: {
            name: file,
            label: "Listens over time",
            rows: dates.map((_, at) => at),
            columns: [
                { label: "Date", value: (at) => dates[at], isHeader: true },
                { label: "Listens", value: (at) => values[at], show: (at) => (values[at] === null ? null : format.count(values[at]!)), isNumber: true },
            ],
        },
        option: (theme) => ({
            grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
            tooltip: tooltip(theme, ([point]) => ({
                title: format.date(dates[point.dataIndex]),
                lines: [["Listens", point.value ? format.count(point.value) : "not published", theme.series[0]]],
            })),
            xAxis: categories(theme, dates, format.dateMarks(dates)),
            yAxis: numbers(theme, "listens", format.mark),
            series: [{ name: "Listens", type: "bar", data: values, barCategoryGap: "24%", barMaxWidth: 40, itemStyle: { borderRadius: [2, 2, 0, 0] } }],
        }),
    });
}
