import { choose, head, nothing, type Page } from "../app.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { heldWithin } from "../quality.js";
import { rangeControl, rangeOf, type Range } from "../range.js";
import { address, ask } from "../server.js";
import { found, listens, ranks } from "./names.js";

interface Track {
    id: string;
    name: string;
    genres: string;
    listens: number;
    days: number;
    best: number;
}

interface OneTrack {
    id: string;
    name: string;
    listens: (number | null)[];
    genres: { name: string; ranks: (number | null)[] }[];
}

export const tracks: Page = {
    path: "/tracks",
    title: "Tracks",
    async show(visit) {
        const range = rangeOf(visit);
        const chosen = visit.parameters.get("track");
        const [all, one] = await Promise.all([
            ask<{ days: number; count: number; rows: Track[] }>("/view/tracks", { ...range, search: visit.parameters.get("search") ?? "" }, visit.signal),
            chosen !== null ? ask<OneTrack>("/view/track", { ...range, id: chosen }, visit.signal) : null,
        ]);
        const most = Math.max(1, ...all.rows.map((row) => row.listens));
        return [
            head("Tracks", rangeControl(visit)),
            heldWithin(visit.lake, range.from, range.to),
            one && oneTrack(one, range),
            found(visit, range, "tracks", all.count, {
                name: `tracks-${range.from}-${range.to}`,
                label: "Tracks",
                rows: all.rows,
                sort: "Listens",
                isDescending: true,
                columns: [
                    {
                        label: "Track",
                        value: (row) => row.name,
                        show: (row) => h("a", { href: address("/tracks", { ...range, search: visit.parameters.get("search") ?? undefined, track: row.id }) }, row.name || h("i", {}, "no name")),
                        isHeader: true,
                    },
                    { label: "Genres", value: (row) => row.genres, show: (row) => h("bdi", {}, row.genres), definition: "Those in which it was among the first." },
                    { label: "Listens", value: (row) => row.listens, show: (row) => format.count(row.listens), bar: (row) => row.listens / most, isNumber: true, definition: "On the dates on which it was among the first of a genre. Of other dates they are not published." },
                    { label: "Dates", value: (row) => row.days, isNumber: true, definition: "On how many dates it was among the first of a genre." },
                    { label: "Best rank", value: (row) => row.best, isNumber: true, definition: "Its best rank in a genre." },
                    { label: "Id", value: (row) => row.id, show: (row) => h("code", {}, row.id), isExtra: true },
                ],
            }),
        ];
    },
};

function oneTrack(track: OneTrack, range: Range): Child {
    const title = h(
        "div",
        { class: "subject" },
        h("h2", {}, h("bdi", {}, track.name || "A track without a name")),
        h("code", {}, track.id),
        h("button", { type: "button", class: "quiet", onclick: () => choose({ track: null }) }, "Close"),
    );
    if (track.genres.length === 0) {
        return h("div", { class: "panel" }, title, nothing("Not among the first", "In this range the track was among the first of no genre."));
    }

    const file = `track-${range.from}-${range.to}`;
    return [
        title,
        h(
            "div",
            { class: "columns" },
            ranks("Rank over time", `${file}-ranks`, range, track.genres, "In its genres. Where there is no mark, the track was not among the first."),
            listens(`${file}-listens`, range, track.listens, "On the dates on which the track was among the first of a genre."),
        ),
    ];
}
