"""Queries that people ask: the answer can be of any type, at a moment or over a range, and says what was remarkable."""

from typing import Protocol

import numpy as np
import promql_parser as ast

from engine.promql.errors import PromqlError
from engine.promql.moment import MOST_SAMPLES, Evaluation, Moment
from engine.promql.nodes import Node
from engine.promql.parsing import parse, text_of, unwrapped
from engine.promql.planning import DEFAULT_SUBQUERY_STEP_MS, Planner
from engine.promql.results import Answer, Value, matrix, type_of
from engine.promql.selecting import Ranged
from engine.promql.selector import Selector
from engine.promql.stacking import stacked
from engine.promql.store import Store
from engine.promql.vector import Vector, single

MOST_STEPS = 11_000
"""A range query with more steps after its first moment is refused, as Prometheus does."""


class _Asked(Protocol):
    """What stands at the root of a query."""

    def answer(self, moment: Moment, /) -> Value: ...


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def answer(self, _: Moment) -> Value:
        return self._text


class _Samples:
    def __init__(self, ranged: Ranged) -> None:
        self._ranged = ranged

    def answer(self, moment: Moment) -> Value:
        return matrix(*self._ranged.window(moment))


class _Values:
    def __init__(self, node: Node) -> None:
        self._node = node

    def answer(self, moment: Moment) -> Value:
        value = self._node.evaluate(moment)
        return value.settled() if isinstance(value, Vector) else value


class Query:
    """A planned query; it keeps no data. For one moment of it something in it is evaluated `moments` times.

    With `delayed_name_removal` (Prometheus' feature flag `promql-delayed-name-removal`) metric names are dropped from
    the result of the whole expression only, so that functions on the way still see them.
    """

    def __init__(self, text: str, subquery_step_ms: int, delayed_name_removal: bool) -> None:
        planner = Planner(None, subquery_step_ms)
        self._asked = _plan(planner, parse(text))
        self._delayed_name_removal = delayed_name_removal
        self.moments = planner.moments
        self.selectors: tuple[Selector, ...] = tuple(dict.fromkeys(planner.selectors.met))
        if planner.selectors.placeholders or planner.selectors.parameters:
            raise PromqlError("a query cannot have placeholders for labels")

    @property
    def has_instant_value(self) -> bool:
        """Whether it can be asked over a range: it is neither a range of samples nor a text."""
        return isinstance(self._asked, _Values)

    def instant(self, store: Store, time_ms: int, most_samples: int = MOST_SAMPLES) -> Answer:
        """Raises `PromqlError` where the data leave no result, or more than `most_samples` would be looked at."""
        evaluation = Evaluation(store, time_ms, time_ms, 0, self._delayed_name_removal, {}, most_samples)
        with np.errstate(all="ignore"):
            value = self._asked.answer(Moment(evaluation, time_ms))
        return Answer(type_of(value), value, tuple(evaluation.notes or ()))

    def over(self, store: Store, start_ms: int, end_ms: int, step_ms: int, most_samples: int = MOST_SAMPLES) -> Answer:
        """The values at `start_ms`, `start_ms + step_ms` … up to `end_ms`, as a matrix.

        Raises `PromqlError` where the data leave no result, where the query has no instant value, and where more than
        `most_samples` would be looked at.
        """
        times_ms = range(start_ms, end_ms + 1, step_ms)
        if len(times_ms) > MOST_STEPS + 1:
            raise PromqlError(f"exceeded maximum resolution of {MOST_STEPS:,} points per timeseries")
        evaluation = Evaluation(store, start_ms, end_ms, step_ms, self._delayed_name_removal, {}, most_samples)
        with np.errstate(all="ignore"):
            vectors = [self._vector_at(evaluation, time_ms) for time_ms in times_ms]
        index, window = stacked(evaluation, times_ms, vectors, start_ms - 1, end_ms)
        return Answer("matrix", matrix(index, window), tuple(evaluation.notes or ()))

    def _vector_at(self, evaluation: Evaluation, time_ms: int) -> Vector:
        value = self._asked.answer(Moment(evaluation, time_ms))
        if isinstance(value, float):
            return single(value)
        if isinstance(value, Vector):
            return value
        raise PromqlError("invalid expression type for range query, must be Scalar or instant Vector")


def _plan(planner: Planner, tree: ast.Expr) -> _Asked:
    match unwrapped(tree):
        case ast.StringLiteral():
            return _Text(text_of(tree))
        case ast.MatrixSelector() | ast.SubqueryExpr():
            return _Samples(planner.ranged(tree))
    return _Values(planner.plan(tree))


def compile_query(
    text: str, *, subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS, delayed_name_removal: bool = False
) -> Query:
    """`subquery_step_ms` is the step of subqueries that name none: in Prometheus, its `evaluation_interval`.

    Raises `PromqlError`: the parse error, or what is not supported.
    """
    return Query(text, subquery_step_ms, delayed_name_removal)
