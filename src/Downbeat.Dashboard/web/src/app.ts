// The frame around pages: where one is, how one gets elsewhere, and that a page follows the lake.
import { append, h, type Child } from "./dom.js";
import * as format from "./format.js";
import { allTables, ask, type Lake, Problem } from "./server.js";

/** What a page is made from. */
export interface Visit {
    lake: Lake;
    parameters: URLSearchParams;
    signal: AbortSignal;
}

export interface Page {
    path: string;
    title: string;
    /** Whether there is something to see although no date is published. */
    worksEmpty?: boolean;
    show(visit: Visit): Promise<Child[]>;
}

const pages: Page[] = [];
const main = h("main", { id: "main", tabindex: -1 });
const status = h("span", { class: "status" });
const news = h("span", { class: "hidden", "aria-live": "polite" });
let lake: Lake | undefined;
let visiting: AbortController | undefined;
let shownPath = "";

const pollMs = 5000;
const skeletonAfterMs = 150;

/** Goes to the same page with other parameters; null takes one out. */
export function choose(changes: Record<string, string | string[] | null>, replace = false) {
    const parameters = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
        parameters.delete(name);
        for (const one of value === null ? [] : Array.isArray(value) ? value : [value]) parameters.append(name, one);
    }

    const query = parameters.toString();
    const target = location.pathname + (query ? "?" + query : "");
    if (replace) history.replaceState(null, "", target);
    else history.pushState(null, "", target);
    if (!replace) void show();
}

/** Starts. */
export async function start(all: Page[]) {
    pages.push(...all);
    const nav = h(
        "nav",
        { "aria-label": "Pages" },
        all.map((page) => h("a", { href: page.path, "data-page": page.path }, page.title)),
    );
    append(document.body, [
        h("a", { class: "skip", href: "#main" }, "Skip to the page"),
        h(
            "header",
            { class: "top" },
            h("a", { class: "brand", href: "/" }, h("img", { src: "/icon.svg", alt: "", width: 24, height: 24 }), "Downbeat"),
            nav,
            h("div", { class: "aside" }, status, themeButton()),
        ),
        main,
        news,
    ]);
    document.addEventListener("click", follow);
    window.addEventListener("popstate", () => void show());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void show());
    allTables().catch(() => {}); // Every page needs it: it comes while the page asks for the rest.
    await show();
    setInterval(() => void poll(), pollMs);
    document.addEventListener("visibilitychange", () => void poll());
}

/** Whether colours are dark at this moment. */
export const isDark = () =>
    document.documentElement.dataset.theme
        ? document.documentElement.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;

function follow(event: MouseEvent) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = new URL(link.href, location.href);
    if (link.hasAttribute("download") || target.origin !== location.origin || !pages.some((page) => page.path === target.pathname)) return;
    if (target.hash) return;
    event.preventDefault();
    history.pushState(null, "", target);
    void show();
}

async function poll() {
    if (document.hidden) return;
    try {
        const now = await ask<Lake>("/view/lake");
        const isNews = lake !== undefined && now.version !== lake.version;
        showStatus(now);
        lake = now;
        if (isNews) {
            await show();
            news.textContent = "The lake has changed, and the page shows it.";
        }
    } catch {
        showStatus(undefined);
    }
}

function showStatus(now: Lake | undefined) {
    status.className = `status ${now && !now.stale ? "" : "lost"}`;
    status.textContent = !now ? "no answer" : now.stale ? "lake not reachable" : now.zone;
    status.dataset.tip = !now
        ? "The server does not answer. What is shown is what it answered last."
        : now.stale
          ? "The lake cannot be asked for news. What is shown is what was known last."
          : `Dates and hours are in the time zone ${now.zone}. ${
                now.restatedAt ? `Numbers last changed on ${format.instant(now.restatedAt)}. ` : ""
            }The page follows the lake.`;
    status.tabIndex = 0;
}

