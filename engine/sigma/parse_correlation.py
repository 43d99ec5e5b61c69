"""A `correlation:` document: what it says by itself. `type: absence` is ours, all else is Sigma's."""

import math
from typing import Any, Literal, get_args

from sigma.correlations import SigmaCorrelationTimespan
from sigma.exceptions import SigmaTimespanError

from engine.sigma.documents import Refused
from engine.sigma.model import CorrelationType, Node, Text, Threshold
from engine.sigma.parse_about import about, identity, name
from engine.sigma.parse_condition import condition_of
from engine.sigma.parts import Correlated

_TYPES: dict[str, CorrelationType] = {each: each for each in get_args(CorrelationType)}
_TEMPORAL = frozenset({"temporal", "temporal_ordered"})
_OPERATORS: tuple[Literal["gt", "gte", "lt", "lte", "eq", "neq"], ...] = ("gt", "gte", "lt", "lte", "eq", "neq")
_KNOWN = frozenset({"type", "rules", "generate", "group-by", "timespan", "aliases", "condition"})


def correlated(content: dict[str, Any], line: int) -> Correlated:
    """Raises Refused."""
    given = content["correlation"]
    try:
        said = _mapping(given)
        kind = _type(said)
        conditions = _Conditions(kind, said.get("condition"))
        rules = _rules(said, conditions)
        return Correlated(
            line=line,
            id=identity(content),
            name=name(content),
            about=about(content),
            type=kind,
            rules=rules,
            timespan_ms=_timespan_ms(said),
            group_by=_texts(said, "group-by"),
            aliases=_aliases(said),
            thresholds=conditions.thresholds or _all_of_them(kind, conditions, rules),
            fields=conditions.fields,
            percentile=conditions.percentile,
            nested=conditions.nested,
            generate=_generate(said.get("generate", content.get("generate", False))),
        )
    except Refused as refused:
        own = refused.field[:1] in {("title",), ("level",), ("status",), ("id",), ("name",)}
        raise refused if own else refused.below("correlation") from refused


def _mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refused("expected a mapping with type, rules and timespan")
    for field in given:
        if field not in _KNOWN:
            raise Refused(f"expected only {', '.join(sorted(_KNOWN))}, got {field!r}")
    return given


def _type(said: dict[str, Any]) -> CorrelationType:
    given = said.get("type")
    if not isinstance(given, str) or given not in _TYPES:
        raise Refused(f"expected one of {', '.join(_TYPES)}, got {given!r}", ("type",))
    return _TYPES[given]


def _timespan_ms(said: dict[str, Any]) -> int:
    given: Any = said.get("timespan")
    try:
        return SigmaCorrelationTimespan(given).seconds * 1000
    except SigmaTimespanError:
        raise Refused(
            f"expected a number with one of s m h d w M y, such as 5m, got {given!r}", ("timespan",)
        ) from None


def _texts(said: dict[str, Any], field: str) -> tuple[str, ...]:
    given = said.get(field)
    each = given if isinstance(given, list) else [] if given is None else [given]
    for position, text in enumerate(each):
        if not isinstance(text, str) or not text:
            raise Refused(f"expected a text, got {text!r}", (field, position) if isinstance(given, list) else (field,))
    return tuple(each)


def _aliases(said: dict[str, Any]) -> dict[str, dict[str, str]]:
    given = said.get("aliases") or {}
    if not isinstance(given, dict):
        raise Refused("expected names, and for each the field of every rule", ("aliases",))
    for alias, fields in given.items():
        if not isinstance(fields, dict) or not all(isinstance(part, str) for pair in fields.items() for part in pair):
            raise Refused("expected the field of every rule, by the name or id of the rule", ("aliases", alias))
    return {str(alias): dict(fields) for alias, fields in given.items()}


def _generate(given: Any) -> bool:
    if not isinstance(given, bool):
        raise Refused(f"expected true or false, got {given!r}", ("generate",))
    return given


def _rules(said: dict[str, Any], conditions: "_Conditions") -> tuple[str, ...]:
    named = tuple(conditions.names)
    rules = _texts(said, "rules") or named
    if not rules:
        raise Refused("expected the names or ids of rules", ("rules",))
    if conditions.nested is not None and set(rules) != set(named):
        other = ", ".join(sorted(set(rules) ^ set(named)))
        raise Refused(
            f"expected the condition to name all of the rules, and no other; not so with {other}", ("condition",)
        )
    return tuple(dict.fromkeys(rules))


def _all_of_them(kind: str, conditions: "_Conditions", rules: tuple[str, ...]) -> tuple[Threshold, ...]:
    """A temporal correlation without a condition is of all its rules."""
    return (Threshold("gte", len(rules)),) if kind in _TEMPORAL and conditions.nested is None else ()


class _Conditions:
    """What `condition:` says: comparisons, of what, or an expression over the rules."""

    def __init__(self, kind: str, given: Any) -> None:
        self.thresholds: tuple[Threshold, ...] = ()
        self.fields: tuple[str, ...] = ()
        self.percentile = 50.0
        self.nested: Node | None = None
        self.names: dict[str, None] = {}
        try:
            self._read(kind, given)
        except Refused as refused:
            raise refused.below("condition") from refused

    def _read(self, kind: str, given: Any) -> None:
        if kind == "absence":
            if given is not None:
                raise Refused("absence has no condition: it is that nothing came for the timespan")
        elif isinstance(given, str) and kind in _TEMPORAL:
            self.nested = condition_of(given, self._rule)
        elif isinstance(given, dict):
            self._comparisons(kind, given)
        elif given is not None or kind not in _TEMPORAL:
            raise Refused(f"expected a comparison such as gte: 10, got {given!r}")

    def _rule(self, rule: str, positive: bool) -> Node:
        del positive
        self.names[rule] = None
        return Text("", (rule,))

    def _comparisons(self, kind: str, given: dict[str, Any]) -> None:
        for field in given:
            if field not in (*_OPERATORS, "field", "percentile"):
                raise Refused(f"expected {', '.join(_OPERATORS)}, field or percentile, got {field!r}")
        self.thresholds = tuple(Threshold(op, _number(given, op)) for op in _OPERATORS if op in given)
        if not self.thresholds:
            raise Refused(f"expected one of {', '.join(_OPERATORS)}")
        self.fields = _texts(given, "field")
        if kind.startswith("value_") != bool(self.fields):
            raise Refused(f"{kind} needs a field" if not self.fields else f"{kind} takes no field", ("field",))
        if "percentile" in given:
            self.percentile = float(_number(given, "percentile"))
            if kind != "value_percentile" or not 0 <= self.percentile <= 100:
                raise Refused("expected a number from 0 to 100, with value_percentile only", ("percentile",))


def _number(given: dict[str, Any], field: str) -> int | float:
    value = given[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"expected a number, got {value!r}", (field,))
    return value
