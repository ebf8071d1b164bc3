import { choose, head, panel, type Page } from "../app.js";
import { h, type Child } from "../dom.js";
import * as format from "../format.js";
import { allTables, sentence, type Column, type Table } from "../server.js";
import { csvButton, dataTable, type TableOptions } from "../table.js";

export const api: Page = {
    path: "/api",
    title: "API",
    worksEmpty: true,
    async show({ lake, parameters }) {
        const tables = await allTables();
        const table = tables.find((one) => one.name === parameters.get("table")) ?? tables[0];
        return [
            head("API"),
            h(
                "p",
                { class: "lead" },
                "Every published table by key, date and range, as JSON or CSV, with the digits that are published. Answers carry an ETag: send it as If-None-Match, and 304 says that nothing has changed. ",
                h("a", { href: "/api/v1/openapi.json" }, "OpenAPI document"),
                " · ",
                h("a", { href: "/api/v1/tables" }, "tables"),
                " · ",
                h("a", { href: "/api/v1/dates" }, "dates"),
            ),
            h("div", { class: "columns wide-last" }, tryIt(tables, table, lake.last ?? "2024-06-25"), columns(table)),
        ];
    },
};

function tryIt(tables: Table[], table: Table, last: string): Child {
    const address = h("code", { class: "address" });
    const curl = h("code", { class: "address" });
    const answer = h("div", { "aria-live": "polite" });
    const fields = new Map<string, HTMLInputElement>();
    const field = (name: string, label: string, value: string, placeholder: string) => {
        const input = h("input", { id: `try-${name}`, value, placeholder, oninput: () => tell() });
        fields.set(name, input);
        return h("div", { class: "field" }, h("label", { for: `try-${name}` }, label), input);
    };
    const formats = h("select", { id: "try-format", onchange: () => tell() }, h("option", { value: "json" }, "JSON"), h("option", { value: "csv" }, "CSV"));
    const build = () => {
        const value = (name: string) => fields.get(name)!.value.trim();
        const keys = table.key.slice(1);
        const query = new URLSearchParams();
        let path = table.path;
        if (value("date")) {
            path += "/" + encodeURIComponent(value("date"));
            // A key goes into the path as long as all before it are there, and else into the query.
            let isPath = true;
            for (const key of keys) {
                isPath &&= value(key) !== "" && value(key) !== "." && value(key) !== "..";
                if (isPath) path += "/" + encodeURIComponent(value(key));
                else if (value(key)) query.set(key, value(key));
            }
        } else {
            for (const name of ["from", "to", ...keys]) if (value(name)) query.set(name, value(name));
        }

        if (value("limit")) query.set("limit", value("limit"));
        const text = query.toString();
        return path + (text ? "?" + text : "");
    };
    const accept = () => (formats.value === "csv" ? "text/csv" : "application/json");
    const tell = () => {
        address.textContent = `GET ${build()}`;
        curl.textContent = `curl -H 'Accept: ${accept()}' '${location.origin}${build()}'`;
    };
    const send = async (event: Event) => {
        event.preventDefault();
        const began = performance.now();
        try {
            const response = await fetch(build(), { headers: { Accept: accept() } });
            const text = await response.text();
            const took = performance.now() - began;
            const body = response.headers.get("Content-Type")?.includes("json") ? pretty(text) : text;
            answer.replaceChildren(
                h(
                    "p",
                    { class: "facts" },
                    h("span", {}, h("b", { class: response.ok ? "good" : "bad" }, `${response.status} ${response.statusText}`)),
                    h("span", {}, `${took.toFixed(took < 10 ? 1 : 0)} ms`),
                    h("span", {}, format.bytes(text.length)),
                    response.headers.get("ETag") ? h("span", {}, `ETag ${response.headers.get("ETag")}`) : null,
                ),
                h("pre", { tabindex: 0, "aria-label": "Answer" }, body.length > 20_000 ? body.slice(0, 20_000) + "\n…" : body),
            );
        } catch {
            answer.replaceChildren(h("p", { class: "bad" }, "The server does not answer."));
        }
    };
    const form = h(
        "form",
        { onsubmit: (event: Event) => void send(event) },
        h(
            "div",
            { class: "fields" },
            h(
                "div",
                { class: "field" },
                h("label", { for: "try-table" }, "Table"),
                h(
                    "select",
                    { id: "try-table", onchange: (event: Event) => choose({ table: (event.target as HTMLSelectElement).value }) },
                    tables.map((one) => h("option", { value: one.name, selected: one === table }, one.name)),
                ),
            ),
            field("date", "Date", last, "or from and to"),
            table.key.slice(1).map((key) => field(key, key, "", "all")),
            field("from", "From", "", "if no date"),
            field("to", "To", "", "if no date"),
            field("limit", "Limit", "", "1000"),
            h("div", { class: "field" }, h("label", { for: "try-format" }, "Format"), formats),
        ),
        h("p", {}, address),
        h("p", {}, curl),
        h("button", { type: "submit", class: "primary" }, "Send"),
    );
    tell();
    return panel("Try it", {}, form, answer);
}

function pretty(text: string): string {
    // Digits stay as they are: parsing would round what is larger than 2^53.
    let depth = 0;
    let isText = false;
    let out = "";
    for (let at = 0; at < text.length; at++) {
        const letter = text[at];
        if (letter === '"') isText = !isText;
        if (isText && letter === "\\") out += letter + text[++at];
        else if (isText) out += letter;
        else if (letter === "{" || letter === "[") {
            const isEmpty = "]}".includes(text[at + 1]);
            depth++;
            out += letter + (isEmpty ? "" : "\n" + "  ".repeat(depth));
        } else if (letter === "}" || letter === "]") {
            depth--;
            out += ("[{".includes(text[at - 1]) ? "" : "\n" + "  ".repeat(depth)) + letter;
        } else if (letter === ",") out += ",\n" + "  ".repeat(depth);
        else out += letter === ":" ? ": " : letter;
    }

    return out;
}

function columns(table: Table): Child {
    const options: TableOptions<Column> = {
        name: `columns-${table.name}`,
        label: `Columns of ${table.name}`,
        rows: table.columns,
        columns: [
            { label: "Column", value: (column) => column.name, show: (column) => h("code", {}, column.name), isHeader: true },
            { label: "Type", value: (column) => column.type },
            { label: "Means", value: (column) => sentence(column.definition) },
        ],
    };
    return panel(table.name, { note: sentence(table.definition), actions: csvButton(options) }, dataTable(options));
}
