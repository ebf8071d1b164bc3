import { choose, head, nothing, panel, type Page, type Visit } from "../app.js";
import { above, categories, chartPanel, legend, numbers, tooltip } from "../chart.js";
import { h, term, type Child } from "../dom.js";
import * as format from "../format.js";
import { badge, heldNotice, name, sayAll, type Check, type Quality } from "../quality.js";
import { rangeControl, rangeOf, type Range } from "../range.js";
import { address, ask, Problem, sentence } from "../server.js";
import { csvButton, dataTable, type TableColumn, type TableOptions } from "../table.js";

type Reasons = Record<string, number>;

interface DateFacts {
    date: string;
    files: number;
    filesKnown: number;
    filesOut: number;
    stale: boolean;
    twice: number | null;
    /** The listens as they are shown; null when nothing is. */
    shown: number | null;
    rejected: number;
    duplicates: number;
    unknownTrackListens: number;
    unknownUsers: number;
    restatedAt: string;
    restatedWhy: string;
    quality: Quality;
}

interface Data {
    days: number;
    dates: DateFacts[];
    heldCount: number;
    held: { date: string; quality: Quality }[];
    lake: {
        files: number;
        rows: number;
        accepted: number;
        duplicates: number;
        rejected: number;
        quarantinedFiles: number;
        rejectedRows: number;
        filesWaiting: number;
        bytesWaiting: number;
        newestArrival?: string;
        running: boolean;
        songs: { version: number; count: number; rejected: number } | null;
        users: { version: number; count: number; rejected: number } | null;
        reasons: Reasons;
    };
    destinations: { name: string; at: string; error: string | null; behind: number; behindFrom?: string }[];
}

interface Source {
    name: string;
    source: string;
    arrived: string;
    scanned: string;
    listens: number;
    rows: number;
    accepted: number;
    duplicates: number;
    rejected: number;
    reasons: Reasons;
    what: "replaced" | "retracted" | "rewritten" | "swept" | null;
}

interface Entry {
    source: string;
    name: string;
    arrived: string;
    fault: string | null;
    detail: string | null;
    rejects: number;
    reasons: Reasons;
}

interface Rejects {
    name: string;
    fault: string | null;
    detail: string | null;
    more: boolean;
    rows: { line: number; reason: string; bytes: number; raw: string }[];
}

interface Run {
    id: string;
    started: string;
    ended?: string;
    outcome: string;
    errors: string[];
    files: number;
    rows: number;
    accepted: number;
    duplicates: number;
    rejected: number;
    quarantined: number;
    dates: number;
    restated: number;
    archived: number;
    stages: Record<string, number>;
    published: { name: string; dates: number; rows: number; seconds: number; error: string | null }[];
}

interface PlannedFile {
    name: string;
    bytes: number;
    why: string;
}

interface Plan {
    problem?: string;
    readCount: number;
    read: PlannedFile[];
    scanCount: number;
    scan: PlannedFile[];
    moveCount: number;
    move: PlannedFile[];
    leaveCount: number;
    leave: PlannedFile[];
    deleteCount: number;
    delete: PlannedFile[];
    datesCount: number;
    dates: { date: string; why: string }[];
    heldCount: number;
    held: { date: string; why: string }[];
}

const rowsOfPage = 100;

