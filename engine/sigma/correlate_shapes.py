"""From what a correlation says to the window that its groups have, and what its events put into it."""

import operator
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any, Protocol

from engine.sigma.correlate_measures import Distinct, Mean, Ranked, Total
from engine.sigma.correlate_model import Limits
from engine.sigma.correlate_rules import Chain, InOrder, LongestInOrder, Together, Traces, TraceShape
from engine.sigma.correlate_thin import lumped, newest, one_of_each
from engine.sigma.correlate_values import Data, combination_of, number_of
from engine.sigma.correlate_window import CountShape, ValueShape, Window
from engine.sigma.model import And, Correlation, Node, Not, Or, Text, Threshold

Item = Callable[[Data], Any]
"""What an event puts into a window; None for nothing, and then it is no matter that it came."""

Lost = Callable[[int], None]

MOST_CHAINS = 256
"""Into so many alternatives an ordered condition may be taken apart."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Shape(Protocol):
    def window(self) -> Window: ...

    def restored(self, saved: list[Any]) -> Window: ...


def comparison(thresholds: tuple[Threshold, ...]) -> Callable[[float], bool]:
    """Whether a value satisfies all of them."""
    tests = [(_OPERATORS[each.op], each.value) for each in thresholds]
    if len(tests) == 1:
        ((compare, bound),) = tests
        return lambda value: compare(value, bound)
    return lambda value: all(compare(value, bound) for compare, bound in tests)


def waits(correlation: Correlation) -> bool:
    """Whether a further event may undo the condition, so that it is decided when the window ends."""
    return any(each.op not in ("gt", "gte") for each in correlation.thresholds) or _negates(correlation.nested)


def check(correlation: Correlation) -> None:
    """Raises ValueError for a condition that cannot be run: an ordered one that is too large, or of nothing."""
    shape_of(correlation, Limits(), lambda _: None)


def shape_of(correlation: Correlation, limits: Limits, lost: Lost) -> Shape:
    """What its groups have for a window; `lost` is told how many values were given up. Raises as `check` does."""
    span_ms, reorder = correlation.timespan_ms, limits.reorder
    need = max((int(each.value) + 1 for each in correlation.thresholds), default=1)
    values = partial(ValueShape, span_ms, reorder=reorder, lost=lost)
    match correlation.type:
        case "event_count":
            need = max(need, 1)
            return CountShape(span_ms, need, reorder, need + 2 * reorder)
        case "absence":
            return CountShape(span_ms, 1, 0, 1)
        case "value_count":
            return values(kept=max(limits.kept, need), measure=Distinct, thin=one_of_each)
        case "value_sum":
            return values(kept=limits.kept, measure=Total, thin=lumped)
        case "value_avg":
            return values(kept=limits.kept, measure=Mean, thin=lumped)
        case "value_percentile":
            return values(kept=limits.kept, measure=partial(Ranked, correlation.percentile), thin=newest)
        case "value_median":
            return values(kept=limits.kept, measure=partial(Ranked, 50.0), thin=newest)
        case "temporal" | "temporal_ordered":
            return TraceShape(span_ms, reorder, _traces(correlation))


def item_of(correlation: Correlation, rule: str) -> Item:
    """What events of `rule` put into the window."""
    match correlation.type:
        case "event_count" | "absence":
            return lambda _: True
        case "temporal" | "temporal_ordered":
            bits = sum(1 << place for place, each in enumerate(correlation.rules) if each == rule)
            return lambda _: bits
        case "value_count":
            return combination_of([named(correlation, field, rule) for field in correlation.fields])
        case _:
            (field,) = correlation.fields
            return number_of(named(correlation, field, rule))


def named(correlation: Correlation, field: str, rule: str) -> str:
    """What an alias stands for in events of `rule`; any other field is itself."""
    return correlation.aliases.get(field, {}).get(rule, field)


def _traces(correlation: Correlation) -> Traces:
    places = {rule: place for place, rule in enumerate(correlation.rules)}
    count = len(places)
    if correlation.nested is None:
        thresholds = correlation.thresholds or (Threshold("gte", count),)
        if correlation.type == "temporal":
            enough = comparison(thresholds)
            return Together(count, lambda bits: enough(bits.bit_count()))
        everything = thresholds in (
            (Threshold("gte", count),),
            (Threshold("eq", count),),
            (Threshold("gt", count - 1),),
        )
        return InOrder(count, [Chain(tuple(range(count)))]) if everything else LongestInOrder(count)
    if correlation.type == "temporal":
        return Together(count, _condition(correlation.nested, places))
    chains = _chains(correlation.nested, places)
    return InOrder(count, list(dict.fromkeys(chains)))


def _condition(node: Node, places: dict[str, int]) -> Callable[[int], bool]:
    match node:
        case And():
            parts = [_condition(each, places) for each in node.of]
            return lambda bits: all(part(bits) for part in parts)
        case Or():
            parts = [_condition(each, places) for each in node.of]
            return lambda bits: any(part(bits) for part in parts)
        case Not():
            part = _condition(node.of, places)
            return lambda bits: not part(bits)
        case Text(pattern=(str(rule),)):
            bit = 1 << places[rule]
            return lambda bits: bool(bits & bit)
    raise ValueError(f"expected a condition over rules, got {node!r}")


def _chains(node: Node, places: dict[str, int]) -> list[Chain]:
    """The alternatives of a condition: which rules, in the order of `rules`, and without which others."""
    found = []
    for literals in _alternatives(node, False):
        wanted = {places[rule] for rule, negated in literals if not negated}
        without = {places[rule] for rule, negated in literals if negated}
        if not wanted & without:
            found.append(Chain(tuple(sorted(wanted)), tuple(sorted(without))))
    if any(not chain.rules for chain in found):
        raise ValueError("expected an ordered condition of rules that occur, got one that holds without any")
    if not found:
        raise ValueError("expected an ordered condition that can hold, got one that contradicts itself")
    return found


_Literals = frozenset[tuple[str, bool]]


def _alternatives(node: Node, negated: bool) -> list[_Literals]:
    """The disjunctive normal form: rules, each perhaps negated."""
    match node:
        case Not():
            return _alternatives(node.of, not negated)
        case Text(pattern=(str(rule),)):
            return [frozenset([(rule, negated)])]
        case And() | Or():
            parts = [_alternatives(each, negated) for each in node.of]
            either = isinstance(node, Or) != negated
            found = [one for part in parts for one in part] if either else _joined(parts)
            return list(dict.fromkeys(found))
    raise ValueError(f"expected a condition over rules, got {node!r}")


def _joined(parts: list[list[_Literals]]) -> list[_Literals]:
    count = 1
    for part in parts:
        count *= len(part)
    if count > MOST_CHAINS:
        raise ValueError(f"expected an ordered condition of at most {MOST_CHAINS} alternatives, got {count}")
    return [frozenset[tuple[str, bool]]().union(*each) for each in product(*parts)]


def _negates(node: Node | None) -> bool:
    match node:
        case Not():
            return True
        case And() | Or():
            return any(_negates(each) for each in node.of)
    return False
