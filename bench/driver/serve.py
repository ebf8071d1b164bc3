"""bench/serve: how soon `downbeat serve` shows its pages in Chromium, and how many requests a second it answers."""

import argparse
import fcntl
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import date
from pathlib import Path

import machine
import tools
from browser import Browser
from problem import Problem
from process import call
from report import _table, _write

FIRST = "2023-06-01"
KEY = "/api/v1/genre-daily/2024-06-25/acoustic"
DAYS = 730

DRAWN = """
window.drawn = new Promise((resolve) => {
    const look = () => {
        const main = document.querySelector("main");
        const isShown = main?.dataset.shown && !main.hasAttribute("aria-busy")
            && [...document.querySelectorAll(".chart")].every((chart) => chart.dataset.drawn && chart.querySelector("svg path"));
        // The frame after that is the one that shows it.
        if (isShown) requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
        else requestAnimationFrame(look);
    };
    look();
});
"""

ANY_KEY = """
local genres, dates = {%s}, {%s}
math.randomseed(%d)
request = function()
    return wrk.format("GET", "/api/v1/genre-daily/" .. dates[math.random(#dates)] .. "/" .. genres[math.random(#genres)])
end
"""


def main() -> int:
    arguments = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(arguments)
        return 0
    except Problem as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: stopped.", file=sys.stderr)
        return 130


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/serve",
        description="Makes a lake of two years with 114 genres, and measures `downbeat serve` on it: how long each page takes in Chromium\n"
        "from navigation with an empty cache to the last card and chart being drawn, how many bytes it loads, and how many\n"
        "requests a second `wrk` gets answered. Client and server share the machine. Writes bench/results/serve-DATE-COMMIT.md.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a small lake and short rounds: shows in a minute that everything works")
    parser.add_argument("--rounds", metavar="N", type=int, default=7, help="how often each is measured [7]")
    parser.add_argument("--seconds", metavar="N", type=int, default=10, help="how long wrk asks each time [10]")
    parser.add_argument("--data", metavar="DIR", type=Path, default=tools.BENCH / "data", help="where the lake is kept [bench/data]")
    parser.add_argument("--results", metavar="DIR", type=Path, default=tools.BENCH / "results", help="where the result goes [bench/results]")
    parser.add_argument("--downbeat", metavar="FILE", type=Path, help="another downbeat than ./downbeat, such as a packaged one")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds < 1:
        parser.error("--rounds and --seconds are at least 1")
    if arguments.quick:
        arguments.rounds, arguments.seconds = min(arguments.rounds, 2), min(arguments.seconds, 2)
    return arguments


def measure(arguments: argparse.Namespace) -> None:
    for program, package in (("chromium", "chromium"), ("wrk", "wrk")):
        if shutil.which(program) is None:
            tools._apt(package)
    downbeat = [str(arguments.downbeat.resolve() if arguments.downbeat else machine.ROOT / "downbeat")]
    version = call([*downbeat, "version"]).splitlines()[0]  # Builds it, if need be.
    data = arguments.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with open(data / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"Another benchmark works in {data}.") from None
        lake, made, facts = make_lake(downbeat, data, arguments.quick)
        began = os.getloadavg()[0]
        pages, browser = look_at_pages(downbeat, lake, arguments)
        requests, rest = ask(downbeat, lake, arguments)
    commit = machine.commit()
    stem = f"serve-{date.today().isoformat()}-{commit}{'-quick' if arguments.quick else ''}"
    lines = [
        f"# `downbeat serve`, measured on {date.today().isoformat()}, commit {commit}",
        "",
        *(["**Quick: the lake is too small to say anything.**", ""] if arguments.quick else []),
        f"{facts} Made by `{made}`. Client and server share the cores named below; the load average was {began:.1f} when it began.",
        "",
        "## Pages in Chromium",
        "",
        "From navigation, with nothing in the browser's cache, to the frame that shows the last card, table and chart. The server has just "
        "been started for the first row; for the others it has its tables in memory. kB are all bytes over the wire, with headers.",
        "",
        *_table(pages),
        "",
        "## Requests",
        "",
        f"`wrk`, 2 threads, {arguments.seconds} s a round, best of {arguments.rounds} rounds by requests/s; the median of all beside it.",
        "",
        *_table(requests),
        "",
        rest,
        "",
        "## Machine",
        "",
        *_table([["", ""], *map(list, machine.machine(data).items()), ["Downbeat", version], ["browser", browser], ["client", wrk_version()]]),
        "",
        f"`bench/serve{' --quick' if arguments.quick else ''}` measures this again.",
    ]
    target = arguments.results / f"{stem}.md"
    _write(target, "\n".join(lines) + "\n")
    print(f"\nWritten to {os.path.relpath(target)}.")


