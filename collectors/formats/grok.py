"""Patterns as grok writes them: `%{IP:source.ip} took %{NUMBER:event.duration}`, over RE2, so in linear time."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from collectors.formats.model import Fields
from schemas.regexp import compile_regexp

_PLACE = re.compile(r"%\{([^}:]*)(?::([^}:]*))?(?::([^}]*))?\}")

_V4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
_V6 = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:%[0-9A-Za-z]+)?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''

PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "BASE16NUM": r"(?:0[xX])?[0-9A-Fa-f]+",
        "DATA": r".*?",
        "EMAILADDRESS": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+",
        "GREEDYDATA": r".*",
        "HOSTNAME": r"[0-9A-Za-z_](?:[0-9A-Za-z_.-]{0,252}[0-9A-Za-z_])?",
        "HTTPDATE": r"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}",
        "INT": r"[+-]?[0-9]+",
        "IP": f"{_V6}|{_V4}",
        "IPORHOST": rf"{_V6}|{_V4}|[0-9A-Za-z_](?:[0-9A-Za-z_.-]{{0,252}}[0-9A-Za-z_])?",
        "LOGLEVEL": r"(?i:trace|debug|info|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|alert|fatal|emerg(?:ency)?)",
        "MAC": r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}",
        "NOTSPACE": r"\S+",
        "NUMBER": r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)",
        "PATH": r"/[^\s]*",
        "POSINT": r"[1-9][0-9]*",
        "QUOTEDSTRING": _QUOTED,
        "SPACE": r"\s*",
        "SYSLOGTIMESTAMP": r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}",
        "TIMESTAMP_ISO8601": _DATE,
        "URI": r"[A-Za-z][A-Za-z0-9+.-]*://\S+",
        "URIPATH": r"/[^\s?#]*",
        "USERNAME": r"[A-Za-z0-9._-]+",
        "UUID": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
        "WORD": r"\w+",
    }
)
"""Our own small set, by grok's names."""

_OURS = "place_"
"""How the names of our groups begin."""
_NUMBERS = frozenset({"NUMBER", "INT", "POSINT"})
_LONGEST_NUMBER = 18


class _Place(NamedTuple):
    field: str
    kind: str
    """`number`, `quoted` or `text`"""


def compiled(pattern: str) -> Callable[[str], Fields | None]:
    """A function that gives the fields of a line that the pattern matches as a whole, else None.

    Raises ValueError that names the place and what was expected.
    """
    places: list[_Place] = []

    def expression(found: re.Match[str]) -> str:
        name, field, kind = found[1], found[2], found[3]
        if name not in PATTERNS:
            raise ValueError(f"pattern {pattern!r}: {found[0]}: expected one of {', '.join(PATTERNS)}")
        if kind not in {None, "int", "float", "string"}:
            raise ValueError(f"pattern {pattern!r}: {found[0]}: expected int, float or string, got {kind!r}")
        if field is None:
            return f"(?:{PATTERNS[name]})"
        places.append(_Place(field, _kind(name, kind)))
        return f"(?P<{_group(len(places) - 1)}>{PATTERNS[name]})"

    regexp = compile_regexp(_named_plainly(_PLACE.sub(expression, pattern), places))

    def match(line: str) -> Fields | None:
        found = regexp.fullmatch(line)
        if found is None:
            return None
        values = [(place, found[_group(number)]) for number, place in enumerate(places)]
        return {place.field: _value(place.kind, value) for place, value in values if value is not None}

    return match


def _named_plainly(expression: str, places: list[_Place]) -> str:
    """Groups that have a name of their own, `(?P<user>…)`, are places too; RE2 knows no names with dots."""

    def numbered(found: re.Match[str]) -> str:
        if found[1].startswith(_OURS):
            return found[0]
        places.append(_Place(found[1], "text"))
        return f"(?P<{_group(len(places) - 1)}>"

    return re.sub(r"(?<!\\)\(\?P?<([^>]*)>", numbered, expression)


def _group(number: int) -> str:
    return f"{_OURS}{number}"


def _kind(name: str, kind: str | None) -> str:
    if kind in {"int", "float"} or (kind is None and name in _NUMBERS):
        return "number"
    return "quoted" if name == "QUOTEDSTRING" else "text"


def _value(kind: str, text: str) -> str | int | float:
    if kind == "number" and len(text) <= _LONGEST_NUMBER:
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            return text
    return text[1:-1] if kind == "quoted" else text
