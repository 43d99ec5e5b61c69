"""Numbers and times as Prometheus' API writes them."""

import math
from datetime import UTC, datetime

import numpy as np

from schemas.samples import format_value

_SMALLEST, _LARGEST = 1e-6, 1e21
"""Outside of these a sample is written with an exponent."""


def sample(value: float) -> str:
    """A sample of a vector or matrix. A scalar is written without exponent: that is `format_value`."""
    text = repr(value)  # which is also what Go writes, but for some exponents and names
    if text[-1] in "fn" or ("e" in text and _SMALLEST <= abs(value) < _LARGEST):
        return format_value(value)
    return text.removesuffix(".0")


def scientific(value: float) -> str:
    """The value of an alert: with an exponent of at least two digits, `5e-01`."""
    return np.format_float_scientific(value, trim="-", exp_digits=2) if math.isfinite(value) else format_value(value)


def timestamp(time_ms: int) -> str:
    """Seconds, with milliseconds where there are any: `1435781451.781`."""
    whole, rest_ms = divmod(abs(time_ms), 1000)
    return ("-" if time_ms < 0 else "") + (f"{whole}.{rest_ms:03}" if rest_ms else f"{whole}")


def date(time_ms: int) -> str:
    """A time as RFC 3339, UTC."""
    seconds, rest_ms = divmod(time_ms, 1000)
    written = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return written + (f".{rest_ms:03}".rstrip("0") if rest_ms else "") + "Z"
