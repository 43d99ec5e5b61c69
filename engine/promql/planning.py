"""From the parser's tree to ours. Whatever this engine does not support is refused here, by name, and nowhere else."""

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np
import promql_parser as ast

from engine.promql.aggregate import AGGREGATIONS, Aggregate
from engine.promql.errors import PromqlError
from engine.promql.functions import ELEMENT_FUNCTIONS
from engine.promql.index import NAMELESS, Grouping
from engine.promql.join import Aligner, Cardinality, Matching
from engine.promql.nodes import (
    Absent,
    Clamp,
    InstantSelector,
    Map,
    Node,
    Number,
    RangeCall,
    RangeSelector,
    Time,
    ToScalar,
    ToVector,
)
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
from engine.promql.range_functions import RANGE_FUNCTIONS
from engine.promql.regexp import compile_regexp
from engine.promql.selector import Matcher, MatchOperator, Selector
from schemas.labels import METRIC_NAME, Labels, canonical

_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`([^`]*)`|#[^\n]*', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")
_MATCH_OPERATORS: tuple[tuple[ast.MatchOp, MatchOperator], ...] = (
    (ast.MatchOp.Equal, "="),
    (ast.MatchOp.NotEqual, "!="),
    (ast.MatchOp.Re, "=~"),
    (ast.MatchOp.NotRe, "!~"),
)


# The parser and the evaluation recurse; an expression that would exhaust their stacks is refused instead.
_NESTING = "(+-*/%^<>=!"
_MOST_NESTING = 2000
_MOST_DEPTH = 100


def parse(text: str) -> ast.Expr:
    """The parser's tree. Raises `PromqlError` with the parser's message."""
    if sum(map(text.count, _NESTING)) > _MOST_NESTING:
        raise PromqlError(f"more than {_MOST_NESTING} operators and parentheses")
    try:
        return ast.parse(_STRING_OR_COMMENT.sub(_quoted, text))
    except ValueError as error:
        raise PromqlError(f"parse error: {error}") from error


def _quoted(token: re.Match[str]) -> str:
    """A raw string as a quoted one: the parser wrongly looks for escapes in raw ones."""
    if token[1] is None:
        return token[0]
    escaped = token[1].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class Planner:
    """Plans one expression. What it met on the way is in `selectors` and `placeholders` afterwards.

    `bindings` are the values of placeholders; without them placeholders stay open and the plan cannot be evaluated.
    """

    def __init__(self, bindings: Mapping[str, str] | None) -> None:
        self.selectors: list[Selector] = []
        self.placeholders: set[str] = set()
        self._bindings = bindings
        self._depth = 0

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
                return InstantSelector(self._selector(expr, None))
            case ast.UnaryExpr():
                return Map(np.negative, self.plan(expr.expr))
            case ast.BinaryExpr():
                return self._binary(expr)
            case ast.AggregateExpr():
                return self._aggregate(expr)
            case ast.Call():
                return self._call(expr)
            case ast.MatrixSelector():
                raise PromqlError("a range vector is not supported as a result, only as the argument of a function")
            case ast.StringLiteral():
                raise PromqlError("a string is not supported as a result")
            case ast.SubqueryExpr():
                raise PromqlError("subqueries are not supported")
        raise PromqlError(f"{type(expr).__name__} is not supported")

    def _selector(self, expr: ast.VectorSelector, range_ms: int | None) -> Selector:
        if expr.at is not None:
            raise PromqlError('the modifier "@" is not supported')
        if expr.matchers.or_matchers:
            raise PromqlError('"or" between matchers is not supported')
        matchers = [] if expr.name is None else [Matcher("=", METRIC_NAME, expr.name)]
        matchers += [matcher for each in expr.matchers.matchers if (matcher := self._matcher(each))]
        offset_ms = 0 if expr.offset is None else round(expr.offset.total_seconds() * 1000)
        selector = Selector(tuple(matchers), range_ms, offset_ms)
        self.selectors.append(selector)
        return selector

    def _matcher(self, matcher: ast.Matcher) -> Matcher | None:
        """None for a placeholder that is not bound yet: anything may come to stand there."""
        op = next(op for theirs, op in _MATCH_OPERATORS if theirs == matcher.op)
        if op in ("=~", "!~"):
            compile_regexp(matcher.value)  # so that what is wrong with it is found here, not on the first series
        if "{{" not in matcher.value:
            return Matcher(op, matcher.name, matcher.value)
        placeholder = _PLACEHOLDER.fullmatch(matcher.value)
        if placeholder is None or op not in ("=", "!="):
            raise PromqlError(
                f"{matcher.name}{op}{matcher.value!r}: a placeholder must be {{{{ $labels.<name> }}}} "
                "and the whole value of an = or != matcher"
            )
        return self._bound(op, matcher.name, placeholder[1])

    def _bound(self, op: MatchOperator, name: str, label: str) -> Matcher | None:
        if self._bindings is None:
            self.placeholders.add(label)
            return None
        if label not in self._bindings:
            raise PromqlError(f"there is no label {label!r} to put in the place of {{{{ $labels.{label} }}}}")
        return Matcher(op, name, self._bindings[label])

    def _range_selector(self, expr: ast.Expr) -> RangeSelector:
        expr = _unwrapped(expr)
        if isinstance(expr, ast.SubqueryExpr):
            raise PromqlError("subqueries are not supported")
        assert isinstance(expr, ast.MatrixSelector), "the parser has checked the types"
        return RangeSelector(self._selector(expr.vector_selector, round(expr.range.total_seconds() * 1000)))

    def _call(self, call: ast.Call) -> Node:
        name, args = call.func.name, call.args
        if name in RANGE_FUNCTIONS:
            ranges = [self._range_selector(arg) for arg in args if not _is_scalar(arg)]
            return RangeCall(RANGE_FUNCTIONS[name], ranges[0], tuple(self.plan(arg) for arg in args if _is_scalar(arg)))
        if name in ELEMENT_FUNCTIONS:
            child, *scalars = (self.plan(arg) for arg in args)
            return Map(ELEMENT_FUNCTIONS[name], child, tuple(scalars))
        match name:
            case "absent":
                child = self.plan(args[0])
                return Absent(child, _demanded(child.selector.matchers if isinstance(child, InstantSelector) else ()))
            case "absent_over_time":
                ranged = self._range_selector(args[0])
                return Absent(
                    RangeCall(RANGE_FUNCTIONS["present_over_time"], ranged, ()), _demanded(ranged.selector.matchers)
                )
            case "clamp":
                return Clamp(*(self.plan(arg) for arg in args))
            case "pi":
                return Number(math.pi)
            case "scalar":
                return ToScalar(self.plan(args[0]))
            case "time":
                return Time()
            case "vector":
                return ToVector(self.plan(args[0]))
        raise PromqlError(f"function {name!r} is not supported")

    def _aggregate(self, expr: ast.AggregateExpr) -> Node:
        name = str(expr.op)
        if name not in AGGREGATIONS:
            raise PromqlError(f"aggregation {name!r} is not supported")
        grouping = Grouping(by=True, names=())
        if expr.modifier is not None:
            grouping = Grouping(expr.modifier.type == ast.AggModifierType.By, tuple(expr.modifier.labels))
        return Aggregate(AGGREGATIONS[name], grouping, self.plan(expr.expr))

    def _binary(self, expr: ast.BinaryExpr) -> Node:
        name, left, right = str(expr.op), self.plan(expr.lhs), self.plan(expr.rhs)
        matching = _matching(expr.modifier)
        match name:
            case "and" | "unless":
                return Intersection(Aligner(matching.grouping), name == "and", left, right)
            case "or":
                return Union(Aligner(matching.grouping), left, right)
        operator = _operator(name, expr.modifier)
        match _is_scalar(expr.lhs), _is_scalar(expr.rhs):
            case True, True:
                return ScalarBinary(operator, left, right)
            case False, True:
                return MixedBinary(operator, left, right, vector_first=True)
            case True, False:
                return MixedBinary(operator, right, left, vector_first=False)
        return VectorBinary(operator, matching, left, right)


def _operator(name: str, modifier: ast.BinModifier | None) -> Operator:
    if name in COMPARISONS:
        return Operator(COMPARISONS[name], filters=modifier is None or not modifier.return_bool)
    if name not in ARITHMETIC:
        raise PromqlError(f"operator {name!r} is not supported")
    return Operator(ARITHMETIC[name], filters=False)


def _matching(modifier: ast.BinModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise PromqlError('the modifier "fill" is not supported')
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


def _demanded(matchers: Iterable[Matcher]) -> Labels:
    """The labels of `absent`: what the selector demands of each label, unless it says several things about one."""
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in matchers:
        if matcher.op == "=" and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    labels.pop(METRIC_NAME, None)
    return canonical(labels)


def _unwrapped(expr: ast.Expr) -> ast.Expr:
    while isinstance(expr, ast.ParenExpr):
        expr = expr.expr
    return expr


def _is_scalar(expr: ast.Expr) -> bool:
    match _unwrapped(expr):
        case ast.NumberLiteral():
            return True
        case ast.UnaryExpr(expr=inner):
            return _is_scalar(inner)
        case ast.BinaryExpr(lhs=left, rhs=right):
            return _is_scalar(left) and _is_scalar(right)
        case ast.Call(func=function):
            return bool(function.return_type == ast.ValueType.Scalar)
    return False
