"""Inputs: what `downbeat generate` writes for some options. They are kept between runs."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import short
from problem import Problem
from process import call


@dataclass(frozen=True)
class Options:
    """Options of `downbeat generate`. Equal options make equal bytes."""

    listens: int
    users: int = 1_000_000
    tracks: int = 90_000
    first: str = "2024-06-25"
    days: int = 3
    files: int = 8
    seed: int = 1
    user_id_bits: int = 0
    gzip: bool = False

    @property
    def name(self) -> str:
        parts = [
            f"{short(self.listens)}-listens",
            f"{short(self.users)}-users",
            f"{short(self.tracks)}-tracks",
            f"{self.days}-days",
            f"{self.files}-files",
            f"seed-{self.seed}",
        ]
        if self.first != Options.first:
            parts.insert(4, f"from-{self.first}")
        if self.user_id_bits:
            parts.append(f"ids-of-{self.user_id_bits}-bits")
        if self.gzip:
            parts.append("gz")
        return "-".join(parts)

    @property
    def arguments(self) -> list[str]:
        arguments = []
        for name, value in asdict(self).items():
            flag = "--from" if name == "first" else f"--{name.replace('_', '-')}"
            if name == "gzip":
                arguments += [flag] if value else []
            elif name != "user_id_bits" or value:
                arguments += [flag, str(value)]
        return arguments

    @property
    def bytes_needed(self) -> int:
        """About what the files take; listens have up to 55 bytes, and 12 more with long ids."""
        return self.listens * (15 if self.gzip else 68 if self.user_id_bits else 56) + self.users * 60 + self.tracks * 250


@dataclass(frozen=True)
class Input:
    """Generated files, in the folders of a lake's landing area below `folder`."""

    folder: Path
    options: Options
    facts: dict

    @property
    def streams(self) -> list[Path]:
        return sorted((self.folder / "landing" / "streams").iterdir())

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in (self.folder / "landing").rglob("*") if path.is_file())

    def warm(self) -> None:
        """Reads every file, so that the page cache holds it."""
        buffer = bytearray(4 << 20)
        for path in self.files:
            with open(path, "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass


class Inputs:
    def __init__(self, folder: Path, downbeat: list[str], commit: str):
        self.folder = folder
        self._downbeat = downbeat
        self._commit = commit

    def get(self, options: Options) -> Input:
        """The input of these options: the one that is there, or a new one."""
        folder = self.folder / options.name
        facts = folder / "input.json"
        if not facts.exists():
            self._generate(options, folder)
        return Input(folder, options, json.loads(facts.read_text()))

    def derived(self, base: Options, suffix: str, derive) -> Path:
        """A folder made by derive(input, folder) from the input of these options, kept likewise."""
        folder = self.folder / f"{base.name}-{suffix}"
        if not folder.exists():
            source = self.get(base)
            check_space(self.folder, sum(path.stat().st_size for path in source.files))
            _make(folder, lambda partial: derive(source, partial))
        return folder

    def _generate(self, options: Options, folder: Path) -> None:
        check_space(self.folder, options.bytes_needed)
        print(f"Generating {options.name} in {self.folder} …", flush=True)

        def generate(partial: Path) -> None:
            call([*self._downbeat, "generate", str(partial), *options.arguments])
            streams = sorted((partial / "landing" / "streams").iterdir())
            facts = {
                "options": asdict(options),
                "command": f"downbeat generate DIR {' '.join(options.arguments)}",
                "commit": self._commit,
                "bytes": sum(path.stat().st_size for path in streams),
                "sha256": _sum(sorted(path for path in (partial / "landing").rglob("*") if path.is_file()), partial),
            }
            (partial / "input.json").write_text(json.dumps(facts, indent=2) + "\n")

        _make(folder, generate)


def check_space(folder: Path, needed: int) -> None:
    """Fails early, and leaves 2 GB to others."""
    free = shutil.disk_usage(folder).free
    if free < needed + 2_000_000_000:
        raise Problem(f"{folder} has {free / 1e9:.1f} GB left, and {needed / 1e9:.1f} GB and 2 GB to spare are needed: try --data DIR.")


def _make(folder: Path, make) -> None:
    """Makes a folder that is there whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        make(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _sum(files: list[Path], root: Path) -> str:
    """One hash for all files, their names included."""
    whole = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            whole.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(root)}\n".encode())
    return whole.hexdigest()
