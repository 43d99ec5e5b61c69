"""What a benchmark found: figures with their limits, and how they are told."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.cli import show


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number. Without a `limit` it is only for information; at the limit it is still good."""

    name: str
    measured: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def ok(self) -> bool:
        if self.limit is None:
            return True
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` of them do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def report(figures: Sequence[Figure], *, as_json: bool) -> bool:
    """Print all figures; whether every one is within its limit."""
    if as_json:
        show.as_json([_plain(figure) for figure in figures])
    else:
        show.table(("FIGURE", "MEASURED", "LIMIT", "OK"), [_row(figure) for figure in figures])
    return all(figure.ok for figure in figures)


def _plain(figure: Figure) -> dict[str, Any]:
    return msgspec.structs.asdict(figure) | {"ok": figure.ok}


def _row(figure: Figure) -> tuple[str, ...]:
    if figure.limit is None:
        return figure.name, _text(figure.measured, figure.unit), "", ""
    bound = "at least" if figure.at_least else "at most"
    limit = f"{bound} {_text(figure.limit, figure.unit)}"
    return figure.name, _text(figure.measured, figure.unit), limit, "yes" if figure.ok else "NO"


def _text(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}".rstrip() if value >= 100 or value == int(value) else f"{value:.2f} {unit}".rstrip()
