// What the checks of quality say of dates, and which dates are held back. How to let one through is told; it is not done here.
import { h, term, type Child } from "./dom.js";
import * as format from "./format.js";
import { sentence, type Lake } from "./server.js";

export interface Check {
    check: string;
    meaning: string;
    value: number;
    threshold: number;
    valueText: string;
    thresholdText: string;
    status: "ok" | "warn" | "fail";
}

export interface Quality {
    held: boolean;
    /** Whether tables of listens are published: of a date that is held back those of before. */
    shown: boolean;
    judgedAt: string;
    shownSince: string;
    approvedAt?: string;
    checks: Check[];
}

/** rejected_share 7.5 % above 5 % */
export const say = (check: Check) => `${check.check} ${check.valueText} ${check.status === "ok" ? "within" : "above"} ${check.thresholdText}`;

export const sayAll = (checks: Check[]) => checks.map(say).join(", ");

export const name = (check: Check): Child => term(check.check, sentence(check.meaning));

const tones = { ok: "good", warn: "warn", fail: "bad" };

export const badge = (check: Check) => h("span", { class: `badge ${tones[check.status]}` }, check.status);

/** What is said of a date that is held back, wherever it is shown. */
export function heldNotice(date: string, quality: Quality, title: Child): Child {
    if (!quality.held) return null;
    const failed = quality.checks.filter((check) => check.status === "fail");
    return h(
        "div",
        { class: "panel held", role: "note" },
        h("p", {}, h("span", { class: "badge bad" }, "held back"), " ", title, `, since ${format.instant(quality.judgedAt)}: `, failed.map((check, number) => [number ? ", " : "", h("span", { "data-tip": sentence(check.meaning), tabindex: 0 }, say(check))]), "."),
        h(
            "p",
            { class: "muted" },
            quality.shown ? `What is shown of it are its tables of ${format.instant(quality.shownSince)}. ` : "Nothing of it is shown but its checks. ",
            quality.approvedAt
                ? "It was approved: the next run publishes it."
                : ["A file or a catalogue that mends it lets it through, or, if it is right as it is, ", h("code", {}, `downbeat approve ${date}`), "."],
        ),
    );
}

/** On pages of a range: which of its dates are held back, so that nobody wonders at a gap. */
export function heldWithin(lake: Lake, from: string, to: string): Child {
    const held = lake.held.filter((one) => one.date >= from && one.date <= to);
    if (held.length === 0) return null;
    const missing = held.filter((one) => !one.shown).length;
    return h(
        "p",
        { class: "facts warn" },
        h(
            "span",
            {},
            `${format.plural(held.length, "date")} of this range ${held.length === 1 ? "is" : "are"} held back: `,
            held.slice(0, 5).map((one, number) => [number ? ", " : "", h("a", { href: `/data?from=${from}&to=${to}&date=${one.date}` }, one.date)]),
            held.length > 5 ? ", …" : "",
        ),
        missing < held.length ? h("span", {}, "numbers are those of before") : null,
        missing > 0 ? h("span", {}, missing === held.length ? "nothing of " + (missing === 1 ? "it" : "them") + " is shown" : `nothing of ${missing} of them is shown`) : null,
    );
}
