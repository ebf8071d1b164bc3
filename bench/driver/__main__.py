"""bench/run: which scenarios, where the data lies, how often."""

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import machine
import tools
from problem import Problem
from process import call
from report import Report
from scenarios import SCENARIOS
from workbench import LAKES, Workbench


def main() -> int:
    arguments = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return 1 if with_lock(arguments) else 0
    except Problem as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: stopped; scenarios that had ended are in the results.", file=sys.stderr)
        return 130


def parse() -> argparse.Namespace:
    listed = "\n".join(f"  {name:<12} {function.__doc__}" for name, function in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Measures Downbeat beside DuckDB and pandas on the same files, checks that their answers agree,\n"
        "and writes a table to bench/results/. Installs what is missing. See bench/README.md.",
        epilog=f"scenarios:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="NAME", action="append", help="only this scenario; may be given more than once, or as A,B")
    parser.add_argument("--quick", action="store_true", help="small inputs: shows in a few minutes that everything works")
    parser.add_argument("--rounds", metavar="N", type=int, help="how often each contender is measured [5 beside others, else 3]")
    parser.add_argument("--data", metavar="DIR", type=Path, default=tools.BENCH / "data", help="where inputs are kept [bench/data]")
    parser.add_argument("--results", metavar="DIR", type=Path, default=tools.BENCH / "results", help="where results go [bench/results]")
    parser.add_argument("--downbeat", metavar="FILE", type=Path, help="another downbeat than ./downbeat, such as a packaged one")
    arguments = parser.parse_args()
    names = [name for part in arguments.only or [] for name in part.split(",")]
    for name in names:
        if name not in SCENARIOS:
            parser.error(f"there is no scenario {name}; there are {', '.join(SCENARIOS)}")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    arguments.names = [name for name in SCENARIOS if not names or name in names]
    return arguments


def with_lock(arguments: argparse.Namespace) -> list[str]:
    """Two benchmarks on one folder would sweep each other's lakes."""
    data = arguments.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with open(data / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"Another benchmark works in {data}.") from None
        try:
            return measure_all(arguments, data)
        finally:
            shutil.rmtree(data / LAKES, ignore_errors=True)


def measure_all(arguments: argparse.Namespace, data: Path) -> list[str]:
    """Measures scenario after scenario, and returns those that failed."""
    began = time.monotonic()
    if shutil.which("dotnet") is None and arguments.downbeat is None:
        raise Problem("The .NET 10 SDK is needed and 'dotnet' is not on the PATH: see https://dotnet.microsoft.com/download")
    tools.install_time()
    if {"main", "duckdb", "pandas"} & set(arguments.names):
        tools.install_duckdb()
    if "pandas" in arguments.names:
        tools.install_pandas()

    downbeat = [str(arguments.downbeat.resolve() if arguments.downbeat else machine.ROOT / "downbeat")]
    print(call([*downbeat, "version"]).splitlines()[0], flush=True)  # Builds it, if need be.
    commit = machine.commit()
    bench = Workbench(data, downbeat, commit, arguments.quick, arguments.rounds, len(os.sched_getaffinity(0)))
    report = Report(arguments.results, commit, arguments.quick, machine.machine(data), machine.versions(downbeat))
    failed = []
    for name in arguments.names:
        print(f"\n{name}: {SCENARIOS[name].__doc__}", flush=True)
        try:
            findings = SCENARIOS[name](bench)
        except Problem as problem:
            print(f"bench: {name}: {problem}", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        report.add(name, findings, bench.used, list(SCENARIOS))
        widths = [max(len(row[column]) for row in findings.table) for column in range(len(findings.table[0]))]
        for row in findings.table:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for note in findings.notes:
            print(f"  {note}" if note else "", flush=True)
    if len(failed) < len(arguments.names):
        print(f"\nWritten to {os.path.relpath(report.markdown)} and .json, in {time.monotonic() - began:.0f} s.")
    if failed:
        print(f"bench: these failed, and are not in the results: {', '.join(failed)}", file=sys.stderr)
    return failed


sys.exit(main())
