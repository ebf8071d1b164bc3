// Bundles the pages into FOLDER, compressed: node build.mjs FOLDER. MSBuild calls it when a file beside this one is newer.
// What it needs from npm is installed once below .build/, exactly as package-lock.json says.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];

function install() {
    const lock = createHash("sha256").update(readFileSync(join(here, "package-lock.json"))).digest("hex").slice(0, 12);
    const all = join(here, "../../../.build/pages");
    const installed = join(all, lock);
    if (!existsSync(installed)) {
        // Installed aside and then renamed: two builds at once, or one that died, leave nothing half done.
        const aside = join(all, `.${process.pid}`);
        mkdirSync(aside, { recursive: true });
        for (const file of ["package.json", "package-lock.json", ".npmrc"]) cpSync(join(here, file), join(aside, file));
        try {
            const npm = process.platform === "win32" ? "npm.cmd" : "npm";
            execFileSync(npm, ["ci", "--ignore-scripts"], { cwd: aside, stdio: ["ignore", "ignore", "pipe"], shell: process.platform === "win32" });
            renameSync(aside, installed);
        } catch (error) {
            if (!existsSync(installed)) {
                const why = String(error.stderr ?? error.message).split("\n").find((line) => /error/i.test(line)) ?? error.message;
                console.error(`error : npm ci failed for src/Downbeat.Dashboard/web: ${why.trim()}`);
                process.exit(1);
            }
        } finally {
            rmSync(aside, { recursive: true, force: true });
        }
    }

    return join(installed, "node_modules");
}

const modules = install();
const esbuild = createRequire(join(modules, "x.js"))("esbuild");
const result = await esbuild.build({
    entryPoints: [join(here, "src/main.ts"), join(here, "src/style.css")],
    nodePaths: [modules],
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir: "/assets",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    legalComments: "none",
    loader: { ".svg": "file" },
    write: false,
});

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "assets"), { recursive: true });
const named = { script: "", style: "" };
let total = 0;
function write(name, bytes) {
    const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
    total += packed.length;
    writeFileSync(join(out, `${name}.br`), packed);
}

for (const file of result.outputFiles) {
    const name = "assets/" + relative("/assets", file.path);
    if (/\/main-\w+\.js$/.test(name)) named.script = "/" + name;
    if (/\/style-\w+\.css$/.test(name)) named.style = "/" + name;
    write(name, file.contents);
}

for (const file of readdirSync(here).filter((name) => name.endsWith(".html") || name.endsWith(".svg"))) {
    const text = readFileSync(join(here, file), "utf8").replaceAll("{script}", named.script).replaceAll("{style}", named.style);
    write(file, Buffer.from(text));
}

// The licence of what is bundled has to go with it.
const licences = ["echarts", "zrender", "tslib"].map((name) => {
    const folder = join(modules, name);
    const files = readdirSync(folder, { withFileTypes: true }).filter((file) => file.isFile() && /^(licen[cs]e|notice|copyright)/i.test(file.name));
    const texts = files.map((file) => readFileSync(join(folder, file.name), "utf8"));
    return `${name}\n\n${texts.join("\n")}`;
});
write("licences.txt", Buffer.from(licences.join("\n\n")));
writeFileSync(join(out, "built"), `${total} bytes\n`);
console.log(`The pages are ${Math.round(total / 1000)} kB, compressed.`);
