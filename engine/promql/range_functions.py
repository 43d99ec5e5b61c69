"""The functions of a range vector by name: each turns a `Window` into one value for every series, all at once.

To add a function, write its kernel and its row in the table.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.promql import motion, over_time, trends
from engine.promql.arrays import FloatArray
from engine.promql.notes import Note, maybe_not_a_counter, quantile_out_of_range
from engine.promql.vector import Vector

Kernel = Callable[..., FloatArray]
_COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")


def _no_notes(_: Vector, *__: float) -> Iterable[Note]:
    return ()


def _anything(*_: float) -> None:
    pass


def _not_counters(result: Vector) -> Iterator[Note]:
    """One for each metric whose name is not that of a counter."""
    for name in sorted({result.index.names[at] for at in result.positions.tolist()}):
        if name and not name.endswith(_COUNTER_SUFFIXES):
            yield maybe_not_a_counter(name)


def _quantile_out_of_range(_: Vector, phi: float) -> Iterator[Note]:
    if not 0 <= phi <= 1:
        yield quantile_out_of_range(phi)


@dataclass(frozen=True, slots=True)
class RangeFunction:
    """`kernel(window, *scalars)`; with `needs_time` the first scalar is the time of evaluation in seconds.

    Series with fewer than `samples` samples have no result. `check` refuses scalars as soon as there is any sample.
    `notes` are remarks on a result that still has its names.
    """

    kernel: Kernel
    samples: int = 1
    keeps_name: bool = False
    needs_time: bool = False
    check: Callable[..., None] = _anything
    notes: Callable[..., Iterable[Note]] = _no_notes


RANGE_FUNCTIONS: dict[str, RangeFunction] = {
    "avg_over_time": RangeFunction(over_time.avg_over_time),
    "changes": RangeFunction(over_time.changes),
    "count_over_time": RangeFunction(over_time.count_over_time),
    "delta": RangeFunction(motion.delta, samples=2),
    "deriv": RangeFunction(trends.deriv, samples=2),
    "double_exponential_smoothing": RangeFunction(
        trends.double_exponential_smoothing, samples=2, check=trends.check_factors
    ),
    "first_over_time": RangeFunction(over_time.first_over_time, keeps_name=True),
    "idelta": RangeFunction(motion.idelta, samples=2),
    "increase": RangeFunction(motion.increase, samples=2, notes=_not_counters),
    "irate": RangeFunction(motion.irate, samples=2),
    "last_over_time": RangeFunction(over_time.last_over_time, keeps_name=True),
    "mad_over_time": RangeFunction(over_time.mad_over_time),
    "max_over_time": RangeFunction(over_time.max_over_time),
    "min_over_time": RangeFunction(over_time.min_over_time),
    "predict_linear": RangeFunction(trends.predict_linear, samples=2, needs_time=True),
    "present_over_time": RangeFunction(over_time.present_over_time),
    "quantile_over_time": RangeFunction(over_time.quantile_over_time, notes=_quantile_out_of_range),
    "rate": RangeFunction(motion.rate, samples=2, notes=_not_counters),
    "resets": RangeFunction(over_time.resets),
    "stddev_over_time": RangeFunction(over_time.stddev_over_time),
    "stdvar_over_time": RangeFunction(over_time.stdvar_over_time),
    "sum_over_time": RangeFunction(over_time.sum_over_time),
    "ts_of_first_over_time": RangeFunction(over_time.ts_of_first_over_time),
    "ts_of_last_over_time": RangeFunction(over_time.ts_of_last_over_time),
    "ts_of_max_over_time": RangeFunction(over_time.ts_of_max_over_time),
    "ts_of_min_over_time": RangeFunction(over_time.ts_of_min_over_time),
}
