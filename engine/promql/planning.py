"""From the parser's tree to ours. Whatever this engine does not support is refused here, by name, and nowhere else."""

from collections.abc import Mapping

import numpy as np
import promql_parser as ast

from engine.promql.aggregate import AGGREGATIONS, Aggregate, CountValues, Quantile
from engine.promql.calls import plan_call
from engine.promql.choosing import ORDERS, FirstOfEach, LimitRatio
from engine.promql.errors import PromqlError
from engine.promql.fill import Filling
from engine.promql.grouping import NAMELESS, Grouping
from engine.promql.join import Aligner, Cardinality, Matching
from engine.promql.nodes import Map, Node, Number
from engine.promql.operators import (
    ARITHMETIC,
    COMPARISONS,
    Intersection,
    MixedBinary,
    Operator,
    ScalarBinary,
    Union,
    VectorBinary,
)
from engine.promql.parsing import is_scalar, text_of, unwrapped
from engine.promql.selecting import InstantSelector, Ranged, RangeSelector, Subquery
from engine.promql.selectors import Selectors, anchor, milliseconds

DEFAULT_SUBQUERY_STEP_MS = 60_000
"""The step of a subquery that names none: Prometheus' default `evaluation_interval`."""

_MOST_DEPTH = 100


class Planner:
    """Plans one expression; what it looks at is in `selectors` afterwards, and in `moments` how often something in it
    is evaluated for one moment of the whole: once, but for subqueries.
    """

    def __init__(self, bindings: Mapping[str, str] | None, subquery_step_ms: int) -> None:
        self.selectors = Selectors(bindings)
        self._subquery_step_ms = subquery_step_ms
        self._depth = 0
        self._within_ms = 0
        self._moments = self.moments = 1
        self.has_subquery = False

    def plan(self, expr: ast.Expr) -> Node:
        """Raises `PromqlError` naming what is not supported."""
        if self._depth == _MOST_DEPTH:
            raise PromqlError(f"nested more than {_MOST_DEPTH} deep")
        self._depth += 1
        node = self._plan(expr)
        self._depth -= 1
        return node

    def _plan(self, expr: ast.Expr) -> Node:
        match expr:
            case ast.ParenExpr():
                return self.plan(expr.expr)
            case ast.NumberLiteral():
                return Number(expr.val)
            case ast.VectorSelector():
                return InstantSelector(self.selectors.make(expr, None, self._within_ms))
            case ast.UnaryExpr():
                return Map(np.negative, self.plan(expr.expr))
            case ast.BinaryExpr():
                return self._binary(expr)
            case ast.AggregateExpr():
                return self._aggregate(expr)
            case ast.Call():
                return plan_call(self, expr.func.name, expr.args)
        raise PromqlError(f"{type(expr).__name__} is not supported")

    def ranged(self, expr: ast.Expr) -> Ranged:
        """Plans a range selector or a subquery."""
        expr = unwrapped(expr)
        if isinstance(expr, ast.SubqueryExpr):
            return self._subquery(expr)
        assert isinstance(expr, ast.MatrixSelector), "the parser has checked the types"
        return RangeSelector(self.selectors.make(expr.vector_selector, milliseconds(expr.range), self._within_ms))

    def _subquery(self, expr: ast.SubqueryExpr) -> Ranged:
        range_ms, offset_ms = milliseconds(expr.range), milliseconds(expr.offset)
        step_ms = milliseconds(expr.step) or self._subquery_step_ms
        self.has_subquery = True
        around = self._within_ms, self._moments
        self._within_ms += range_ms + max(offset_ms, 0)
        self._moments *= range_ms // step_ms + 1
        self.moments = max(self.moments, self._moments)
        child = self.plan(expr.expr)
        self._within_ms, self._moments = around
        return Subquery(child, range_ms, step_ms, offset_ms, anchor(expr.at))

    def _aggregate(self, expr: ast.AggregateExpr) -> Node:
        name, child = str(expr.op), self.plan(expr.expr)
        grouping = Grouping(by=True, names=())
        if expr.modifier is not None:
            grouping = Grouping(expr.modifier.type == ast.AggModifierType.By, tuple(expr.modifier.labels))
        if name in AGGREGATIONS:
            return Aggregate(AGGREGATIONS[name], grouping, child)
        assert expr.param is not None, "the parser has checked the arguments"
        if name in ORDERS:
            return FirstOfEach(ORDERS[name], self.plan(expr.param), grouping, child)
        match name:
            case "count_values":
                if not (label := text_of(expr.param)):
                    raise PromqlError('invalid label name ""')
                return CountValues(label, grouping, child)
            case "limit_ratio":
                return LimitRatio(self.plan(expr.param), child)
            case "quantile":
                return Quantile(self.plan(expr.param), grouping, child)
        raise PromqlError(f"aggregation {name!r} is not supported")

    def _binary(self, expr: ast.BinaryExpr) -> Node:
        name, left, right = str(expr.op), self.plan(expr.lhs), self.plan(expr.rhs)
        matching = _matching(expr.modifier)
        match name:
            case "and" | "unless":
                return Intersection(Aligner(matching.grouping), name == "and", left, right)
            case "or":
                return Union(Aligner(matching.grouping), left, right)
        operator = _operator(name, expr.modifier)
        match is_scalar(expr.lhs), is_scalar(expr.rhs):
            case True, True:
                return ScalarBinary(operator, left, right)
            case False, True:
                return MixedBinary(operator, left, right, vector_first=True)
            case True, False:
                return MixedBinary(operator, right, left, vector_first=False)
        return VectorBinary(operator, matching, _fillings(expr.modifier, matching.grouping), left, right)


def _operator(name: str, modifier: ast.BinModifier | None) -> Operator:
    if name in COMPARISONS:
        return Operator(COMPARISONS[name], compares=True, filters=modifier is None or not modifier.return_bool)
    if name not in ARITHMETIC:
        raise PromqlError(f"operator {name!r} is not supported")
    return Operator(ARITHMETIC[name], compares=False, filters=False)


def _matching(modifier: ast.BinModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    grouping = NAMELESS
    if modifier.matching is not None:
        by = modifier.matching.type == ast.LabelModifierType.Include
        grouping = Grouping(by, tuple(modifier.matching.labels))
    cardinality: Cardinality = "one-to-one"
    if modifier.card == ast.VectorMatchCardinality.ManyToOne:
        cardinality = "many-to-one"
    elif modifier.card == ast.VectorMatchCardinality.OneToMany:
        cardinality = "one-to-many"
    return Matching(grouping, cardinality, tuple(modifier.group_labels or ()))


def _fillings(modifier: ast.BinModifier | None, grouping: Grouping) -> tuple[Filling | None, Filling | None]:
    """What to put in the place of a missing left and of a missing right element.

    As in Prometheus, `fill_left` is for the many side of group_right too, which stands on the right.
    """
    if modifier is None:
        return None, None
    left, right = modifier.fill_values.lhs, modifier.fill_values.rhs
    if modifier.card == ast.VectorMatchCardinality.OneToMany:
        left, right = right, left
    return (
        None if left is None else Filling(left, Aligner(grouping)),
        None if right is None else Filling(right, Aligner(grouping)),
    )
