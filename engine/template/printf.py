"""Go's Sprintf. A mistake does not fail but stands in the result, as Go has it: `%!d(string=x)`, `%!s(MISSING)`."""

import math
import re
from collections.abc import Callable, Sequence

from engine.template.errors import TemplateError
from engine.template.gofmt import shortest, special, text
from engine.template.values import Value, type_name

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\*|\d+)?(?P<dot>\.(?P<precision>\*|\d+)?)?(?P<verb>.)?", re.DOTALL)
_MOST_DIGITS = 1000
"""Of width and precision, so that no template can ask for a gigabyte of blanks."""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def sprintf(form: str, values: Sequence[Value]) -> str:
    """`form` with each of its verbs replaced by a value."""
    remaining = list(values)
    printed = _VERB.sub(lambda verb: _verb(verb, remaining), form)
    if remaining:
        printed += "%!(EXTRA " + ", ".join(f"{type_name(value)}={text(value)}" for value in remaining) + ")"
    return printed


def _verb(found: re.Match[str], remaining: list[Value]) -> str:
    verb = found["verb"]
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    width = _number(found["width"], remaining)
    precision = _number(found["precision"], remaining) if found["dot"] else None
    if found["dot"] and precision is None:
        precision = 0
    if not remaining:
        return f"%!{verb}(MISSING)"
    value = remaining.pop(0)
    flags = found["flags"]
    if isinstance(value, float) and not math.isfinite(value):
        flags = flags.replace("0", "")
    body = _formatted(verb, value, flags, precision)
    if body is None:
        return f"%!{verb}({type_name(value)}={text(value)})"
    return _padded(body, flags, width or 0)


def _number(written: str | None, remaining: list[Value]) -> int | None:
    if written == "*":
        value = remaining.pop(0) if remaining else None
        number = value if isinstance(value, int) else 0
    elif written:
        number = int(written)
    else:
        return None
    if abs(number) > _MOST_DIGITS:
        raise TemplateError(f"printf: expected at most {_MOST_DIGITS} digits, got {number}")
    return number


def _padded(body: str, flags: str, width: int) -> str:
    if "-" in flags or width < 0:
        return body.ljust(abs(width))
    if "0" in flags:
        return body.zfill(width)
    return body.rjust(width)


def _formatted(verb: str, value: Value, flags: str, precision: int | None) -> str | None:
    """One value by one verb, without padding; None where Go has no such form for its kind."""
    if verb == "T":
        return type_name(value)
    if verb == "v" and not isinstance(value, float):
        return text(value)
    sign = "+" if "+" in flags else " " if " " in flags else "-"
    match value:
        case bool():
            return text(value) if verb == "t" else None
        case int():
            return _integer(verb, value, sign, flags)
        case float():
            return _float(verb, value, sign, precision)
        case str():
            return _string(verb, value, precision)
    return text(value) if verb == "s" else None


def _integer(verb: str, value: int, sign: str, flags: str) -> str | None:
    if verb == "c":
        return chr(value) if 0 <= value < 0x110000 else "\ufffd"
    if verb not in "dxXob":
        return None
    return f"{value:{sign}{'#' if '#' in flags and verb != 'd' else ''}{verb}}"


def _float(verb: str, value: float, sign: str, precision: int | None) -> str | None:
    if verb not in "vgGeEfF":
        return None
    if not math.isfinite(value):
        return special(value)
    if verb in "vgG" and precision is None:
        printed = shortest(value)
        printed = printed.upper() if verb == "G" else printed
        return printed if value < 0 or sign == "-" else sign + printed
    return f"{value:{sign}.{6 if precision is None else precision}{'g' if verb == 'v' else verb}}"


def _string(verb: str, value: str, precision: int | None) -> str | None:
    shown = value if precision is None else value[:precision]
    by_verb: dict[str, Callable[[], str]] = {
        "s": lambda: shown,
        "q": lambda: '"' + "".join(_ESCAPES.get(character, character) for character in shown) + '"',
        "x": lambda: shown.encode().hex(),
        "X": lambda: shown.encode().hex().upper(),
    }
    return by_verb[verb]() if verb in by_verb else None
