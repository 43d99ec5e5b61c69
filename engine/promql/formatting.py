"""Numbers and labels as text, the way Go and Prometheus print them in names, values and errors."""

import math

import numpy as np

from schemas.labels import Labels


def shortest(value: float) -> str:
    """`%g`: as short as reads back the same, with an exponent from 1e+06 on."""
    if special := _special(value):
        return special
    scientific = np.format_float_scientific(value, trim="-", exp_digits=2)
    return decimal(value) if -4 <= int(scientific.partition("e")[2]) < 6 else scientific


def decimal(value: float) -> str:
    """`%f` with as many digits as needed, never with an exponent."""
    return _special(value) or np.format_float_positional(value, trim="-")


def braces(labels: Labels) -> str:
    """A label set with the metric name as one label among others: `{__name__="up", job="x"}`."""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels)
    return "{" + ", ".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return ""
