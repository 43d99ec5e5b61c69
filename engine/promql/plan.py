"""The expression of a rule, planned once: what it looks at, what it can yield, and its value at a moment."""

import re
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import promql_parser as ast

from engine.promql.errors import PromqlError
from engine.promql.freshness import Freshness, freshness
from engine.promql.moment import MOST_SAMPLES, Evaluation, Moment
from engine.promql.nodes import LabelNames
from engine.promql.parsing import parse, unwrapped
from engine.promql.planning import DEFAULT_SUBQUERY_STEP_MS, Planner
from engine.promql.selector import Selector
from engine.promql.store import Store
from engine.promql.vector import Vector, single

_CLOCKS = re.compile(r"\b(time|timestamp|minute|hour|day_of_(week|month|year)|days_in_month|month|year)\s*\(")


class Plan:
    """A planned expression. It keeps no data, only what saves work: any store can be asked at any time.

    Raises `PromqlError` naming what is not supported, such as a result that is a string or a range vector.
    """

    def __init__(
        self,
        text: str,
        tree: ast.Expr,
        bindings: Mapping[str, str] | None = None,
        subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS,
    ) -> None:
        match unwrapped(tree):
            case ast.MatrixSelector() | ast.SubqueryExpr():
                raise PromqlError("a range vector is not supported as a result, only as the argument of a function")
            case ast.StringLiteral():
                raise PromqlError("a string is not supported as a result")
        planner = Planner(bindings, subquery_step_ms)
        self.text = text
        self._tree = tree
        self._subquery_step_ms = subquery_step_ms
        self._root = planner.plan(tree)
        self._has_subquery = planner.has_subquery
        self.selectors: tuple[Selector, ...] = tuple(dict.fromkeys(planner.selectors.met))
        self.placeholders: frozenset[str] = frozenset(planner.selectors.placeholders)
        self.parameters: frozenset[str] = frozenset(planner.selectors.parameters)

    @property
    def _open(self) -> frozenset[str]:
        return self.placeholders | self.parameters

    @cached_property
    def output_labels(self) -> LabelNames:
        """Every label name that a result can have, as far as the expression says; None where any may occur."""
        return self._root.output_labels

    @property
    def asks_the_time(self) -> bool:
        """Whether its value may change by the clock alone, even where it selects no series; a subquery may, by how
        many moments it has.
        """
        return self._has_subquery or _CLOCKS.search(self.text) is not None

    def sees_nothing(self, store: Store, time_ms: int) -> bool:
        """Whether no series that it selects has a sample where it looks, nor later: until one comes its value stays
        as it is, unless it asks the time.
        """
        return not any(
            selector.anchor is not None or store.select(selector.matchers).was_seen_after(time_ms - selector.window_ms)
            for selector in self.selectors
        )

    def bind(self, labels: Mapping[str, str]) -> "Plan":
        """The plan with each placeholder replaced by the value of that label, or parameter.

        Raises `PromqlError` when a label is missing. Values are put into the parsed tree, so they can hold anything.
        """
        return Plan(self.text, self._tree, labels, self._subquery_step_ms) if self._open else self

    def evaluate(self, store: Store, time_ms: int, most_samples: int = MOST_SAMPLES) -> Vector:
        """The instant value; a scalar is one element without labels. Elements come in an order that only the labels
        decide, unless the expression puts them in another.

        Raises `PromqlError` where the data leave no result, such as many-to-many matching, and where more than
        `most_samples` would have to be looked at.
        """
        assert not self._open, f"placeholders are not bound: {sorted(self._open)}"
        with np.errstate(all="ignore"):
            value = self._root.evaluate(Moment(Evaluation(store, time_ms, time_ms, samples_left=most_samples), time_ms))
        return value if isinstance(value, Vector) else single(value)

    def freshness(self, store: Store, time_ms: int) -> Freshness:
        """Over the series with a newest sample that is within the lookback and not a staleness marker."""
        assert not self._open, f"placeholders are not bound: {sorted(self._open)}"
        return freshness(store, self.selectors, time_ms)


def compile_expr(text: str, *, subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS) -> Plan:
    """`subquery_step_ms` is the step of subqueries that name none: in Prometheus, its `evaluation_interval`.

    Raises `PromqlError`: the parse error, or what is not supported.
    """
    tree = parse(text)
    try:
        return Plan(text, tree, subquery_step_ms=subquery_step_ms)
    except ValueError as error:  # such as a time that no calendar has
        raise PromqlError(str(error)) from error
