"""The kinds of field that a unit-test file has: each reads the text of one value or says what it expected.

Which fields there are is `model`'s.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator

from engine.rulefile.messages import suggestion
from engine.ruletest import notation
from schemas.labels import Labels
from schemas.reasons import Reason
from schemas.wording import shown

T = TypeVar("T")

_MOST = 100_000
"""Repetitions of an event."""


def _of_text(parse: Callable[[str], T]) -> PlainValidator:
    """Read a field with `parse`, which raises ValueError."""

    def validate(value: Any) -> T:
        if not isinstance(value, str):
            raise ValueError(f"expected text, got {shown(value)}")
        return parse(value)

    return PlainValidator(validate)


def _number(text: str) -> float:
    try:
        # YAML writes `.inf` and `.nan` where Go writes `Inf` and `NaN`.
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise ValueError(f"expected a number, got {shown(text)}") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise ValueError(f"expected a whole number from 1 to {_MOST}, got {shown(text)}")
    return int(text)


def _timestamp_ms(text: str) -> int:
    """A Unix time in seconds, or RFC 3339."""
    try:
        return round(float(text) * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a Unix time or RFC 3339, got {shown(text)}") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _reason(text: str) -> Reason:
    if text not in Reason.__members__:
        raise ValueError(f"there is no reason {shown(text)}, {suggestion(text, Reason.__members__)}")
    return Reason(text)


def _no_repeats(names: list[str]) -> list[str]:
    if again := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{shown(again)} stands in it twice")
    return names


Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Texts = dict[str, Text]
Series = Annotated[Labels, _of_text(notation.series)]
Metric = Annotated[Labels, _of_text(notation.metric)]
Values = Annotated[notation.Values, _of_text(notation.values)]
Number = Annotated[float, _of_text(_number)]
Count = Annotated[int, _of_text(_count)]
Timestamp = Annotated[int, _of_text(_timestamp_ms)]
NamedReason = Annotated[Reason, _of_text(_reason)]
DistinctNames = Annotated[list[str], AfterValidator(_no_repeats)]
