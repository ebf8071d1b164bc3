// What the server is asked.

/** A request that was answered with what was wrong. */
export class Problem extends Error {
    constructor(readonly status: number, message: string) {
        super(message);
    }
}

const attempts = 4;
const waitMs = 1000;

type Parameters = Record<string, string | number | string[] | undefined>;

/** An address with parameters; those that are undefined are left out. */
export function address(path: string, parameters: Parameters = {}): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
        if (Array.isArray(value)) for (const one of value) query.append(name, one);
        else if (value !== undefined) query.append(name, String(value));
    }

    const text = query.toString();
    return text ? `${path}?${text}` : path;
}

/** Asks for JSON. The browser keeps answers and asks whether they still hold: what has not changed is not sent again. */
export async function ask<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
    let response: Response;
    for (let attempt = 1; ; attempt++) {
        try {
            response = await fetch(address(path, parameters), { signal, headers: { Accept: "application/json" } });
        } catch (error) {
            if (signal?.aborted) throw error;
            throw new Problem(0, "The server does not answer. It may have ended: start downbeat serve again.");
        }

        // A run publishes a date just now, or too many ask: what is asked for will be there.
        if (response.status !== 503 || attempt === attempts) break;
        await new Promise((resume) => setTimeout(resume, waitMs));
        signal?.throwIfAborted();
    }

    if (response.status === 401) {
        location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
        return new Promise(() => {}); // The page is about to go.
    }

    if (!response.ok) {
        const problem = await response.json().catch(() => ({ detail: response.statusText }));
        throw new Problem(response.status, problem.detail);
    }

    return response.json();
}

export interface Lake {
    version: number;
    zone: string;
    program: string;
    stale: boolean;
    dates: number;
    first?: string;
    last?: string;
    /** The last date of which anything is known: later than the last one when that is held back and shows nothing. */
    lastKnown?: string;
    held: { date: string; shown: boolean }[];
    restatedAt?: string;
}

export interface Column {
    name: string;
    type: "date" | "integer" | "quotient" | "text";
    definition: string;
}

export interface Table {
    name: string;
    path: string;
    definition: string;
    key: string[];
    columns: Column[];
}

let tables: Promise<Table[]> | undefined;

/** All tables, with what their columns mean. */
export const allTables = () =>
    (tables ??= ask<{ tables: Table[] }>("/api/v1/tables").then(
        (answer) => answer.tables,
        (error) => {
            tables = undefined; // Asked again the next time.
            throw error;
        },
    ));

/** What a column means, as a sentence. */
export async function definition(table: string, column: string): Promise<string> {
    const text = (await allTables()).find((one) => one.name === table)?.columns.find((one) => one.name === column)?.definition ?? "";
    return sentence(text);
}

/** A text as a sentence; the name of a column keeps its letters. */
export function sentence(text: string): string {
    const first = /^[a-z]+_/.test(text) ? text[0] : text.slice(0, 1).toUpperCase();
    return text ? first + text.slice(1) + (text.endsWith(".") ? "" : ".") : "";
}
