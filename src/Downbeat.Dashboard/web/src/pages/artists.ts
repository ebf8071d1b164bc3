import { choose, head, nothing, type Page } from "../app.js";
import { categories, chartPanel, numbers, tooltip } from "../chart.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { heldWithin } from "../quality.js";
import { rangeControl, rangeOf, type Range } from "../range.js";
import { address, ask } from "../server.js";
import { found, listens, ranks } from "./names.js";

interface Artist {
    name: string;
    listens: number;
    days: number;
    best: number | null;
    hours: number;
}

interface OneArtist {
    name: string;
    ranks: (number | null)[];
    listens: (number | null)[];
    hours: number[];
}

export const artists: Page = {
    path: "/artists",
    title: "Artists",
    async show(visit) {
        const range = rangeOf(visit);
        const chosen = visit.parameters.get("artist");
        const [all, one] = await Promise.all([
            ask<{ days: number; count: number; rows: Artist[] }>("/view/artists", { ...range, search: visit.parameters.get("search") ?? "" }, visit.signal),
            chosen !== null ? ask<OneArtist>("/view/artist", { ...range, name: chosen }, visit.signal) : null,
        ]);
        const most = Math.max(1, ...all.rows.map((row) => row.listens));
        return [
            head("Artists", rangeControl(visit)),
            heldWithin(visit.lake, range.from, range.to),
            one && oneArtist(one, range),
            found(visit, range, "artists", all.count, {
                name: `artists-${range.from}-${range.to}`,
                label: "Artists",
                rows: all.rows,
                sort: "Listens",
                isDescending: true,
                columns: [
                    {
                        label: "Artist",
                        value: (row) => row.name,
                        show: (row) => h("a", { href: address("/artists", { ...range, search: visit.parameters.get("search") ?? undefined, artist: row.name }) }, row.name),
                        isHeader: true,
                    },
                    { label: "Listens", value: (row) => (row.days ? row.listens : null), show: (row) => (row.days ? format.count(row.listens) : null), bar: (row) => (row.days ? row.listens / most : undefined), isNumber: true, definition: "On the dates on which the artist was among the first. Of other dates they are not published." },
                    { label: "Dates", value: (row) => row.days, isNumber: true, definition: "On how many dates the artist was among the first of the date." },
                    { label: "Best rank", value: (row) => row.best, isNumber: true, definition: "The best rank on a date." },
                    { label: "Hours", value: (row) => row.hours, isNumber: true, definition: "In how many hours, of all dates together, the artist was among the first of the hour." },
                ],
            }),
        ];
    },
};

function oneArtist(artist: OneArtist, range: Range): Child {
    const close = h("button", { type: "button", class: "quiet", onclick: () => choose({ artist: null }) }, "Close");
    const title = h("div", { class: "subject" }, h("h2", {}, h("bdi", {}, artist.name)), close);
    if (!artist.hours.some(Boolean) && !artist.ranks.some(Boolean)) {
        return h("div", { class: "panel" }, title, nothing("Not among the first", "In this range the artist was among the first of no date and no hour."));
    }

    const file = `artist-${range.from}-${range.to}`;
    return [
        title,
        h(
            "div",
            { class: "columns" },
            ranks("Rank over time", `${file}-ranks`, range, [{ name: artist.name, ranks: artist.ranks }], "Among the artists of the date. Where there is no mark, the artist was not among the first."),
            listens(`${file}-listens`, range, artist.listens, "On the dates on which the artist was among the first."),
            chartPanel({
                title: "Hours of the day",
                description: "How often the artist was among the first of each hour of the day. The table has the numbers.",
                note: "On how many dates the artist was among the first of the hour.",
                height: 15,
                table: {
                    name: `${file}-hours`,
                    label: "Hours of the day",
                    rows: artist.hours.map((_, hour) => hour),
                    columns: [
                        { label: "Hour", value: (hour) => format.hourOf(hour), isHeader: true },
                        { label: "Dates", value: (hour) => artist.hours[hour], isNumber: true },
                    ],
                },
                option: (theme) => ({
                    grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
                    tooltip: tooltip(theme, ([point]) => ({ title: format.hourOf(point.dataIndex), lines: [["Dates", format.count(point.value), theme.series[0]]] })),
                    xAxis: categories(theme, artist.hours.map((_, hour) => format.hourOf(hour))),
                    yAxis: numbers(theme, "dates", String, { minInterval: 1 }),
                    series: [{ name: "Dates", type: "bar", data: artist.hours, barCategoryGap: "24%", itemStyle: { borderRadius: [2, 2, 0, 0] } }],
                }),
            }),
        ),
    ];
}
