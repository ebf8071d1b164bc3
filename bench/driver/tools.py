"""What the benchmark needs on the machine, installed when it is missing."""

import importlib.util
import json
import os
import shutil
from pathlib import Path

from problem import Problem
from process import TIME, call

BENCH = Path(__file__).resolve().parent.parent
DUCKDB = BENCH / "duckdb"


def install_time() -> None:
    if not Path(TIME).exists():
        _apt("time")


def install_duckdb() -> None:
    """Puts @duckdb/node-api into bench/duckdb/node_modules, exactly as package-lock.json says."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _apt("nodejs", "npm")
    if installed_duckdb() == _wanted_duckdb() and _loads_duckdb():
        return
    print(f"Installing @duckdb/node-api {_wanted_duckdb()} into {DUCKDB}/node_modules …", flush=True)
    # Not `npm ci`: it refuses a lock file that lacks the libraries of other platforms. The sums are checked all the same;
    # a library whose sum is wrong is left out without a word.
    shutil.rmtree(DUCKDB / "node_modules", ignore_errors=True)
    call(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=DUCKDB)
    if installed_duckdb() != _wanted_duckdb() or not _loads_duckdb():
        raise Problem(f"npm installed no @duckdb/node-api {_wanted_duckdb()} that loads on this machine.")


def install_pandas() -> None:
    if importlib.util.find_spec("pandas") is None:
        _apt("python3-pandas")


def installed_duckdb() -> str | None:
    package = DUCKDB / "node_modules" / "@duckdb" / "node-api" / "package.json"
    return json.loads(package.read_text())["version"] if package.exists() else None


def _wanted_duckdb() -> str:
    return json.loads((DUCKDB / "package.json").read_text())["dependencies"]["@duckdb/node-api"]


def _loads_duckdb() -> bool:
    try:
        call(["node", "--input-type=module", "-e", "await import('@duckdb/node-api')"], cwd=DUCKDB)
        return True
    except Problem:
        return False


def _apt(*packages: str) -> None:
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise Problem(f"This machine lacks {' and '.join(packages)}, and has no apt-get: install what they hold by hand.")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and shutil.which("sudo") is None:
        raise Problem(f"Please run, as root: {' '.join(command)}")
    print(f"Installing {' '.join(packages)} …", flush=True)
    call([*as_root, "apt-get", "update", "-qq"])
    call([*as_root, *command], {"DEBIAN_FRONTEND": "noninteractive"})
