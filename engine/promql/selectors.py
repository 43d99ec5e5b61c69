"""From the parser's selectors to ours: matchers, placeholders for label values, `offset` and `@`."""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

import promql_parser as ast

from engine.promql.errors import PromqlError
from engine.promql.regexp import compile_regexp
from engine.promql.selector import Anchor, Matcher, MatchOperator, Selector
from schemas.labels import METRIC_NAME, Labels, canonical

_PLACEHOLDER = re.compile(r"\{\{\s*\$(labels|params)\.([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")
_MATCH_OPERATORS: tuple[tuple[ast.MatchOp, MatchOperator], ...] = (
    (ast.MatchOp.Equal, "="),
    (ast.MatchOp.NotEqual, "!="),
    (ast.MatchOp.Re, "=~"),
    (ast.MatchOp.NotRe, "!~"),
)


class Selectors:
    """Makes the selectors of one expression; all that were met, and their `placeholders`, are known afterwards, and as
    `parameters` the placeholders for what a playbook is run with.

    `bindings` are the values of placeholders; without them placeholders stay open and the plan cannot be evaluated.
    """

    def __init__(self, bindings: Mapping[str, str] | None) -> None:
        self.met: list[Selector] = []
        self.placeholders: set[str] = set()
        self.parameters: set[str] = set()
        self._bindings = bindings

    def make(self, expr: ast.VectorSelector, range_ms: int | None, within_ms: int) -> Selector:
        """Raises `PromqlError` naming what is not supported."""
        if expr.matchers.or_matchers:
            raise PromqlError('"or" between matchers is not supported')
        matchers = [] if expr.name is None else [Matcher("=", METRIC_NAME, expr.name)]
        matchers += [matcher for each in expr.matchers.matchers if (matcher := self._matcher(each))]
        selector = Selector(tuple(matchers), range_ms, milliseconds(expr.offset), anchor(expr.at), within_ms)
        self.met.append(selector)
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
                f"{matcher.name}{op}{matcher.value!r}: a placeholder must be {{{{ $labels.<name> }}}}, or in a "
                "playbook {{ $params.<name> }}, and the whole value of an = or != matcher"
            )
        return self._bound(op, matcher.name, str(placeholder[1]), str(placeholder[2]))

    def _bound(self, op: MatchOperator, name: str, kind: str, label: str) -> Matcher | None:
        if self._bindings is None:
            (self.placeholders if kind == "labels" else self.parameters).add(label)
            return None
        if label not in self._bindings:
            what = "label" if kind == "labels" else "parameter"
            raise PromqlError(f"there is no {what} {label!r} to put in the place of {{{{ ${kind}.{label} }}}}")
        return Matcher(op, name, self._bindings[label])


class Duration(Protocol):
    """As the parser has it: a `timedelta`."""

    def total_seconds(self) -> float: ...


def milliseconds(duration: Duration | None) -> int:
    """0 for none."""
    return 0 if duration is None else round(duration.total_seconds() * 1000)


def anchor(at: ast.AtModifier | None) -> Anchor:
    """What `@` says. Raises `PromqlError` for a time that cannot be told."""
    if at is None:
        return None
    if at.type == ast.AtModifierType.Start:
        return "start"
    if at.type == ast.AtModifierType.End:
        return "end"
    try:
        assert at.at is not None
        return round(at.at.timestamp() * 1000)
    except OverflowError as error:
        raise PromqlError('the modifier "@" with a time that far away is not supported') from error


def demanded(matchers: Iterable[Matcher]) -> Labels:
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
