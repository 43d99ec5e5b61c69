"""What a condition says of an event, evaluated as it is read: the oracle for the compiled matcher.

Nothing here is fast, prepared or shared with `engine.sigma.matcher`; where the two differ, this one is to be believed
unless it can be shown to be wrong from the docstrings of `engine.sigma.model`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from engine.sigma import model
from engine.sigma.fields import MISSING, get
from schemas.regexp import compile_regexp

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Data = Mapping[str, Any]


def covers(wanted: model.LogSource, event: model.LogSource) -> bool:
    """Whether a rule for one log source is tried on the events of another."""
    return (
        wanted.product in ("", event.product)
        and (wanted.category in ("", event.category) or _is_part(event.category, wanted.category))
        and wanted.service in ("", event.service)
    )


def _is_part(category: str, whole: str) -> bool:
    return whole == "registry_event" and category in (
        "registry_add",
        "registry_delete",
        "registry_rename",
        "registry_set",
    )


def holds(node: model.Node, data: Data) -> bool:
    """Whether the condition is true of the event."""
    match node:
        case model.And():
            return all(holds(each, data) for each in node.of)
        case model.Or():
            return any(holds(each, data) for each in node.of)
        case model.Not():
            return not holds(node.of, data)
        case model.Text():
            return any(_fits(node.pattern, text, node.cased, whole=True) for text in texts(data, node.field))
        case model.Keyword():
            return any(_fits(node.pattern, text, node.cased, whole=False) for text in texts(data, ""))
        case model.Number():
            return any(found == node.value for found in _numbers(data, node.field))
        case model.Compare():
            return any(_compares(found, node.op, node.value) for found in _numbers(data, node.field))
        case model.Regexp():
            return any(_finds(node.expression, text) for text in texts(data, node.field))
        case model.Cidr():
            return any(_within(text, node.network) for text in texts(data, node.field))
        case model.SameAs():
            return any(
                _related(one, node.how, other, node.cased)
                for one in texts(data, node.field)
                for other in texts(data, node.other)
            )
        case model.Exists():
            return (get(data, node.field) is not MISSING) == node.present
        case model.Null():
            value = get(data, node.field)
            return value is MISSING or None in _items(value)
        case model.TimePart():
            moments = map(_moment, _items(get(data, node.field)))
            return any(_part(moment, node.part) == node.value for moment in moments if moment)


def texts(data: Data, field: str) -> list[str]:
    """The values of a field as texts, or with no field all values of the event."""
    found = _everything(data) if not field else _items(get(data, field))
    return [text for value in found if (text := _text(value)) is not None]


def _everything(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _everything(inner)
    else:
        yield value


def _items(value: Any) -> list[Any]:
    """Of a list, what is in it, however deep; of anything else, itself."""
    if isinstance(value, list):
        return [inner for item in value for inner in _items(item)]
    return [value]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _fits(pattern: model.Pattern, text: str, cased: bool, *, whole: bool) -> bool:
    expression = _as_expression(pattern, cased)
    text = text if cased else text.lower()
    return bool(expression.fullmatch(text) if whole else expression.search(text))


@lru_cache(maxsize=100_000)
def _as_expression(pattern: model.Pattern, cased: bool) -> re.Pattern[str]:
    wildcards = {model.MANY: ".*", model.ONE: "."}
    parts = [
        re.escape(part if cased else part.lower()) if isinstance(part, str) else wildcards[part] for part in pattern
    ]
    return re.compile("".join(parts), re.DOTALL)


def _numbers(data: Data, field: str) -> list[int | float]:
    return [number for value in _items(get(data, field)) if (number := _number(value)) is not None]


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    return float(value) if re.search("[.eE]", value) else int(value)


def _compares(found: float, op: str, value: float) -> bool:
    match op:
        case "lt":
            return found < value
        case "lte":
            return found <= value
        case "gt":
            return found > value
        case "gte":
            return found >= value
    return found != value


def _finds(expression: str, text: str) -> bool:
    return compile_regexp(expression, dot_all=False).occurs(text)


def _within(text: str, network: str) -> bool:
    try:
        return ip_address(text) in ip_network(network)
    except ValueError:
        return False


def _related(one: str, how: str, other: str, cased: bool) -> bool:
    if not cased:
        one, other = one.lower(), other.lower()
    match how:
        case "startswith":
            return one.startswith(other)
        case "endswith":
            return one.endswith(other)
        case "contains":
            return other in one
    return one == other


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(re.sub(r"\.\d+", "", value.upper())).astimezone(UTC)
        seconds = _number(value)
        return None if seconds is None or seconds < 0 else datetime.fromtimestamp(seconds // 1, UTC)
    except (ValueError, OverflowError):
        return None


def _part(moment: datetime, part: str) -> int:
    if part == "week":
        return moment.isocalendar().week
    found: int = getattr(moment, part)
    return found
