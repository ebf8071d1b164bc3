"""Whether two programs computed the same tables: integers and texts exactly, quotients to 1e-12."""

import csv
import hashlib
import math
from itertools import zip_longest
from pathlib import Path

from problem import Problem

QUOTIENTS = {
    "avg_listening_time_per_user_sec",
    "avg_track_duration_sec",
    "avg_listen_duration_sec",
    "popularity_index",
    "listen_share",
    "track_diversity_index",
}


def agree(ours: dict[str, list[Path]], theirs: Path, who: str) -> int:
    """Compares Downbeat's tables with <table>.csv of another program, and counts the values. The first difference is a problem."""
    values = 0
    for table, files in ours.items():
        if not files:
            raise Problem(f"Downbeat published no {table}.")
        with open(theirs / f"{table}.csv", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            for number, (mine, other) in enumerate(zip_longest(_rows(files), rows), 1):
                if mine is None or other is None:
                    raise Problem(f"{table}: {who if mine is None else 'Downbeat'} has more rows than the other's {number - 1:,}.")
                if mine.keys() != other.keys():
                    raise Problem(f"{table}: Downbeat has the columns {', '.join(mine)}; {who} has {', '.join(other)}.")
                for column, value in mine.items():
                    if not _same(column, value, other[column]):
                        raise Problem(
                            f"The answers differ. {table}, row {number:,}, {column}: Downbeat says {value!r}, {who} says "
                            f"{other[column]!r}.\n  Downbeat's row: {mine}"
                        )
                values += len(mine)
    return values


def digest(tables: dict[str, list[Path]]) -> str:
    """One hash of all published bytes: equal when every file is."""
    whole = hashlib.sha256()
    for table, files in tables.items():
        for path in files:
            whole.update(f"{table}/{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _rows(files: list[Path]):
    for path in files:
        with open(path, encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def _same(column: str, mine: str, other: str) -> bool:
    if column in QUOTIENTS:
        return math.isclose(float(mine), float(other), rel_tol=1e-12, abs_tol=0)
    return mine == other
