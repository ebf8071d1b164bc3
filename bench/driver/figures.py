"""How numbers are summed up and written."""

from statistics import median

__all__ = ["median", "rate", "ratio", "seconds", "short", "spread"]


def short(count: int) -> str:
    """50000000 as 50m, 12500000 as 12.5m, 90000 as 90k: as long as no digit is lost."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= unit and count * 10 % unit == 0:
            return f"{count / unit:g}{letter}"
    return str(count)


def seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def spread(values: list[float]) -> str:
    return f"{seconds(min(values))} – {seconds(max(values))}"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def rate(count: float, duration: float) -> str:
    """A count a second: 12,345 or 24.6 M."""
    value = count / duration
    return f"{value / 1e6:.1f} M" if value >= 1e6 else f"{value:,.0f}"
