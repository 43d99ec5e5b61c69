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


def larger(left: FloatArray | float, right: FloatArray | float) -> FloatArray:
    """The larger of two, as Go has it: NaN where one is, unless the other is +Inf."""
    either = np.maximum(left, right)
    return np.where(np.isposinf(left) | np.isposinf(right), np.inf, either) if np.isnan(either).any() else either


def smaller(left: FloatArray | float, right: FloatArray | float) -> FloatArray:
    """The smaller of two, as Go has it: NaN where one is, unless the other is -Inf."""
    return -larger(-left, -right)


ELEMENT_FUNCTIONS: dict[str, ElementFunction] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "clamp_max": smaller,
    "clamp_min": larger,
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