def make_lake(downbeat: list[str], data: Path, quick: bool) -> tuple[Path, str, str]:
    listens = 300_000 if quick else 8_000_000
    options = (
        f"--seed 1 --from {FIRST} --days {DAYS} --listens {listens} --users {listens // 40} --tracks 20000 --files 24 "
        "--dirt-share 0.005 --duplicate-share 0.01"
    )
    lake = data / f"serve-{listens}"
    if not (lake / "made").exists() or (lake / "made").read_text() != options:
        print(f"Making a lake of {DAYS} dates, {listens:,} listens …", flush=True)
        shutil.rmtree(lake, ignore_errors=True)
        call([*downbeat, "generate", str(lake), *options.split()])
        call([*downbeat, "init", str(lake)])
        call([*downbeat, "run", "--lake", str(lake)])
        (lake / "made").write_text(options)
    tables = list((lake / "kpis").rglob("*.csv"))
    genres = {line.split(",")[1] for path in (lake / "kpis" / "genre_daily").glob("*.csv") for line in path.read_text().splitlines()[1:]}
    size = sum(path.stat().st_size for path in tables)
    facts = f"A lake of {DAYS} dates and {len(genres)} genres: {listens:,} listens, {len(tables):,} published files of {size / 1e6:.0f} MB."
    return lake, f"downbeat generate LAKE {options}", facts


class Serving:
    """`downbeat serve`, for as long as it is needed."""

    def __init__(self, downbeat: list[str], lake: Path):
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [*downbeat, "serve", "--lake", str(lake), "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        found = re.search(r"http://\S+", self._process.stdout.readline())
        if found is None:
            raise Problem("`downbeat serve` did not start.")
        self.address = found[0].rstrip("/")
        self.started = time.perf_counter() - began
        self.ended = 0.0

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_) -> None:
        began = time.perf_counter()
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)
        self.ended = time.perf_counter() - began

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def look_at_pages(downbeat: list[str], lake: Path, arguments: argparse.Namespace) -> tuple[list[list[str]], str]:
    last = f"from={FIRST}&to=2025-05-30"
    five = "&".join(f"genre={name}" for name in ("pop", "rock", "hip-hop", "acoustic", "jazz"))
    pages = [
        ("Day", "/"),
        ("Genres, 28 days", "/genres"),
        ("Genres, two years, five compared", f"/genres?{last}&{five}"),
        ("Hours, 28 days", "/hours"),
        ("Hours, two years", f"/hours?{last}"),
        ("Artists, 90 days", "/artists?from=2025-03-02&to=2025-05-30"),
        ("Tracks, 28 days", "/tracks"),
        ("Countries, 28 days", "/countries"),
        ("Data, 28 days", "/data"),
        ("API", "/api"),
    ]
    rows = [["page", "ms, median", "min – max", "kB"]]

    def show(name: str, times: list[float], loaded: int) -> None:
        rows.append([name, f"{statistics.median(times):.0f}", f"{min(times):.0f} – {max(times):.0f}", f"{loaded / 1000:.0f}"])
        print("  " + "  ".join(rows[-1]), flush=True)

    with Browser() as browser:
        first(browser, "about:blank")  # The browser itself warms up.
        times, loaded = [], 0
        for _ in range(arguments.rounds):
            with Serving(downbeat, lake) as serving:
                took, loaded = first(browser, serving.address + "/")
                times.append(took)
        show("Day, server just started", times, loaded)
        with Serving(downbeat, lake) as serving:
            for name, path in pages:
                first(browser, serving.address + path)
                views = [first(browser, serving.address + path) for _ in range(arguments.rounds)]
                show(name, [took for took, _ in views], max(loaded for _, loaded in views))
        return rows, browser.version()


