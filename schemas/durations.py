"""Durations as Prometheus writes them: `1h30m`, units from large to small."""

import re

from schemas.wording import shown

_UNITS_MS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
PATTERN = r"^(0|(?=.)" + "".join(f"([0-9]+{unit})?" for unit in _UNITS_MS) + ")$"
_MOST_MS = 2**63 // 1_000_000


def duration(time_ms: int) -> str:
    """`1m30s` of 90000."""
    parts = []
    for unit, size_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, time_ms = divmod(time_ms, size_ms)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def duration_ms(text: str) -> int:
    """Milliseconds of a duration such as `1h30m`. Raises ValueError, whose message quotes `text`."""
    if not re.fullmatch(PATTERN, text, re.ASCII) or len(text) > 100:
        raise ValueError(f"expected a duration such as 5m, got {shown(text)}")
    total_ms = sum(int(count) * _UNITS_MS[unit] for count, unit in re.findall(r"(\d+)([a-z]+)", text))
    if total_ms > _MOST_MS:
        raise ValueError(f"expected a duration below 292 years, got {shown(text)}")
    return total_ms
