// A line as small as a word.
import { svg } from "./dom.js";

const width = 160;
const height = 36;
const edge = 3;

/** The numbers as a line; what there is not is a gap. The last one has a dot. */
export function spark(values: (number | null)[], label: string): SVGElement {
    const known = values.filter((value) => value !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const x = (at: number) => edge + (at / Math.max(1, values.length - 1)) * (width - 2 * edge);
    const y = (value: number) => (high === low ? height / 2 : height - edge - ((value - low) / (high - low)) * (height - 2 * edge));
    let path = "";
    values.forEach((value, at) => {
        if (value !== null) path += `${at > 0 && values[at - 1] !== null ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "spark", role: "img", "aria-label": label, preserveAspectRatio: "none" });
    drawing.append(svg("path", { d: path, class: "spark-line" }));
    const last = values.at(-1);
    if (last !== null && last !== undefined) drawing.append(svg("path", { d: `M${x(values.length - 1)} ${y(last)}l0.01 0`, class: "spark-dot" }));
    return drawing;
}
