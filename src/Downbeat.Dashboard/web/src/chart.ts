// Charts: drawn by ECharts as SVG, each with a table of the same numbers behind it, and taken along as PNG, SVG or CSV.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { isDark, panel } from "./app.js";
import { download, h, type Child } from "./dom.js";
import { csvButton, dataTable, type TableOptions } from "./table.js";

use([LineChart, BarChart, HeatmapChart, GridComponent, TooltipComponent, LegendComponent, VisualMapComponent, SVGRenderer]);

/** Colours that people who see colours differently tell apart too (after Okabe and Ito), in either theme. */
export interface Theme {
    text: string;
    muted: string;
    line: string;
    surface: string;
    faint: string;
    series: string[];
    scale: string[];
    /** Of what is ok, odd and wrong: they differ in lightness too. */
    status: string[];
    /** How large letters are, in pixels. */
    letter: number;
    /** How much larger everything is than on a desk: a window as wide as a wall has larger letters. */
    scaling: number;
}

export function theme(): Theme {
    const scaling = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const letter = 12 * scaling;
    return isDark()
        ? {
              text: "#e4e9ee",
              muted: "#a3afbb",
              line: "#323b46",
              surface: "#1a2028",
              faint: "#5c6874",
              series: ["#56b4e9", "#e69f00", "#2fc294", "#e58bbf", "#f0e442"],
              status: ["#24506b", "#e6b93c", "#ff7f50"],
              scale: ["#1d2a38", "#1f4a6b", "#2279ad", "#56b4e9", "#c9e8fb"],
              letter,
              scaling,
          }
        : {
              text: "#1b2127",
              muted: "#56616d",
              line: "#e3e7eb",
              surface: "#ffffff",
              faint: "#a7b1bb",
              series: ["#0072b2", "#d55e00", "#00835d", "#b0508a", "#8a6d00"],
              status: ["#cfe4f2", "#e0a100", "#b03a00"],
              scale: ["#eef5fa", "#bcdcee", "#6db2dc", "#1f7fb8", "#0b4a77"],
              letter,
              scaling,
          };
}

const symbols = ["circle", "rect", "triangle", "diamond", "roundRect"];

/** Lines that go on behind one another differ in colour, dash and mark; where they are dense no dash can be seen. */
export const lineStyle = (number: number, points: number) => ({
    symbol: symbols[number % symbols.length],
    lineStyle: { width: points > 180 ? 1.25 : 2, type: (points > 180 ? "solid" : ["solid", "dashed", "dotted", [8, 3, 2, 3], [3, 3]][number % 5]) as any },
});

export interface ChartOptions<Row> {
    title: string;
    /** What it shows, for who does not see it. */
    description: string;
    note?: Child;
    /** How high it is, in rem. */
    height?: number;
    class?: string;
    table: TableOptions<Row>;
    option(theme: Theme, width: number): any;
    onClick?(event: any): void;
    actions?: Child;
}

const charts = new Set<{ chart: ECharts; box: HTMLElement }>();

/** A chart in a panel, and the table behind it. */
export function chartPanel<Row>(options: ChartOptions<Row>): HTMLElement {
    const box = h("div", { class: "chart", role: "img", "aria-label": options.description, css: { "--height": `${options.height ?? 18}rem` } });
    const table = h("div", { class: "chart-table hidden" }, dataTable(options.table));
    const toggle = h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "Table");
    toggle.addEventListener("click", () => {
        const isShown = toggle.getAttribute("aria-pressed") !== "true";
        toggle.setAttribute("aria-pressed", String(isShown));
        table.classList.toggle("hidden", !isShown);
    });
    const save = (as: string, work: () => void) =>
        h("button", { type: "button", class: "quiet", "aria-label": `${as} of ${options.title}`, onclick: work }, as);
    let chart: ECharts | undefined;
    const actions = [
        options.actions,
        toggle,
        csvButton(options.table),
        save("PNG", () => void savePng(box, options.table.name)),
        save("SVG", () => download(`${options.table.name}.svg`, svgOf(box), "image/svg+xml")),
    ];

    // It is drawn when it knows how wide it is, and again when that changes.
    let width = 0;
    new ResizeObserver(() => {
        const now = box.clientWidth;
        if (now === 0 || now === width) return;
        width = now;
        if (!chart) {
            for (const one of charts) {
                if (!one.box.isConnected) {
                    one.chart.dispose();
                    charts.delete(one);
                }
            }

            chart = init(box, null, { renderer: "svg" });
            charts.add({ chart, box });
            if (options.onClick) chart.on("click", options.onClick);
        } else {
            chart.resize();
        }

        const colours = theme();
        chart.setOption(scaled({ ...frame(colours), ...options.option(colours, width) }, colours.scaling), true);
        box.dataset.drawn = "true";
    }).observe(box);
    return panel(options.title, { class: options.class ?? "", note: options.note, actions }, box, table);
}