def first(browser: Browser, address: str) -> tuple[float, int]:
    """Shows a page to a browser that has never seen it: after how many milliseconds it is drawn, and its bytes."""
    tab = browser.open()
    try:
        if address.startswith("http"):
            tab.ask("Page.addScriptToEvaluateOnNewDocument", source=DRAWN)
        tab.ask("Page.navigate", url=address)
        if not address.startswith("http"):
            return 0, 0
        took = tab.evaluate("drawn")
        if tab.complaints():
            raise Problem(f"{address} complains on the console: {tab.complaints()[0]}")
        return took, tab.loaded()
    finally:
        tab.close()


def ask(downbeat: list[str], lake: Path, arguments: argparse.Namespace) -> tuple[list[list[str]], str]:
    rows = [["asked", "connections", "requests/s", "median", "p50 ms", "p99 ms"]]
    with Serving(downbeat, lake) as serving, tempfile.TemporaryDirectory(prefix="bench-serve-") as scratch:
        answer = urllib.request.urlopen(serving.address + KEY)
        tag = answer.headers["ETag"]
        answer.close()
        genres = [line.split(",")[1] for line in (lake / "kpis/genre_daily/date=2024-06-25.csv").read_text().splitlines()[1:]]
        genres = [genre for genre in genres if re.fullmatch(r"[a-z-]+", genre)]
        dates = sorted(path.stem[5:] for path in (lake / "kpis" / "genre_daily").glob("*.csv"))
        script = Path(scratch) / "any.lua"
        script.write_text(ANY_KEY % (",".join(f'"{genre}"' for genre in genres), ",".join(f'"{one}"' for one in dates), 1))
        asked = [
            (f"one row, `{KEY}`", 16, [serving.address + KEY]),
            ("the same", 64, [serving.address + KEY]),
            ("the same, 304 by its ETag", 16, ["-H", f"If-None-Match: {tag}", serving.address + KEY]),
            ("one row, genre and date at random", 16, ["-s", str(script), serving.address]),
            ("the same", 128, ["-s", str(script), serving.address]),
            ("all rows of a date", 8, [serving.address + "/api/v1/genre-daily/2024-06-25"]),
            ("the view of a day, for its page", 8, [serving.address + "/view/day?date=2024-06-25"]),
        ]
        for name, connections, what in asked:
            load(connections, 1, what, random="-s" in what)
            rounds = sorted(
                (load(connections, arguments.seconds, what, random="-s" in what) for _ in range(arguments.rounds)), reverse=True
            )
            rate, median, p99 = rounds[0]
            rows.append(
                [name, str(connections), f"{rate:,.0f}", f"{statistics.median(one[0] for one in rounds):,.0f}", f"{median:.2f}", f"{p99:.2f}"]
            )
            print("  " + "  ".join(rows[-1]), flush=True)
        memory = serving.memory_mb()
    rest = (
        f"Then the process takes {memory:.0f} MB. It answers {serving.started:.2f} s after its start, and has ended {serving.ended:.2f} s after SIGTERM."
    )
    return rows, rest


def load(connections: int, seconds: int, what: list[str], random: bool) -> tuple[float, float, float]:
    """Requests a second, p50 and p99 in milliseconds. Any answer but 200 and 304 is a problem; of keys at random some are not there."""
    said = call(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", *what])
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", said)
    if failed and (failed[2] or not random):
        raise Problem(f"wrk got wrong answers: {failed[0]}")

    def milliseconds(name: str) -> float:
        number, unit = re.search(rf"{name}\s+([0-9.]+)(us|ms|s)", said).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return float(re.search(r"Requests/sec:\s+([0-9.]+)", said)[1]), milliseconds("50%"), milliseconds("99%")


def wrk_version() -> str:
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return (said.stdout or said.stderr).split(" [")[0].split("\n")[0]


sys.exit(main())
