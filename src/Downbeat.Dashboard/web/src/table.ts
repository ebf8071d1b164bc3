// Tables that can be sorted and taken along.
import { download, h, term, type Child } from "./dom.js";

export interface TableColumn<Row> {
    label: string;
    /** What it is sorted by, and what stands in the CSV. */
    value(row: Row): string | number | null;
    /** How it is shown; else as its value. */
    show?(row: Row): Child;
    definition?: string;
    /** How long its bar is, 0 to 1. */
    bar?(row: Row): number | undefined;
    isNumber?: boolean;
    /** The first column names the row. */
    isHeader?: boolean;
    /** Left out where the window is narrow. */
    isExtra?: boolean;
}

export interface TableOptions<Row> {
    name: string;
    label: string;
    columns: TableColumn<Row>[];
    rows: Row[];
    sort?: string;
    isDescending?: boolean;
    /** Told when someone sorts. */
    onSort?(column: string, isDescending: boolean): void;
    /** How many rows are shown before one asks for all. */
    shown?: number;
    class?: string;
}

/** A table that scrolls within its own frame. */
export function dataTable<Row>(options: TableOptions<Row>): HTMLElement {
    let sort = options.sort;
    let isDescending = options.isDescending ?? false;
    let shown = options.shown ?? 200;
    const frame = h("div", { class: `table-frame ${options.class ?? ""}`, role: "region", tabindex: 0, "aria-label": options.label });
    const draw = () => {
        const column = options.columns.find((one) => one.label === sort);
        const rows = column ? [...options.rows].sort(comparing(column.value, isDescending)) : options.rows;
        const focused = document.activeElement instanceof HTMLElement && frame.contains(document.activeElement) ? document.activeElement.dataset.sort : null;
        frame.replaceChildren(
            h(
                "table",
                {},
                h("caption", { class: "hidden" }, options.label),
                h("thead", {}, h("tr", {}, options.columns.map((one) => header(one)))),
                h("tbody", {}, rows.slice(0, shown).map((row) => h("tr", {}, options.columns.map((one) => cell(one, row))))),
            ),
        );
        if (rows.length > shown) {
            const all = () => {
                shown = Infinity;
                draw();
            };
            frame.append(h("button", { type: "button", class: "more", onclick: all }, `Show all ${rows.length} rows`));
        }

        if (focused) frame.querySelector<HTMLElement>(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
    };
    const header = (column: TableColumn<Row>) => {
        const isSorted = column.label === sort;
        const press = () => {
            isDescending = isSorted ? !isDescending : (column.isNumber ?? false);
            sort = column.label;
            options.onSort?.(sort, isDescending);
            draw();
        };
        return h(
            "th",
            {
                scope: "col",
                class: `${column.isNumber ? "number" : ""} ${column.isExtra ? "extra" : ""}`,
                "aria-sort": isSorted ? (isDescending ? "descending" : "ascending") : null,
            },
            options.sort === undefined
                ? term(column.label, column.definition ?? "")
                : h("button", { type: "button", class: "sort", "data-sort": column.label, "data-tip": column.definition, onclick: press }, column.label),
        );
    };
    const cell = (column: TableColumn<Row>, row: Row) => {
        const content = column.show ? column.show(row) : column.value(row);
        const bar = column.bar?.(row);
        return h(
            column.isHeader ? "th" : "td",
            { scope: column.isHeader ? "row" : null, class: `${column.isNumber ? "number" : ""} ${column.isExtra ? "extra" : ""} ${bar === undefined ? "" : "with-bar"}` },
            bar === undefined ? null : h("span", { class: "bar", css: { "--share": String(Math.max(0, Math.min(1, bar))) } }),
            content === null ? h("span", { class: "muted" }, "–") : content,
        );
    };
    draw();
    return frame;
}

/** Takes a table along as CSV. */
export const csvButton = <Row>(options: TableOptions<Row>) =>
    h("button", { type: "button", class: "quiet", "aria-label": `CSV of ${options.label}`, onclick: () => saveCsv(options) }, "CSV");

// What a spreadsheet would calculate (https://owasp.org/www-community/attacks/CSV_Injection), as `show --spreadsheet-safe` has it.
const formula = /^[ \u00a0\ufeff\u200b]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * Takes a table along as CSV: RFC 4180, with all digits. It is for people and their spreadsheets: a text that would be taken for
 * a formula has an apostrophe before it. Programs have the API.
 */
export function saveCsv<Row>(options: TableOptions<Row>) {
    const field = (value: string | number | null) => {
        const text = value === null ? "" : typeof value === "string" && formula.test(value) && isNaN(Number(value)) ? `'${value}` : String(value);
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [options.columns.map((column) => field(column.label)), ...options.rows.map((row) => options.columns.map((column) => field(column.value(row))))];
    download(`${options.name}.csv`, lines.map((line) => line.join(",") + "\r\n").join(""), "text/csv");
}

function comparing<Row>(value: (row: Row) => string | number | null, isDescending: boolean) {
    const sign = isDescending ? -1 : 1;
    return (left: Row, right: Row) => {
        const [a, b] = [value(left), value(right)];
        if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1; // What there is not comes last, either way.
        return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en"));
    };
}
