"""What scenarios work with: inputs, lakes, the other programs, and measuring by turns."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from figures import seconds
from inputs import Input, Inputs, Options
from lakes import Lakes
from process import Sample, call, measure
from tools import BENCH


LAKES = ".bench-lakes"
"""The folder below the data whose content is deleted when a benchmark begins and ends."""


class Workbench:
    def __init__(self, data: Path, downbeat: list[str], commit: str, quick: bool, rounds: int | None, cores: int):
        self.data = data
        self.downbeat = downbeat
        self.quick = quick
        self.cores = cores
        self._rounds = rounds
        self.inputs = Inputs(data, downbeat, commit)
        self.lakes = Lakes(data / LAKES, downbeat)
        self.used: dict[str, dict] = {}

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def rounds(self, usual: int) -> int:
        return self._rounds or (min(usual, 2) if self.quick else usual)

    def input(self, options: Options) -> Input:
        found = self.inputs.get(options)
        self.used[options.name] = found.facts
        return found

    def by_turns(self, rounds: int, **contenders: Callable[[], Sample]) -> dict[str, list[Sample]]:
        """Measures all contenders in turn, and that again and again: what disturbs the machine meets them all."""
        samples: dict[str, list[Sample]] = {name: [] for name in contenders}
        for number in range(1, rounds + 1):
            for name, contender in contenders.items():
                sample = contender()
                samples[name].append(sample)
                print(f"  {number}/{rounds}  {name:<28} {seconds(sample.seconds):>7} s {sample.peak_mb:>8,.0f} MB", flush=True)
        return samples

    def run_fresh(self, given: Input, *flags: str, environment: dict[str, str] | None = None, then=None) -> Sample:
        """`downbeat run` on a fresh lake, with the files in the page cache. `then` sees the lake before it goes."""
        with self.lakes.fresh(given.folder / "landing") as lake:
            given.warm()
            sample = lake.run(*flags, environment=environment)
            if then is not None:
                then(lake)
            return sample

    def duckdb(self, given: Input, out: Path, formulation: str = "sorted") -> Sample:
        given.warm()
        known = ["--from", given.options.first, "--days", str(given.options.days)]
        options = ["--formulation", formulation, *known, "--threads", str(self.cores)]
        return measure(["node", str(BENCH / "duckdb" / "kpis.mjs"), str(given.folder), str(out), *options])

    def pandas(self, given: Input, out: Path) -> Sample:
        given.warm()
        return measure(["/usr/bin/python3", str(BENCH / "pandas" / "kpis.py"), str(given.folder), str(out)])

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="answers-", dir=self.data / LAKES))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def before(self, commit: str) -> list[str]:
        """The command line of an earlier commit, built."""
        source = self.data / f".downbeat-{commit}"
        program = source / "src" / "Downbeat.Cli" / "bin" / "Release" / "net10.0" / "downbeat.dll"
        if not program.exists():
            shutil.rmtree(source, ignore_errors=True)
            source.mkdir(parents=True)
            archive = source / "source.tar"
            call(["git", "archive", "--output", str(archive), commit], cwd=BENCH.parent)
            call(["tar", "-x", "-f", str(archive), "-C", str(source)])
            archive.unlink()
            call(["dotnet", "build", str(source / "src" / "Downbeat.Cli"), "-c", "Release", "--nologo", "-v", "quiet"])
        return ["dotnet", str(program)]

    def gunzip(self) -> list[str]:
        """The command of bench/gunzip, built."""
        out = self.data / ".gunzip"
        call(["dotnet", "build", str(BENCH / "gunzip"), "-c", "Release", "-o", str(out), "--nologo", "-v", "quiet"])
        return ["dotnet", str(out / "gunzip.dll")]