async function show() {
    visiting?.abort();
    const visit = (visiting = new AbortController());
    const page = pages.find((one) => one.path === location.pathname) ?? pages[0];
    for (const link of document.querySelectorAll("nav a")) {
        if (link.getAttribute("data-page") === page.path) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }

    const isOther = shownPath !== page.path;
    document.title = `${page.title} · Downbeat`;
    main.setAttribute("aria-busy", "true");
    const waiting = setTimeout(() => isOther && main.replaceChildren(skeleton(page)), skeletonAfterMs);
    let content: Child[];
    try {
        lake ??= await ask<Lake>("/view/lake", {}, visit.signal);
        showStatus(lake);
        content =
            lake.dates === 0 && !page.worksEmpty
                ? empty(page, lake)
                : await page.show({ lake, parameters: new URLSearchParams(location.search), signal: visit.signal });
    } catch (error) {
        if (visit.signal.aborted) {
            clearTimeout(waiting);
            return;
        }

        content = failed(page, error);
    }

    clearTimeout(waiting);
    if (visit.signal.aborted) return;
    shownPath = page.path;
    const focused = document.activeElement?.id;
    const scrolled = window.scrollY;
    const fragment = document.createDocumentFragment();
    append(fragment, content);
    main.replaceChildren(fragment);
    main.removeAttribute("aria-busy");
    main.dataset.shown = location.pathname + location.search;
    if (isOther) {
        window.scrollTo(0, 0);
        if (focused !== undefined && document.activeElement !== document.body) main.focus({ preventScroll: true });
    } else {
        window.scrollTo(0, scrolled);
        if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }
}

/** The head of a page. */
export const head = (title: string, ...controls: Child[]): Child =>
    h("div", { class: "head" }, h("h1", {}, title), h("div", { class: "controls" }, controls));

/** A part of a page with a heading. */
export const panel = (title: Child, attributes: { class?: string; note?: Child; actions?: Child; id?: string }, ...content: Child[]) =>
    h(
        "section",
        { class: `panel ${attributes.class ?? ""}`, id: attributes.id },
        h("div", { class: "panel-head" }, h("h2", {}, title), attributes.actions && h("div", { class: "actions" }, attributes.actions)),
        attributes.note && h("p", { class: "note" }, attributes.note),
        content,
    );

/** What is said where there is nothing to show. */
export const nothing = (title: string, ...text: Child[]) => h("div", { class: "nothing" }, h("p", { class: "nothing-title" }, title), h("p", {}, text));

function empty(page: Page, lake: Lake): Child[] {
    if (lake.held.length > 0) {
        return [
            head(page.title),
            h(
                "div",
                { class: "panel" },
                nothing("All dates are held back", "Checks of quality have failed, and nothing was published before."),
                h("p", { class: "centred" }, h("a", { href: "/data" }, "Which checks, and what to do")),
            ),
        ];
    }

    return [
        head(page.title),
        h(
            "div",
            { class: "panel" },
            nothing(
                "This lake has no tables yet",
                "Put songs, users and listens into its folder landing/, and run ",
                h("code", {}, "downbeat run"),
                ". This page then fills by itself.",
            ),
            h("p", { class: "centred" }, h("a", { href: "/data" }, "What has landed, and what a run would do")),
        ),
    ];
}

function failed(page: Page, error: unknown): Child[] {
    if (!(error instanceof Problem)) console.error(error);
    return [
        head(page.title),
        h(
            "div",
            { class: "panel", role: "alert" },
            nothing("That did not work", error instanceof Problem ? error.message : "This page has a defect. The console of the browser says more."),
            h("p", { class: "centred" }, h("button", { type: "button", class: "primary", onclick: () => void show() }, "Try again")),
        ),
    ];
}

function skeleton(page: Page): Node {
    const fragment = document.createDocumentFragment();
    append(fragment, [
        head(page.title),
        h("div", { class: "cards" }, Array.from({ length: 6 }, () => h("div", { class: "panel card skeleton" }))),
        h("div", { class: "panel tall skeleton" }, h("span", { class: "hidden", role: "status" }, "Loading")),
    ]);
    return fragment;
}

function themeButton(): Node {
    const themes = ["", "light", "dark"];
    const names = ["as the system", "light", "dark"];
    const button = h("button", { type: "button", class: "theme", id: "theme" });
    const apply = (theme: string) => {
        if (theme) document.documentElement.dataset.theme = theme;
        else delete document.documentElement.dataset.theme;
        button.textContent = ["◐", "☀", "☾"][themes.indexOf(theme)];
        button.setAttribute("aria-label", `Colours: ${names[themes.indexOf(theme)]}. Press to change.`);
        button.dataset.tip = `Colours: ${names[themes.indexOf(theme)]}`;
    };
    apply(themes.includes(localStorage.getItem("theme") ?? "") ? (localStorage.getItem("theme") ?? "") : "");
    button.addEventListener("click", () => {
        const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "") + 1) % themes.length];
        localStorage.setItem("theme", next);
        apply(next);
        void show();
    });
    return button;
}
