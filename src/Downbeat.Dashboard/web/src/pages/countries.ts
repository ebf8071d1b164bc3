import { categories, chartPanel, numbers, tooltip } from "../chart.js";
import * as format from "../format.js";
import { groupsPage, type Groups } from "./groups.js";

const shown = 15;

export const countries = groupsPage({
    path: "/countries",
    title: "Countries",
    one: "country",
    many: "countries",
    table: "country_daily",
    view: ["countries", "country"],
    columns: [{ label: "Top genre", value: (row) => row.top, isExtra: true, definition: "Of the last date: the genre with the most of these listens." }],
    above: bars,
});

function bars(groups: Groups) {
    const rows = groups.rows.slice(0, shown);
    return chartPanel({
        title: rows.length < groups.rows.length ? `Listens of the first ${shown} countries` : "Listens by country",
        description: "Listens by country, the most first. The table has the numbers.",
        height: 2.5 + rows.length * 1.5,
        table: {
            name: `countries-listens-${groups.from}-${groups.to}`,
            label: "Listens by country",
            rows,
            columns: [
                { label: "Country", value: (row) => row.name, isHeader: true },
                { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), isNumber: true, definition: "Listens of users of the country, of all dates of the range." },
                { label: "Share", value: (row) => row.share, show: (row) => format.percent(row.share), isNumber: true, definition: "Of all listens of these dates." },
            ],
        },
        option: (theme, width) => ({
            grid: { left: 8, right: 72, top: 8, bottom: 8, containLabel: true },
            tooltip: tooltip(theme, ([point]) => ({
                title: point.name,
                lines: [
                    ["Listens", format.count(point.value), theme.series[0]],
                    ["Share", format.percent(rows[point.dataIndex].share)],
                    ["Listeners a day", format.count(rows[point.dataIndex].listeners)],
                ],
            })),
            xAxis: numbers(theme, "", format.mark, { splitNumber: width < 500 ? 2 : 4 }),
            yAxis: {
                ...categories(theme, rows.map((row) => row.name)),
                inverse: true,
                axisLabel: { color: theme.text, fontSize: theme.letter, width: Math.min(160, width * 0.35), overflow: "truncate", interval: 0 },
            },
            series: [
                {
                    name: "Listens",
                    type: "bar",
                    data: rows.map((row) => row.listens),
                    barCategoryGap: "28%",
                    itemStyle: { borderRadius: [0, 2, 2, 0] },
                    label: { show: true, position: "right", color: theme.muted, fontSize: theme.letter, formatter: (point: any) => format.short(point.value) },
                },
            ],
        }),
    });
}
