"""Function calls: what node each function becomes. A function that stands in none of the tables is refused by name."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import promql_parser as ast

from engine.promql.dates import DATE_FUNCTIONS
from engine.promql.errors import PromqlError
from engine.promql.functions import ELEMENT_FUNCTIONS, larger, smaller
from engine.promql.histograms import Collector, HistogramFraction, HistogramQuantile
from engine.promql.labelling import Relabel, joining, replacement
from engine.promql.nodes import CLOCKS, Absent, Clamp, Clock, Map, Node, Number, OfScalars, ToScalar, ToVector
from engine.promql.ordering import Sort, by_label, by_value, by_value_desc
from engine.promql.parsing import is_scalar, text_of
from engine.promql.range_functions import RANGE_FUNCTIONS
from engine.promql.selecting import EvaluationTimes, InstantSelector, RangeCall, Ranged, RangeSelector, SampleTimes
from engine.promql.selectors import demanded

_NATIVE_HISTOGRAMS_ONLY = frozenset(
    {"histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"}
)
_EXPERIMENTAL = frozenset({"info", "start_timestamp"})


class Planning(Protocol):
    """What the planner does for arguments."""

    def plan(self, expr: ast.Expr, /) -> Node: ...

    def ranged(self, expr: ast.Expr, /) -> Ranged: ...


Args = list[ast.Expr]


def plan_call(planner: Planning, name: str, args: Args) -> Node:
    """Raises `PromqlError` naming a function that is not supported."""
    if name in RANGE_FUNCTIONS:
        ranges = [planner.ranged(arg) for arg in args if not is_scalar(arg)]
        scalars = tuple(planner.plan(arg) for arg in args if is_scalar(arg))
        return RangeCall(RANGE_FUNCTIONS[name], ranges[0], scalars)
    if name in DATE_FUNCTIONS and not args:
        return Map(DATE_FUNCTIONS[name], ToVector(Clock(CLOCKS["time"])))
    if name in ELEMENT_FUNCTIONS:
        child, *scalars_of_map = (planner.plan(arg) for arg in args)
        return Map(ELEMENT_FUNCTIONS[name], child, tuple(scalars_of_map))
    if name in CLOCKS:
        return Clock(CLOCKS[name])
    if name in _OTHERS:
        return _OTHERS[name](planner, args)
    if name in _NATIVE_HISTOGRAMS_ONLY:
        raise PromqlError(f"function {name!r} is not supported: it is for native histograms")
    if name in _EXPERIMENTAL:
        raise PromqlError(f"function {name!r} (experimental in Prometheus) is not supported")
    raise PromqlError(f"function {name!r} is not supported")


def _absent(planner: Planning, args: Args) -> Node:
    child = planner.plan(args[0])
    return Absent(child, demanded(child.selector.matchers if isinstance(child, InstantSelector) else ()))


def _absent_over_time(planner: Planning, args: Args) -> Node:
    ranged = planner.ranged(args[0])
    labels = demanded(ranged.selector.matchers if isinstance(ranged, RangeSelector) else ())
    # With its names: series that differ in nothing else are no reason to fail here.
    present = replace(RANGE_FUNCTIONS["present_over_time"], keeps_name=True)
    return Absent(RangeCall(present, ranged, ()), labels)


def _clamp(planner: Planning, args: Args) -> Node:
    return Clamp(*(planner.plan(arg) for arg in args))


def _histogram_fraction(planner: Planning, args: Args) -> Node:
    lower, upper, child = (planner.plan(arg) for arg in args)
    return HistogramFraction(lower, upper, Collector(child))


def _histogram_quantile(planner: Planning, args: Args) -> Node:
    phi, child = (planner.plan(arg) for arg in args)
    return HistogramQuantile((phi,), Collector(child))


def _histogram_quantiles(planner: Planning, args: Args) -> Node:
    child, label, *phis = args
    return HistogramQuantile(tuple(map(planner.plan, phis)), Collector(planner.plan(child)), text_of(label))


def _label_replace(planner: Planning, args: Args) -> Node:
    child, (name, template, source, pattern) = args[0], map(text_of, args[1:])
    return Relabel(planner.plan(child), _label(name, "label_replace"), replacement(template, source, pattern))


def _label_join(planner: Planning, args: Args) -> Node:
    child, (name, separator, *sources) = args[0], map(text_of, args[1:])
    return Relabel(planner.plan(child), _label(name, "label_join"), joining(separator, tuple(sources)))


def _label(name: str, function: str) -> str:
    if not name:
        raise PromqlError(f"invalid destination label name in {function}(): {name}")
    return name


def _sort_by_label(descending: bool) -> Callable[[Planning, Args], Node]:
    return lambda planner, args: Sort(by_label(tuple(map(text_of, args[1:])), descending), planner.plan(args[0]))


def _timestamp(planner: Planning, args: Args) -> Node:
    child = planner.plan(args[0])
    if isinstance(child, InstantSelector):
        return SampleTimes(child)
    return EvaluationTimes(child)


def _max_of(left: float, right: float) -> float:
    return float(larger(left, right))


def _min_of(left: float, right: float) -> float:
    return float(smaller(left, right))


_OTHERS: dict[str, Callable[[Planning, Args], Node]] = {
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "histogram_fraction": _histogram_fraction,
    "histogram_quantile": _histogram_quantile,
    "histogram_quantiles": _histogram_quantiles,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "max_of": lambda planner, args: OfScalars(_max_of, tuple(map(planner.plan, args))),
    "min_of": lambda planner, args: OfScalars(_min_of, tuple(map(planner.plan, args))),
    "pi": lambda _, __: Number(math.pi),
    "scalar": lambda planner, args: ToScalar(planner.plan(args[0])),
    "sort": lambda planner, args: Sort(by_value, planner.plan(args[0])),
    "sort_by_label": _sort_by_label(descending=False),
    "sort_by_label_desc": _sort_by_label(descending=True),
    "sort_desc": lambda planner, args: Sort(by_value_desc, planner.plan(args[0])),
    "timestamp": _timestamp,
    "vector": lambda planner, args: ToVector(planner.plan(args[0])),
}