export const data: Page = {
    path: "/data",
    title: "Data",
    worksEmpty: true,
    async show(visit) {
        const last = visit.lake.lastKnown;
        const range: Range | null = last ? rangeOf(visit, last) : null;
        const { parameters, signal } = visit;
        const [date, source] = [parameters.get("date"), parameters.get("source")];
        const [known, quarantine, runs, plan, sources, rejects] = await Promise.all([
            ask<Data>("/view/data", { ...range }, signal),
            ask<{ entries: Entry[] }>("/view/quarantine", {}, signal),
            ask<{ count: number; runs: Run[] }>("/view/runs", {}, signal),
            ask<Plan>("/view/plan", {}, signal).catch((error): Partial<Plan> => {
                if (!(error instanceof Problem)) throw error;
                return { problem: error.message };
            }) as Promise<Plan>,
            date ? ask<{ sources: Source[] }>("/view/sources", { date }, signal) : null,
            source
                ? ask<Rejects>("/view/rejects", { source, reason: parameters.get("reason") ?? "", skip: parameters.get("skip") ?? 0 }, signal).catch(() => null)
                : null,
        ]);
        return [
            head("Data", range && rangeControl(visit, last)),
            overview(known, plan),
            known.held.map((one) => heldNotice(one.date, one.quality, h("a", { href: address("/data", { ...range, date: one.date }) }, format.date(one.date)))),
            known.heldCount > known.held.length ? h("p", { class: "facts" }, h("span", {}, `And ${known.heldCount - known.held.length} more are held back; downbeat quality lists all.`)) : null,
            range && dates(known, range, date),
            date && sources && filesOf(date, sources.sources, known),
            date && checksOf(known.dates.find((one) => one.date === date)),
            range && quality(known, range),
            h("div", { class: "columns" }, next(plan), destinations(known), reasons(known)),
            set(quarantine.entries, source),
            source && rawRows(source, rejects, quarantine.entries.find((entry) => entry.source === source), visit),
            history(runs),
            bring(date, source),
        ];
    },
};

let brought = "";

/** What was just chosen, further up, comes into view. */
function bring(date: string | null, source: string | null): null {
    const chosen = `${date} ${source}`;
    const id = brought && brought.split(" ")[1] !== String(source) && source ? "raw" : brought && brought.split(" ")[0] !== String(date) && date ? "files" : "";
    brought = chosen;
    if (id) requestAnimationFrame(() => document.getElementById(id)?.scrollIntoView({ block: "nearest" }));
    return null;
}

function overview({ lake, heldCount }: Data, plan: Plan): Child {
    const work = plan.readCount + plan.scanCount + plan.moveCount + plan.deleteCount + plan.datesCount;
    const waiting = lake.filesWaiting ? `${format.plural(lake.filesWaiting, "file")}, ${format.bytes(lake.bytesWaiting)}, ${lake.filesWaiting === 1 ? "waits" : "wait"}` : "no file waits";
    const fact = (label: string, value: string, meaning: string, note: Child, tone = "") =>
        h("section", { class: `panel card small ${tone}`, "aria-label": label }, h("h2", {}, term(label, meaning)), h("p", { class: "value" }, value), h("p", { class: "muted" }, note));
    const share = lake.rows ? lake.rejected / lake.rows : 0;
    return h(
        "div",
        { class: "cards" },
        fact(
            "Newest file",
            lake.newestArrival ? format.ago(lake.newestArrival) : "–",
            "When the newest file that was taken in arrived.",
            lake.newestArrival ? format.instant(lake.newestArrival) : "no file was taken in yet",
        ),
        fact("Listens", format.short(lake.accepted), "Rows accepted, of all files that count: the distinct listens of each.", `${format.plural(lake.files, "file")}, ${format.short(lake.duplicates)} rows repeated`),
        fact("Rejected", format.percent(share), "The share of rows that are no listens.", `${format.count(lake.rejected)} of ${format.short(lake.rows)} rows`),
        fact("Quarantine", format.plural(lake.quarantinedFiles, "file"), "Files set aside whole, until someone mends them.", `${format.plural(lake.rejectedRows, "rejected row")}`, lake.quarantinedFiles ? "warn" : ""),
        fact("Held back", format.plural(heldCount, "date"), "Dates that fail a check of quality: they keep the tables they had until they are mended, or approved.", heldCount ? "see below" : "none fails a check", heldCount ? "warn" : ""),
        fact(
            "Next run",
            lake.running ? "at work" : plan.problem ? "not possible" : work ? format.plural(work, "step") : "nothing",
            "What a run would find to do now: files to read, scan or move, dates to compute.",
            lake.running ? "a run works on the lake" : plan.problem || work ? [waiting, ": ", h("a", { href: "#next", onclick: jump }, "what, and why")] : waiting,
        ),
    );
}

function jump(event: Event) {
    event.preventDefault();
    document.getElementById("next")!.scrollIntoView({ block: "start" });
}

