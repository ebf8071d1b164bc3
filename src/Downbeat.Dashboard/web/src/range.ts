// Which dates a page is about. The choice stands in the URL as two dates, so that a link shows what was seen.
import { choose, type Visit } from "./app.js";
import { h, type Child } from "./dom.js";
import { addDays, date } from "./format.js";

const usual = 28;
const lengths = [7, 28, 90];

export interface Range {
    from: string;
    to: string;
}

/** The range of the URL; else the last four weeks. */
export function rangeOf(visit: Visit, last = visit.lake.last!): Range {
    const to = visit.parameters.get("to") ?? last;
    return { from: visit.parameters.get("from") ?? addDays(to, 1 - usual), to };
}

/** How to choose it. */
export function rangeControl(visit: Visit, last = visit.lake.last!): Child {
    const { from, to } = rangeOf(visit, last);
    const set = (newFrom: string, newTo: string) => newFrom && newTo && newFrom <= newTo && choose({ from: newFrom, to: newTo });
    const input = (id: string, label: string, value: string, change: (value: string) => void) =>
        h("input", {
            type: "date",
            id,
            value,
            "aria-label": label,
            min: visit.lake.first,
            max: last,
            onchange: (event: Event) => change((event.target as HTMLInputElement).value),
        });
    return h(
        "div",
        { class: "range", role: "group", "aria-label": "Dates" },
        h(
            "div",
            { class: "segments" },
            lengths.map((length) => {
                const start = addDays(last, 1 - length);
                return h(
                    "button",
                    { type: "button", id: `range-${length}`, "aria-pressed": String(from === start && to === last), onclick: () => set(start, last) },
                    `${length} days`,
                );
            }),
        ),
        h(
            "div",
            { class: "dates" },
            input("range-from", "First date", from, (value) => set(value, value > to ? value : to)),
            h("span", { "aria-hidden": "true" }, "–"),
            input("range-to", "Last date", to, (value) => set(value < from ? value : from, value)),
        ),
    );
}

/** The range, in words. */
export const say = (range: Range) => (range.from === range.to ? date(range.from) : `${date(range.from)} – ${date(range.to)}`);
