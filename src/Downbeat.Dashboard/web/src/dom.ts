// Makes elements. Texts are only ever set as texts: a track called <script> is shown, and does nothing.

export type Child = Node | string | number | null | undefined | false | Child[];
type Value = string | number | boolean | null | undefined | ((event: any) => void) | Record<string, string>;

/** Makes an element: on… are listeners, css are custom properties, the rest are attributes; false and null leave one out. */
export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Record<string, Value> = {},
    ...children: Child[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === "function") element.addEventListener(name.slice(2), value);
        else if (typeof value === "object") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
        else element.setAttribute(name, value === true ? "" : String(value));
    }

    append(element, children);
    return element;
}

/** Appends children; lists are flattened, and what is nothing is left out. */
export function append(element: Element | DocumentFragment, children: Child[]) {
    for (const child of children) {
        if (child === null || child === undefined || child === false) continue;
        if (Array.isArray(child)) append(element, child);
        else element.append(child instanceof Node ? child : String(child));
    }
}

const svgNamespace = "http://www.w3.org/2000/svg";

/** Makes an element of an SVG. */
export function svg(tag: string, attributes: Record<string, string | number> = {}, ...children: Element[]): SVGElement {
    const element = document.createElementNS(svgNamespace, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.append(...children);
    return element;
}

/** Something for screen readers only. */
export const hidden = (text: string) => h("span", { class: "hidden" }, text);

/** A term with its definition, on hover and on focus. */
export function term(text: string, definition: string): Child {
    return definition ? h("span", { class: "term", tabindex: 0, "data-tip": definition }, text) : text;
}

/** Shows what data-tip says, beside what is pointed at or focused, and never outside of the window. */
export function startTips() {
    const tip = h("div", { class: "tip", id: "tip", role: "tooltip", hidden: true });
    document.body.append(tip);
    let shown: Element | null = null;
    const show = (event: Event) => {
        const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
        if (target === shown) return;
        hide();
        if (!target) return;
        shown = target;
        tip.textContent = target.getAttribute("data-tip");
        tip.hidden = false;
        target.setAttribute("aria-describedby", "tip");
        const at = target.getBoundingClientRect();
        const size = tip.getBoundingClientRect();
        const left = Math.min(Math.max(8, at.left), window.innerWidth - size.width - 8);
        const below = at.bottom + 8 + size.height < window.innerHeight;
        tip.style.left = `${left}px`;
        tip.style.top = `${below ? at.bottom + 8 : at.top - size.height - 8}px`;
    };
    const hide = () => {
        shown?.removeAttribute("aria-describedby");
        shown = null;
        tip.hidden = true;
    };
    document.addEventListener("mouseover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("focusout", hide);
    document.addEventListener("scroll", hide, true);
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

/** Hands a file to whoever looks. */
export function download(name: string, content: BlobPart, type: string) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = h("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
