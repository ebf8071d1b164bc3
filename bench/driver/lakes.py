"""Lakes to run on. Files of an input are linked into them: a lake costs no copy, and moving to the archive is a rename."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from process import Sample, call, measure

TABLES = [
    "genre_daily",
    "hourly",
    "daily",
    "country_daily",
    "top_tracks",
    "top_genres",
    "top_artists_hourly",
    "top_artists_daily",
]


class Lakes:
    def __init__(self, folder: Path, downbeat: list[str]):
        self._folder = folder
        self._downbeat = downbeat
        shutil.rmtree(folder, ignore_errors=True)  # What a benchmark that was killed left there.
        folder.mkdir(parents=True)

    @contextmanager
    def fresh(self, landing: Path | None, streams: Iterable[Path] = ()) -> Iterator["Lake"]:
        """A new lake with songs, users and listens of a landing area, or with the given files of listens instead."""
        folder = Path(tempfile.mkdtemp(prefix="lake-", dir=self._folder))
        try:
            call([*self._downbeat, "init", str(folder)])
            lake = Lake(folder, self._downbeat)
            if landing is not None:
                for kind in ("songs", "users"):
                    lake.land(kind, sorted((landing / kind).iterdir()))
                lake.land("streams", streams or sorted((landing / "streams").iterdir()))
            yield lake
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Lake:
    def __init__(self, folder: Path, downbeat: list[str]):
        self.folder = folder
        self._downbeat = downbeat

    def land(self, kind: str, files: Iterable[Path]) -> None:
        for path in files:
            os.link(path, self.folder / "landing" / kind / path.name)

    def run(self, *flags: str, environment: dict[str, str] | None = None) -> Sample:
        """`downbeat run`, the whole process, and what its record says about the stages."""
        before = set(self._records())
        sample = measure([*self._downbeat, "run", "--lake", str(self.folder), *flags], environment)
        for path in set(self._records()) - before:
            sample.stages = json.loads(path.read_text())["stageSeconds"]
        return sample

    def tables(self) -> dict[str, list[Path]]:
        """The published files of each table, by date."""
        return {table: sorted((self.folder / "kpis" / table).glob("date=*.csv")) for table in TABLES}

    def _records(self) -> list[Path]:
        return list((self.folder / "runs").glob("*.json"))
