"""What a result was measured on, and with which versions."""

import os
import platform
import subprocess
from pathlib import Path

from tools import BENCH, installed_duckdb

ROOT = BENCH.parent


def machine(data: Path) -> dict[str, str]:
    cpu = dict(line.split(":", 1) for line in _say("lscpu").splitlines() if ":" in line)
    cpu = {name.strip(): value.strip() for name, value in cpu.items()}
    flags = set(cpu.get("Flags", cpu.get("Features", "")).split())
    sets = [name for name in ("avx2", "avx512f", "avx512bw", "avx512vbmi", "avx512_vbmi2", "asimd", "sve") if name in flags]
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    family = f"family {cpu['CPU family']}, model {cpu['Model']}" if "CPU family" in cpu else ""
    return {
        "CPU": ", ".join(part for part in (cpu.get("Model name", platform.machine()), family, cpu.get("Hypervisor vendor", "")) if part),
        "cores": str(len(os.sched_getaffinity(0))),
        "caches": ", ".join(f"{name[:-6]} {cpu[name]}" for name in ("L1d cache", "L2 cache", "L3 cache") if name in cpu),
        "instruction sets": ", ".join(sets) or "none of AVX2, AVX-512, SVE",
        "memory": f"{memory / 2**20:.1f} GiB",
        "file system": _say("stat", "-f", "-c", "%T", str(data)),
        "system": f"{release.get('PRETTY_NAME', 'Linux').strip(chr(34))}, Linux {platform.release()}",
    }


def versions(downbeat: list[str]) -> dict[str, str]:
    pandas = _say("/usr/bin/python3", "-c", "import pandas; print(pandas.__version__)")
    return {
        "Downbeat": ", ".join(_say(*downbeat, "version").splitlines()[:2]),
        ".NET SDK": _say("dotnet", "--version"),
        "DuckDB": f"@duckdb/node-api {installed_duckdb() or 'not installed'}, Node {_say('node', '--version')}",
        "pandas": f"{pandas or 'not installed'}, Python {platform.python_version()}",
    }


def commit() -> str:
    """The commit that is measured; `-changed` when what makes the program differs from it."""
    short = _say("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = _say("git", "-C", str(ROOT), "status", "--porcelain", "--", "src", "downbeat", "global.json", "Directory.*.props")
    return (short or "unknown") + ("-changed" if changed else "")


def _say(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