function dates(known: Data, range: Range, chosen: string | null): Child {
    const rows = known.dates;
    if (rows.length === 0) return h("div", { class: "panel" }, nothing("No date of this range is published", "Choose another range."));
    const options: TableOptions<DateFacts> = {
        name: `dates-${range.from}-${range.to}`,
        label: "Dates",
        rows,
        sort: "Date",
        isDescending: true,
        shown: 14,
        columns: [
            {
                label: "Date",
                value: (row) => row.date,
                show: (row) => h("a", { href: address("/data", { ...range, date: row.date }), "aria-current": row.date === chosen ? "true" : null }, row.date),
                isHeader: true,
            },
            { label: "Listens", value: (row) => row.shown, show: (row) => counted(row.shown), isNumber: true, definition: "Distinct listens of the date, as they are shown: of one that is held back those of before, or none." },
            {
                label: "Files",
                value: (row) => row.files,
                show: filesOfDate,
                isNumber: true,
                definition: "Files whose listens are in the numbers, of those that count. The next run restates a date that lacks some, or still holds some that were taken back.",
            },
            {
                label: "Checks",
                value: (row) => (row.quality.held ? 2 : 0) + row.quality.checks.filter((check) => check.status !== "ok").length,
                show: standing,
                definition: "What the checks of quality say.",
            },
            { label: "Twice", value: (row) => row.twice, show: (row) => counted(row.twice), isNumber: true, isExtra: true, definition: "Listens that came in more than one file, and count once." },
            { label: "Repeated", value: (row) => row.duplicates, show: (row) => format.count(row.duplicates), isNumber: true, isExtra: true, definition: "Rows that repeat a listen of the same file, in the whole files." },
            { label: "Rejected", value: (row) => row.rejected, show: (row) => format.count(row.rejected), isNumber: true, definition: "Rows that are no listens, in the whole files: a rejected row may have no date." },
            { label: "Unknown tracks", value: (row) => unlessHeld(row, row.unknownTrackListens), show: (row) => counted(unlessHeld(row, row.unknownTrackListens)), isNumber: true, isExtra: true, definition: "Listens of tracks that the songs do not know." },
            { label: "Unknown users", value: (row) => unlessHeld(row, row.unknownUsers), show: (row) => counted(unlessHeld(row, row.unknownUsers)), isNumber: true, isExtra: true, definition: "Listeners that the users do not hold." },
            { label: "Restated", value: (row) => row.restatedAt, show: (row) => h("span", { "data-tip": format.instant(row.restatedAt) }, format.ago(row.restatedAt)) },
            { label: "Why", value: (row) => row.restatedWhy, show: (row) => clipped(row.restatedWhy), isExtra: true },
        ],
    };
    const inOrder = [...rows].reverse();
    return [
        chartPanel({
            title: "What came of each date",
            description: "Distinct listens of each date, and listens that came in more than one file. The table has the numbers.",
            height: 15,
            table: { ...options, rows: inOrder },
            option: (theme, width) => ({
                legend: legend(theme),
                grid: { left: 8, right: 16, top: above(theme, ["Distinct listens", "Came more than once"], width), bottom: 8, containLabel: true },
                tooltip: tooltip(theme, (points) => ({
                    title: format.date(inOrder[points[0].dataIndex].date),
                    lines: points.map((point) => [point.seriesName, point.value == null ? "–" : format.count(point.value), point.color]),
                })),
                xAxis: categories(theme, inOrder.map((row) => row.date), format.dateShort),
                yAxis: numbers(theme, "listens", format.mark),
                series: [
                    { name: "Distinct listens", type: "bar", stack: "all", data: inOrder.map((row) => row.shown), barCategoryGap: "24%", barMaxWidth: 40 },
                    { name: "Came more than once", type: "bar", stack: "all", data: inOrder.map((row) => row.twice) },
                ],
            }),
        }),
        panel("Dates", { actions: csvButton(options) }, dataTable(options)),
    ];
}

/** Of a date that is held back what was computed is not what is shown. */
const unlessHeld = (row: DateFacts, number: number) => (row.quality.held ? null : number);

const counted = (number: number | null) => (number === null ? null : format.count(number));

