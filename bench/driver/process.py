"""Runs one process and measures it whole: wall clock, CPU, peak memory."""

import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from problem import Problem

TIME = "/usr/bin/time"


@dataclass
class Sample:
    seconds: float
    cpu_seconds: float
    peak_mb: float
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds of each stage of a run of Downbeat, as its record in runs/ has them."""

    output: str = ""


def measure(command: list[str], environment: dict[str, str] | None = None) -> Sample:
    """Runs a command to its end. Anything but exit code 0 is a problem."""
    with tempfile.NamedTemporaryFile("r", prefix="bench-time-") as report:
        os.sync()  # So that nobody pays for what the one before left to be written.
        began = time.perf_counter()
        output = call([TIME, "-v", "-o", report.name, *command], environment)
        seconds = time.perf_counter() - began
        text = report.read()
    return Sample(
        seconds,
        float(_line(text, "User time \\(seconds\\)")) + float(_line(text, "System time \\(seconds\\)")),
        int(_line(text, "Maximum resident set size \\(kbytes\\)")) / 1024,
        output=output,
    )


def call(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Runs a command and returns what it printed. Children do not outlive an interrupted benchmark."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DOWNBEAT_")}
    process = subprocess.Popen(
        command,
        env=clean | (environment or {}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate()
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        shown = [part for part in command if part not in (TIME, "-v", "-o") and "bench-time-" not in part]
        last = "\n".join((err.strip() or out.strip()).splitlines()[:20])
        raise Problem(f"`{' '.join(shown)}` ended with exit code {process.returncode}:\n{last}")
    return out


def _end(process: subprocess.Popen) -> None:
    """Asks the whole group to stop, and makes it stop when it does not."""
    for what, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, what)
        except ProcessLookupError:
            return
        try:
            process.communicate(timeout=patience)
            return
        except subprocess.TimeoutExpired:
            continue


def _line(text: str, name: str) -> str:
    found = re.search(rf"{name}: *([0-9.]+)", text)
    if found is None:
        raise Problem(f"{TIME} -v printed no line '{name}': is it GNU time?")
    return found[1]
