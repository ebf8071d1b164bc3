import * as format from "../format.js";
import { groupsPage } from "./groups.js";

export const genres = groupsPage({
    path: "/genres",
    title: "Genres",
    one: "genre",
    many: "genres",
    table: "genre_daily",
    view: ["genres", "genre"],
    columns: [
        {
            label: "Popularity",
            value: (row) => row.popularity,
            show: (row) => format.short(row.popularity),
            isNumber: true,
            isExtra: true,
            definition: "The popularity index, added up over the dates: sum of engagement x popularity over the listens / 100.",
        },
        { label: "Most popular track", value: (row) => row.top, isExtra: true, definition: "Of the last date: name of the track whose listens have the most engagement together." },
    ],
});