function filesOfDate(row: DateFacts): Child {
    if (row.quality.held) return h("span", { "data-tip": "With these it is held back: what is shown is of the files there were before." }, String(row.filesKnown));
    const text = row.files === row.filesKnown ? String(row.files) : `${row.files} of ${row.filesKnown}`;
    if (!row.stale) return text;
    return h("strong", { class: "bad", "data-tip": "The numbers are of other files than count now: the next run restates them.", tabindex: 0 }, text, row.filesOut ? ` and ${row.filesOut} taken back` : row.files === row.filesKnown ? ", changed" : "");
}

/** How a date stands with its checks. */
function standing({ quality }: DateFacts): Child {
    const found = quality.checks.filter((check) => check.status !== "ok");
    if (quality.held) return h("span", { class: "badge bad", "data-tip": sayAll(found), tabindex: 0 }, "held back");
    if (found.length > 0) return h("span", { class: "badge warn", "data-tip": sayAll(found) + (quality.approvedAt ? `. Approved on ${format.instant(quality.approvedAt)}.` : ""), tabindex: 0 }, quality.approvedAt ? "approved" : format.plural(found.length, "warning"));
    return quality.checks.length ? h("span", { class: "badge good" }, "ok") : null;
}

interface CheckOfDate {
    date: string;
    held: boolean;
    check: Check;
}

function checkColumns(range: Range | null, withDate: boolean): TableColumn<CheckOfDate>[] {
    const date: TableColumn<CheckOfDate> = {
        label: "Date",
        value: (row) => row.date,
        show: (row) => [h("a", { href: address("/data", { ...range, date: row.date }) }, row.date), row.held ? [" ", h("span", { class: "badge bad" }, "held back")] : null],
        isHeader: true,
    };
    return [
        ...(withDate ? [date] : []),
        { label: "Check", value: (row) => row.check.check, show: (row) => h("code", {}, name(row.check)), isHeader: !withDate },
        { label: "Value", value: (row) => row.check.value, show: (row) => row.check.valueText, isNumber: true, definition: "What it measured." },
        { label: "Threshold", value: (row) => row.check.threshold, show: (row) => row.check.thresholdText, isNumber: true, definition: "The one that the value is above; the lower one when it is above none." },
        { label: "Status", value: (row) => row.check.status, show: (row) => badge(row.check), definition: "ok: within; warn: above the first threshold; fail: above the one that holds the date back." },
        { label: "Measures", value: (row) => row.check.meaning, show: (row) => sentence(row.check.meaning), isExtra: true },
    ];
}

/** All checks of the date that was chosen. */
function checksOf(date: DateFacts | undefined): Child {
    if (!date) return null;
    const options: TableOptions<CheckOfDate> = {
        name: `checks-${date.date}`,
        label: `Checks of ${date.date}`,
        rows: date.quality.checks.map((check) => ({ date: date.date, held: date.quality.held, check })),
        sort: "Check",
        columns: checkColumns(null, false),
    };
    return panel(
        `Checks of ${format.date(date.date)}`,
        { actions: options.rows.length ? csvButton(options) : null, note: date.quality.approvedAt ? `Approved on ${format.instant(date.quality.approvedAt)}.` : null },
        options.rows.length ? dataTable(options) : nothing("No checks", "The date was computed before there were any, or all are off. downbeat rebuild computes it again."),
    );
}

const statuses = ["ok", "warn", "fail"];

