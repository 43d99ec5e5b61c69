"""Numbers for people, digit for digit as Prometheus prints them."""

import math
from collections.abc import Sequence

from engine.template.gofmt import shortest, significant
from engine.template.values import Moment

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_LARGE_1024 = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_INT64 = 2.0**63


def humanize(value: float) -> str:
    """With a metric prefix: 1234567 → `1.235M`."""
    if value == 0 or not math.isfinite(value):
        return significant(value)
    if abs(value) >= 1:
        return _shrink(value, 1000, _LARGE)
    return _grow(value)


def humanize_1024(value: float) -> str:
    """With a binary prefix: 1048576 → `1Mi`."""
    if abs(value) <= 1 or not math.isfinite(value):
        return significant(value)
    return _shrink(value, 1024, _LARGE_1024)


def humanize_percentage(value: float) -> str:
    """A ratio as per cent: 0.25 → `25%`."""
    return significant(value * 100) + "%"


def humanize_duration(value: float) -> str:
    """Seconds as days to seconds: 3661 → `1h 1m 1s`; below a second with a metric prefix: 0.001 → `1ms`."""
    if not math.isfinite(value):
        return significant(value)
    if value == 0:
        return "0s"
    if abs(value) < 1:
        return _grow(value) + "s"
    sign, whole = "-" if value < 0 else "", int(abs(value))
    days, hours, minutes, seconds = whole // 86_400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{significant(abs(value))}s"


def moment(value: float) -> Moment | str:
    """Unix seconds as a point in time; what is not a number is printed as such. Raises ValueError beyond year 2262."""
    if not math.isfinite(value):
        return significant(value)
    if abs(value * 1e9) >= _INT64:
        raise ValueError(f"{shortest(value)} cannot be represented as a nanoseconds timestamp since it overflows int64")
    return Moment(int(value * 1e9) // 1_000_000)


def _shrink(value: float, base: int, prefixes: Sequence[str]) -> str:
    used = ""
    for prefix in prefixes:
        if abs(value) < base:
            break
        used = prefix
        value /= base
    return significant(value) + used


def _grow(value: float) -> str:
    used = ""
    for prefix in _SMALL:
        if abs(value) >= 1:
            break
        used = prefix
        value *= 1000
    return significant(value) + used
