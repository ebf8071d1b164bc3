"""What a scenario found out: sentences, a table, and the raw samples behind it."""

from dataclasses import asdict, dataclass, field

from figures import median, seconds, spread
from process import Sample


@dataclass
class Findings:
    title: str
    table: list[list[str]]
    """The first row is the header."""

    notes: list[str] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        return {
            "title": self.title,
            "table": self.table,
            "notes": self.notes,
            "inputs": self.inputs,
            "samples": {
                name: [{key: value for key, value in asdict(sample).items() if key != "output"} for sample in samples]
                for name, samples in self.samples.items()
            },
        }


def wall(samples: list[Sample]) -> float:
    return median([sample.seconds for sample in samples])


def wall_cells(samples: list[Sample]) -> list[str]:
    """Median and spread of the wall clock."""
    return [seconds(wall(samples)), spread([sample.seconds for sample in samples])]


def cpu_cell(samples: list[Sample]) -> str:
    return seconds(median([sample.cpu_seconds for sample in samples]))


def peak_cell(samples: list[Sample]) -> str:
    """The highest peak: memory is promised for every run, not for the median one."""
    return f"{max(sample.peak_mb for sample in samples):,.0f}"


def ratios(slower: list[Sample], faster: list[Sample]) -> list[float]:
    """How many times one took longer than the other, pair by pair."""
    return [a.seconds / b.seconds for a, b in zip(slower, faster, strict=True)]


def stages_note(samples: list[Sample], whose: str = "Downbeat's stages") -> str:
    names = list(dict.fromkeys(name for sample in samples for name in sample.stages))
    parts = [f"{name} {seconds(median([sample.stages.get(name, 0) for sample in samples]))} s" for name in names]
    return f"{whose}, medians: {', '.join(parts)}." if parts else ""