/** What the checks of all dates say: a map of all, and a list of those that are not ok. */
function quality(known: Data, range: Range): Child {
    const inOrder = [...known.dates].reverse();
    const all = inOrder.flatMap(({ date, quality }) => quality.checks.map((check) => ({ date, held: quality.held, check })));
    if (all.length === 0) return null;
    const found = all.filter((row) => row.check.status !== "ok").reverse();
    const names = [...new Set(all.map((row) => row.check.check))].sort();
    const dates = inOrder.map((row) => row.date);
    const table: TableOptions<CheckOfDate> = { name: `checks-${range.from}-${range.to}`, label: "Checks of quality", rows: all, sort: "Date", isDescending: true, shown: 30, columns: checkColumns(range, true) };
    const list: TableOptions<CheckOfDate> = { ...table, name: `findings-${range.from}-${range.to}`, label: "Checks that are not ok", rows: found, shown: 10 };
    const isFine = found.length === 0;
    const many = `${format.plural(all.length, "check")} of ${format.plural(known.dates.length, "date")}`;
    return [
        chartPanel({
            title: "Checks by date",
            description: `Whether each check of each date is ok, warns, or fails. The table has the values.`,
            note: [isFine ? `All ${many} are ok. ` : `${found.length} of ${many} are not ok. `, "Choose a cell to see all checks of its date."],
            height: 5 + names.length * 1.5,
            class: "heat",
            table,
            onClick: (event) => choose({ date: dates[event.value[0]] }),
            option: (theme, width) => ({
                grid: { left: 8, right: 8, top: 36, bottom: 8, containLabel: true },
                tooltip: tooltip(
                    theme,
                    ([point]) => {
                        const row = all[point.dataIndex];
                        return { title: format.date(row.date), lines: [[row.check.check, row.check.valueText, point.color], ["Threshold", row.check.thresholdText], ["Status", row.check.status]] };
                    },
                    "item",
                ),
                xAxis: { ...categories(theme, dates, format.dateMarks(dates)), splitArea: { show: false } },
                yAxis: { ...categories(theme, names), inverse: true, axisLabel: { color: theme.muted, fontSize: theme.letter, interval: 0, width: Math.max(96 * theme.scaling, width * 0.35), overflow: "break", formatter: (name: string) => name.replaceAll("_", " ") } },
                visualMap: {
                    type: "piecewise",
                    orient: "horizontal",
                    left: 0,
                    top: 0,
                    itemWidth: 14,
                    itemHeight: 14,
                    itemGap: 16,
                    dimension: 2,
                    textStyle: { color: theme.text, fontSize: theme.letter },
                    pieces: statuses.map((label, value) => ({ value, label, color: theme.status[value] })),
                },
                series: [
                    {
                        type: "heatmap",
                        data: all.map((row) => [dates.indexOf(row.date), names.indexOf(row.check.check), statuses.indexOf(row.check.status)]),
                        itemStyle: { borderColor: theme.surface, borderWidth: dates.length > 60 ? 0.5 : 2, borderRadius: 2 },
                        emphasis: { itemStyle: { borderColor: theme.text, borderWidth: 2 } },
                    },
                ],
            }),
        }),
        isFine ? null : panel("Checks that are not ok", { class: "list", actions: csvButton(list) }, dataTable(list)),
    ];
}

function reasons({ lake }: Data): Child {
    const rows = Object.entries(lake.reasons).sort((left, right) => right[1] - left[1]);
    const most = Math.max(1, ...rows.map((row) => row[1]));
    const options: TableOptions<[string, number]> = {
        name: "rejected-by-reason",
        label: "Rejected by reason",
        rows,
        columns: [
            { label: "Reason", value: (row) => row[0], show: (row) => h("code", {}, row[0]), isHeader: true },
            { label: "Rows", value: (row) => row[1], show: (row) => format.count(row[1]), bar: (row) => row[1] / most, isNumber: true },
        ],
    };
    const catalogue = (name: string, read: { version: number; count: number; rejected: number } | null) =>
        h("li", {}, read ? [h("b", {}, format.count(read.count)), ` ${name}, version ${read.version}`, read.rejected ? `, ${format.plural(read.rejected, "row")} rejected` : ""] : `no ${name} were read yet`);
    return panel(
        "Rejected by reason",
        { class: "list", note: "All files together.", actions: rows.length ? csvButton(options) : null },
        rows.length ? dataTable(options) : nothing("Nothing was rejected", ""),
        h("h3", {}, "Catalogue"),
        h("ul", { class: "plain" }, catalogue("tracks", lake.songs), catalogue("users", lake.users)),
    );
}