/** Lengths that are said in pixels of a desk, as large as they are here. */
function scaled(option: any, by: number): any {
    const lengths = ["left", "right", "top", "bottom", "itemWidth", "itemHeight", "itemGap", "width", "symbolSize", "barMaxWidth", "borderWidth"];
    const walk = (part: any) => {
        for (const [name, value] of Object.entries<any>(part)) {
            if (typeof value === "number" && lengths.includes(name)) part[name] = value * by;
            else if (value && typeof value === "object" && name !== "data") walk(value);
        }
    };
    if (by !== 1) walk(option);
    return option;
}

function frame(theme: Theme) {
    return {
        animation: false, // What is asked for is there at once.
        color: theme.series,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: theme.letter, color: theme.muted },
    };
}

/** A tooltip made of elements: names in it are texts. */
export const tooltip = (theme: Theme, lines: (points: any[]) => { title: string; lines: [string, string, string?][] }, trigger = "axis") => ({
    trigger,
    confine: true,
    axisPointer: { type: trigger === "axis" ? "line" : "none", lineStyle: { color: theme.faint } },
    backgroundColor: theme.surface,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontSize: theme.letter },
    formatter: (points: any) => {
        const told = lines(Array.isArray(points) ? points : [points]);
        return h(
            "div",
            { class: "chart-tip" },
            h("strong", {}, told.title),
            told.lines.map(([name, value, colour]) =>
                h("div", {}, colour ? h("i", { css: { background: colour } }) : null, h("span", {}, name), h("b", {}, value)),
            ),
        );
    },
});

/** How much room the legend, row by row, and the name of the axis take above a chart, in pixels of a desk. */
export function above(theme: Theme, names: string[], width: number): number {
    const room = width / theme.scaling;
    let [rows, used] = [1, 0];
    for (const name of names) {
        const size = 48 + Math.min(260, name.length * 7.2);
        if (used > 0 && used + size > room) {
            rows++;
            used = 0;
        }

        used += size;
    }

    return 30 + 22 * rows;
}

/** The legend, above the chart and never on it. */
export const legend = (theme: Theme, names?: string[]) => ({
    type: "plain",
    top: 0,
    left: 0,
    itemWidth: 24,
    itemHeight: 10,
    itemGap: 16,
    data: names,
    textStyle: { color: theme.text, fontSize: theme.letter, width: 260, overflow: "truncate" },
    inactiveColor: theme.faint,
});

/** The axis of names or dates. */
export const categories = (theme: Theme, data: string[], show?: (value: string) => string) => ({
    type: "category",
    data,
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: false },
    axisLabel: { color: theme.muted, fontSize: theme.letter, hideOverlap: true, formatter: show },
});

/** The axis of numbers; its unit stands at its end. */
export const numbers = (theme: Theme, name: string, show: (value: number) => string, more: object = {}) => ({
    type: "value",
    name,
    nameLocation: "end",
    nameGap: 15 + 4 * (theme.scaling - 1),
    nameTextStyle: { color: theme.muted, fontSize: theme.letter, align: "left", padding: [0, 0, 0, -12 * theme.scaling] },
    axisLabel: { color: theme.muted, fontSize: theme.letter, formatter: show },
    splitLine: { lineStyle: { color: theme.line } },
    splitNumber: 4,
    ...more,
});

/** The chart as a file of its own, on its background. */
function svgOf(box: HTMLElement): string {
    const copy = box.querySelector("svg")!.cloneNode(true) as SVGSVGElement;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("viewBox", `0 0 ${copy.getAttribute("width")} ${copy.getAttribute("height")}`);
    const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    back.setAttribute("width", "100%");
    back.setAttribute("height", "100%");
    back.setAttribute("fill", theme().surface);
    copy.prepend(back);
    return new XMLSerializer().serializeToString(copy);
}

async function savePng(box: HTMLElement, name: string) {
    const scale = 2;
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svgOf(box));
    await image.decode();
    const canvas = h("canvas", { width: box.clientWidth * scale, height: box.clientHeight * scale });
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => blob && download(`${name}.png`, blob, "image/png"));
}
