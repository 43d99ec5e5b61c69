"""A field with its values, as pySigma's modifiers left them, to a condition.

A placeholder without values could be anything. So that a rule never matches more than it says, a value that waits for
one counts as not met, and below a `not` as met: the rule then matches what it would match whatever the values are.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from sigma import modifiers, types
from sigma.conditions import ConditionAND
from sigma.rule import SigmaDetectionItem

from engine.sigma.documents import Refused
from engine.sigma.logic import ALWAYS, NEVER, all_of, any_of, none_of
from engine.sigma.model import Cidr, Compare, Exists, Keyword, Node, Null, Number, Regexp, SameAs, Text
from engine.sigma.parse_regexp import expression
from engine.sigma.parse_strings import (
    AsParts,
    Parts,
    Piece,
    Placeholders,
    as_regexp,
    inner,
    parts_of,
    pattern,
    quoted,
    regexp_text,
)
from engine.sigma.parse_times import time_part

_ENCODERS = (
    modifiers.SigmaBase64Modifier,
    modifiers.SigmaBase64OffsetModifier,
    modifiers.SigmaWideModifier,
    modifiers.SigmaUTF16Modifier,
    modifiers.SigmaUTF16BEModifier,
)
_Operator = Literal["lt", "lte", "gt", "gte", "neq"]
_OPERATORS: dict[types.CompareOperators, _Operator] = {
    types.CompareOperators.LT: "lt",
    types.CompareOperators.LTE: "lte",
    types.CompareOperators.GT: "gt",
    types.CompareOperators.GTE: "gte",
    types.CompareOperators.NEQ: "neq",
}
_FLAGS = types.SigmaRegularExpression.sigma_to_re_flag


class _Item(NamedTuple):
    """What the values of one field have in common. `waits` is what a value is that waits for a placeholder."""

    field: str
    placeholders: Placeholders
    waits: Node
    cased: bool
    starts: bool
    ends: bool


def item_condition(item: SigmaDetectionItem, placeholders: Placeholders, *, positive: bool) -> Node:
    """The condition of `field|modifiers: values`. `positive`: below an even number of `not`. Raises Refused."""
    used = set(item.modifiers)
    if modifiers.SigmaExpandModifier in used and used.intersection(_ENCODERS):
        raise Refused(
            "expand cannot be used together with an encoding: the placeholder would be encoded, not its values"
        )
    common = _Item(
        item.field or "",
        placeholders,
        NEVER if positive != item.negated else ALWAYS,
        modifiers.SigmaCaseSensitiveModifier in used,
        modifiers.SigmaStartswithModifier in used,
        modifiers.SigmaEndswithModifier in used,
    )
    of = _keyword if item.field is None else _value
    nodes = [of(common, value) for value in item.value or [types.SigmaNull()]]
    linked = all_of(nodes) if item.value_linking is ConditionAND else any_of(nodes)
    return none_of(linked) if item.negated else linked


def _value(item: _Item, value: types.SigmaType) -> Node:
    match value:
        case types.SigmaExpansion():
            return any_of(_value(item, each) for each in value.values)
        case types.SigmaString():
            cased = isinstance(value, types.SigmaCasedString)
            return _filled(item, value.s, lambda parts: Text(item.field, pattern(parts), cased))
        case types.SigmaCompareExpression(number=types.SigmaTimestampPart() as number):
            return time_part(item.field, number, _OPERATORS[value.op])
        case types.SigmaTimestampPart():
            return time_part(item.field, value)
        case types.SigmaCompareExpression():
            return Compare(item.field, _OPERATORS[value.op], value.number.number)
        case types.SigmaNumber():
            return Number(item.field, value.number)
        case types.SigmaBool():
            return Text(item.field, ("true" if value.boolean else "false",))
        case types.SigmaNull():
            return Null(item.field)
        case types.SigmaExists():
            return Exists(item.field, value.exists)
        case types.SigmaCIDRExpression():
            return Cidr(item.field, str(value.network))
        case types.SigmaFieldReference():
            return _reference(item, value)
        case types.SigmaRegularExpression():
            return _regexp(item, value)
    raise Refused(f"a value of the kind {type(value).__name__} cannot be matched in an event")


def _keyword(item: _Item, value: types.SigmaType) -> Node:
    """A value without a field is looked for in all that the event holds."""
    match value:
        case types.SigmaExpansion():
            return any_of(_keyword(item, each) for each in value.values)
        case types.SigmaString():
            return _filled(item, value.s, lambda parts: _found(item, parts))
        case types.SigmaTimestampPart() | types.SigmaCompareExpression():
            raise Refused("expected the name of a field before the modifier")
        case types.SigmaNumber():
            return Keyword((str(value.number),))
        case types.SigmaBool():
            return Keyword(("true" if value.boolean else "false",))
        case types.SigmaRegularExpression():
            return _regexp(item, value)
    raise Refused(
        f"expected a text to look for, or the name of a field, got {type(value).__name__.removeprefix('Sigma')}"
    )


def _found(item: _Item, parts: Parts) -> Node:
    looked_for = inner(pattern(parts))
    if not item.starts and not item.ends:
        return Keyword(looked_for, item.cased)
    flags = "s" if item.cased else "is"
    return Regexp("", expression(as_regexp(looked_for), flags, starts=item.starts, ends=item.ends))


def _regexp(item: _Item, value: types.SigmaRegularExpression) -> Node:
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))

    def made(parts: Parts) -> Node:
        return Regexp(item.field, expression(regexp_text(parts), flags, starts=item.starts, ends=item.ends))

    return _filled(item, value.regexp.s, made, quoted)


def _reference(item: _Item, value: types.SigmaFieldReference) -> Node:
    match value.starts_with, value.ends_with:
        case True, True:
            return SameAs(item.field, value.field, "contains", item.cased)
        case True, False:
            return SameAs(item.field, value.field, "startswith", item.cased)
        case False, True:
            return SameAs(item.field, value.field, "endswith", item.cased)
    return SameAs(item.field, value.field, "equals", item.cased)


def _filled(item: _Item, pieces: Sequence[Piece], made: Callable[[Parts], Node], value: AsParts = parts_of) -> Node:
    """One of what is made of each way to fill in the placeholders."""
    nodes = [made(parts) for parts in item.placeholders.filled(pieces, value)]
    return any_of(nodes) if nodes else item.waits