function filesOf(date: string, sources: Source[], known: Data): Child {
    const facts = known.dates.find((one) => one.date === date);
    const number = (label: string, value: (row: Source) => number, definition?: string): TableColumn<Source> => ({
        label,
        value,
        show: (row) => format.count(value(row)),
        isNumber: true,
        definition,
    });
    const options: TableOptions<Source> = {
        name: `files-${date}`,
        label: `Files of ${date}`,
        rows: sources,
        sort: "Scanned",
        columns: [
            { label: "File", value: (row) => row.name, show: (row) => [h("bdi", {}, row.name), row.what ? [" ", h("span", { class: "badge", "data-tip": whatBecame[row.what][1], tabindex: 0 }, whatBecame[row.what][0])] : null], isHeader: true },
            number("Of the date", (row) => row.listens, "Its distinct listens of the date."),
            number("Rows", (row) => row.rows, "All rows of the file."),
            number("Accepted", (row) => row.accepted, "Its distinct listens, of all dates."),
            number("Repeated", (row) => row.duplicates, "Rows that repeat a listen of the same file."),
            number("Rejected", (row) => row.rejected, "Rows that are no listens."),
            { label: "Reasons", value: (row) => sayReasons(row.reasons), show: (row) => clipped(sayReasons(row.reasons)), isExtra: true },
            { label: "Arrived", value: (row) => row.arrived, show: (row) => when(row.arrived), isExtra: true },
            { label: "Scanned", value: (row) => row.scanned, show: (row) => when(row.scanned), isExtra: true },
        ],
    };
    return panel(
        `Files of ${format.date(date)}`,
        { id: "files", actions: [csvButton(options), h("a", { class: "quiet", href: `/?date=${date}` }, "The day"), h("button", { type: "button", class: "quiet", onclick: () => choose({ date: null }) }, "Close")] },
        sources.length ? dataTable(options) : nothing("No file holds listens of this date", facts ? "They were taken back: the next run takes the date away." : "Choose another date."),
    );
}

const whatBecame = {
    replaced: ["replaced", "A newer version of the file took its place: its listens do not count."],
    retracted: ["retracted", "Someone took its listens out: they do not count."],
    rewritten: ["users forgotten", "Users were forgotten: what is told is what is left of the file."],
    swept: ["raw file deleted", "It is kept no longer than the settings say. Its listens count."],
} as const;

const sayReasons = (reasons: Reasons) =>
    Object.entries(reasons)
        .map(([reason, count]) => `${reason} ${format.count(count)}`)
        .join(", ");

/** An instant in one line. */
const when = (text: string) => h("span", { class: "when" }, format.instant(text));

const clipped = (text: string) => h("span", { class: "clip", "data-tip": text }, text);

function set(entries: Entry[], chosen: string | null): Child {
    const options: TableOptions<Entry> = {
        name: "quarantine",
        label: "Quarantine",
        rows: entries,
        sort: "Arrived",
        isDescending: true,
        shown: 10,
        columns: [
            {
                label: "File",
                value: (row) => row.name,
                show: (row) => h("button", { type: "button", class: "link", id: `raw-${row.source}`, "aria-expanded": String(row.source === chosen), onclick: () => choose({ source: row.source === chosen ? null : row.source, skip: null, reason: null }) }, h("bdi", {}, row.name)),
                isHeader: true,
            },
            {
                label: "What",
                value: (row) => row.fault ?? "rows",
                show: (row) => (row.fault ? [h("span", { class: "badge bad" }, "whole file"), " ", row.detail] : clipped(sayReasons(row.reasons) || "rows of the catalogue")),
            },
            { label: "Rows", value: (row) => (row.fault ? null : row.rejects), show: (row) => (row.fault ? null : format.count(row.rejects)), isNumber: true, definition: "Rejected rows that are still there." },
            { label: "Arrived", value: (row) => row.arrived, show: (row) => when(row.arrived), isExtra: true },
        ],
    };
    return panel(
        "Quarantine",
        { id: "quarantine", note: ["What was set aside. ", h("code", {}, "downbeat quarantine retry"), " lands it again once the cause is mended."], actions: entries.length ? csvButton(options) : null },
        entries.length ? dataTable(options) : nothing("Nothing is in quarantine", "Every row of every file was a listen."),
    );
}

