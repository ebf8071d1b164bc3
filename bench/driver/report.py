"""Writes bench/results/<date>-<commit>.md and .json. Scenarios measured later on the same day and commit are added."""

import json
import os
from datetime import date
from pathlib import Path

from findings import Findings


class Report:
    def __init__(self, folder: Path, commit: str, quick: bool, machine: dict[str, str], versions: dict[str, str]):
        stem = f"{date.today().isoformat()}-{commit}{'-quick' if quick else ''}"
        self.markdown = folder / f"{stem}.md"
        self._json = folder / f"{stem}.json"
        self._body = {
            "date": date.today().isoformat(),
            "commit": commit,
            "quick": quick,
            "machine": machine,
            "versions": versions,
            "inputs": {},
            "scenarios": {},
        }
        if self._json.exists():
            before = json.loads(self._json.read_text())
            if before["machine"] == machine:
                self._body |= {"inputs": before["inputs"], "scenarios": before["scenarios"]}

    def add(self, name: str, findings: Findings, inputs: dict[str, dict], order: list[str]) -> None:
        """Adds a scenario and writes both files, each in one step."""
        self._body["inputs"] |= {key: inputs[key] for key in findings.inputs}
        scenarios = self._body["scenarios"] | {name: findings.as_json()}
        self._body["scenarios"] = {key: scenarios[key] for key in order if key in scenarios}
        _write(self._json, json.dumps(self._body, indent=1, ensure_ascii=False) + "\n")
        _write(self.markdown, self._text())

    def _text(self) -> str:
        body = self._body
        lines = [f"# Measured on {body['date']}, commit {body['commit']}", ""]
        if body["quick"]:
            lines += ["**Quick: the inputs are too small to say anything about speed.**", ""]
        lines += [
            "Whole processes, wall clock, warm page cache. Contenders take turns on the same files, and every run of Downbeat has a "
            "fresh lake. Peak MB is the highest resident set of any round, by `/usr/bin/time -v`.",
            "",
        ]
        for name, found in body["scenarios"].items():
            lines += [f"## {found['title']}", "", *_table(found["table"]), ""]
            for note in found["notes"]:
                lines += [note, ""] if note else []
            lines += [f"`bench/run --only {name}`, input {', '.join(f'`{given}`' for given in found['inputs'])}.", ""]
        lines += ["## Machine", "", *_table([["", ""], *map(list, body["machine"].items())]), ""]
        lines += ["## Versions", "", *_table([["", ""], *map(list, body["versions"].items())]), ""]
        lines += ["## Inputs", "", "The SHA-256 is that of the list of all files with their own sums.", ""]
        rows = [["input", "made by", "commit", "GB of listens", "SHA-256"]]
        for key, facts in body["inputs"].items():
            rows.append(
                [f"`{key}`", f"`{facts['command']}`", facts["commit"], f"{facts['bytes'] / 1e9:.3f}", f"`{facts['sha256'][:16]}…`"]
            )
        lines += _table(rows)
        return "\n".join(lines) + "\n"


def _table(rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
