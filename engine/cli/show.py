"""How things are printed: tables for people, JSON for programs, times and ages in words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


def as_json(value: Any) -> None:
    """Print one JSON document."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header, columns aligned."""
    lines = [header, *[[("" if cell is None else str(cell)) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def labels(pairs: Mapping[str, str], *, without: Sequence[str] = ()) -> str:
    """`a=1 b=2`, in the order of the names."""
    return " ".join(f"{name}={value}" for name, value in sorted(pairs.items()) if name not in without)


def clock(time_ms: int) -> str:
    """Time of day in UTC, with milliseconds."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


def age(duration_ms: int) -> str:
    """A duration in its largest fitting unit: `350ms`, `4.2s`, `7m`, `3h`."""
    for unit, size_ms in (("h", 3_600_000), ("m", 60_000)):
        if duration_ms >= size_ms:
            return f"{duration_ms // size_ms}{unit}"
    return f"{duration_ms / 1000:.1f}s" if duration_ms >= 1000 else f"{duration_ms}ms"