function rawRows(source: string, rejects: Rejects | null, entry: Entry | undefined, { parameters }: Visit): Child {
    const close = h("button", { type: "button", class: "quiet", onclick: () => choose({ source: null, skip: null, reason: null }) }, "Close");
    if (!rejects) return panel("Raw rows", { actions: close }, nothing("That is not in quarantine any more", "It was tried again, or replaced."));
    const skip = Number(parameters.get("skip") ?? 0);
    const options: TableOptions<Rejects["rows"][number]> = {
        name: `rejects-${source}`,
        label: `Raw rows of ${rejects.name}`,
        rows: rejects.rows,
        class: "raw",
        columns: [
            { label: "Line", value: (row) => row.line, show: (row) => format.count(row.line), isNumber: true },
            ...(rejects.fault ? [] : [{ label: "Reason", value: (row: Rejects["rows"][number]) => row.reason, show: (row: Rejects["rows"][number]) => h("code", {}, row.reason) }]),
            { label: "Row", value: (row) => row.raw, show: (row) => h("code", { class: "row" }, row.raw) },
        ],
    };
    const reason = parameters.get("reason") ?? "";
    const only = (name: string, label: string) =>
        h("button", { type: "button", class: "quiet", id: `reason-${name}`, "aria-pressed": String(name === reason), onclick: () => choose({ reason: name || null, skip: null }) }, label);
    const reasons = Object.entries(entry?.reasons ?? {});
    const page = (to: number, label: string) => h("button", { type: "button", class: "quiet", onclick: () => choose({ skip: String(to) }) }, label);
    return panel(
        ["Raw rows of ", h("bdi", {}, rejects.name)],
        {
            id: "raw",
            note: rejects.fault ? `The whole file was set aside: ${rejects.detail}. It begins like this.` : "As they stand in the file.",
            actions: [csvButton(options), close],
        },
        reasons.length > 1 && h("div", { class: "reasons", role: "group", "aria-label": "Reason" }, only("", "All"), reasons.map(([name, count]) => only(name, `${name} ${format.count(count)}`))),
        rejects.rows.length ? dataTable(options) : nothing("There is nothing to show", "The file is compressed, or has been taken away."),
        h("div", { class: "pager" }, skip > 0 ? page(Math.max(0, skip - rowsOfPage), "‹ Before") : null, rejects.more ? page(skip + rowsOfPage, "More ›") : null),
    );
}

function next(plan: Plan): Child {
    if (plan.problem) return panel("What the next run would do", { id: "next" }, nothing("That cannot be told", sentence(plan.problem)));
    const what: [string, string, string][] = [
        ...plan.read.map((file): [string, string, string] => ["read", file.name, file.why]),
        ...plan.scan.map((file): [string, string, string] => ["scan", `${file.name} (${format.bytes(file.bytes)})`, file.why]),
        ...plan.move.map((file): [string, string, string] => ["move", file.name, file.why]),
        ...plan.dates.map((date): [string, string, string] => ["compute", date.date, date.why]),
        ...plan.delete.map((file): [string, string, string] => ["delete", file.name, file.why]),
        ...plan.held.map((date): [string, string, string] => ["hold back", date.date, `${date.why}: it waits for a file, or to be approved`]),
        ...plan.leave.map((file): [string, string, string] => ["leave", file.name, file.why]),
    ];
    const all = plan.readCount + plan.scanCount + plan.moveCount + plan.leaveCount + plan.deleteCount + plan.heldCount + plan.datesCount;
    const options: TableOptions<[string, string, string]> = {
        name: "next-run",
        label: "What the next run would do",
        rows: what,
        shown: 12,
        columns: [
            { label: "Do", value: (row) => row[0], isHeader: true },
            { label: "What", value: (row) => row[1] },
            { label: "Why", value: (row) => row[2] },
        ],
    };
    return panel(
        "What the next run would do",
        { id: "next", note: plan.scanCount ? "The dates of files to scan are computed too." : null, actions: what.length ? csvButton(options) : null },
        what.length
            ? dataTable(options)
            : nothing("Nothing", "The lake is as it should be. Destinations are not asked here."),
        all > what.length ? h("p", { class: "note" }, `And ${all - what.length} more; downbeat plan lists all.`) : null,
    );
}

