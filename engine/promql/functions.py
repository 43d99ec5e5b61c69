"""Functions of each value by itself: the table of their names. They take a column, and scalars, and give a column."""

from collections.abc import Callable

import numpy as np

from engine.promql.arrays import FloatArray
from engine.promql.dates import DATE_FUNCTIONS

ElementFunction = Callable[..., FloatArray]


def _round(values: FloatArray, to_nearest: float = 1.0) -> FloatArray:
    # Half up, and by the inverse, which keeps 0.1 exact: both as Prometheus does.
    inverse = 1.0 / np.float64(to_nearest)
    return np.floor(values * inverse + 0.5) / inverse


def _clamp_min(values: FloatArray, least: float) -> FloatArray:
    return np.maximum(values, least)


def _clamp_max(values: FloatArray, greatest: float) -> FloatArray:
    return np.minimum(values, greatest)


ELEMENT_FUNCTIONS: dict[str, ElementFunction] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "clamp_max": _clamp_max,
    "clamp_min": _clamp_min,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg": np.degrees,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "rad": np.radians,
    "round": _round,
    "sgn": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
    **DATE_FUNCTIONS,
}