function destinations({ destinations }: Data): Child {
    const options: TableOptions<Data["destinations"][number]> = {
        name: "destinations",
        label: "Destinations",
        rows: destinations,
        columns: [
            { label: "Destination", value: (row) => row.name, isHeader: true },
            {
                label: "Behind",
                value: (row) => row.behind,
                show: (row) =>
                    row.error
                        ? h("span", { class: "badge bad", "data-tip": row.error }, "failed")
                        : row.behind
                          ? h("span", { class: "badge warn" }, `${format.plural(row.behind, "date")} from ${row.behindFrom}`)
                          : h("span", { class: "badge good" }, "up to date"),
            },
            { label: "Last published", value: (row) => row.at, show: (row) => h("span", { "data-tip": format.instant(row.at) }, format.ago(row.at)) },
        ],
    };
    return panel(
        "Destinations",
        { note: "As the last runs told: destinations themselves are not asked.", actions: destinations.length ? csvButton(options) : null },
        destinations.length ? dataTable(options) : nothing("No run has published elsewhere", "The tables lie in the lake itself."),
    );
}

function history({ count, runs }: { count: number; runs: Run[] }): Child {
    const length = (run: Run) => (run.ended ? (Date.parse(run.ended) - Date.parse(run.started)) / 1000 : null);
    const tone: Record<string, string> = { Done: "good", Failed: "bad", Stopped: "warn", Running: "warn" };
    const options: TableOptions<Run> = {
        name: "runs",
        label: "Runs",
        rows: runs,
        sort: "Started",
        isDescending: true,
        shown: 10,
        columns: [
            { label: "Started", value: (run) => run.started, show: (run) => when(run.started), isHeader: true },
            {
                label: "Outcome",
                value: (run) => run.outcome,
                show: (run) => h("span", { class: `badge ${tone[run.outcome] ?? ""}`, "data-tip": run.errors.join(" ") || null }, run.outcome === "Running" ? "running, or died" : run.outcome.toLowerCase()),
            },
            { label: "Took", value: length, show: (run) => (length(run) === null ? null : format.seconds(length(run)!)), isNumber: true },
            { label: "Stages", value: (run) => Object.entries(run.stages).map(([stage, time]) => `${stage} ${time}`).join(", "), show: stages, isExtra: true, definition: "How long each took; catalogue and scan overlap." },
            { label: "Files", value: (run) => run.files, show: (run) => format.count(run.files), isNumber: true },
            { label: "Rows", value: (run) => run.rows, show: (run) => format.count(run.rows), isNumber: true },
            { label: "Rejected", value: (run) => run.rejected, show: (run) => format.count(run.rejected), isNumber: true, isExtra: true },
            { label: "Restated", value: (run) => run.restated, show: (run) => format.plural(run.restated, "date"), isNumber: true },
            { label: "Published", value: (run) => run.published.map((one) => `${one.name} ${one.dates}`).join(", "), isExtra: true },
            { label: "Errors", value: (run) => run.errors.join(" "), show: (run) => (run.errors.length ? h("span", { class: "bad" }, sentence(run.errors[0])) : ""), isExtra: true },
        ],
    };
    return panel(
        "Runs",
        { note: [count > runs.length ? `The last ${runs.length} of ${format.count(count)}. ` : null, stageNames.map((name, number) => h("span", { class: `key series-${number}` }, name))], actions: runs.length ? csvButton(options) : null },
        runs.length ? dataTable(options) : nothing("No run has left a record", "A run with nothing to do leaves none."),
    );
}

const stageNames = ["catalogue", "scan", "compute", "publish", "archive"];

function stages(run: Run): Child {
    const all = Object.entries(run.stages);
    const total = Math.max(0.001, all.reduce((sum, [, time]) => sum + time, 0));
    return h(
        "span",
        { class: "stages", role: "img", "aria-label": all.map(([stage, time]) => `${stage} ${format.seconds(time)}`).join(", "), "data-tip": all.map(([stage, time]) => `${stage} ${format.seconds(time)}`).join(", ") },
        all.map(([stage, time]) => h("i", { class: `series-${stageNames.indexOf(stage)}`, css: { "--share": String(time / total) } })),
    );
}
