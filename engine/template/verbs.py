"""One value by one verb of `printf`, digit for digit as Go prints it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.template.gofmt import shortest, special, sprint
from engine.template.values import Value, type_name

_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spec:
    """What stands between `%` and the verb, and the verb. A negative width counts from the right."""

    verb: str
    flags: str
    width: int
    precision: int | None

    @property
    def sign(self) -> str:
        return "+" if "+" in self.flags else " " if " " in self.flags else "-"

    @property
    def sharp(self) -> bool:
        return "#" in self.flags


def formatted(value: Value, spec: Spec) -> str:
    """The text; where Go has no such form for this kind of value, it says so: `%!d(string=x)`."""
    if spec.verb == "T":
        return _padded(type_name(value), spec)
    match value:
        case None:
            return _padded("<nil>", spec) if spec.verb == "v" else f"%!{spec.verb}(<nil>)"
        case Mapping():
            pairs = (f"{formatted(key, spec)}:{formatted(value[key], spec)}" for key in sorted(value))
            return "map[" + " ".join(pairs) + "]"
        case Sequence() if not isinstance(value, str):
            return "[" + " ".join(formatted(item, spec) for item in value) + "]"
    body = _body(value, spec)
    if body is None:
        return f"%!{spec.verb}({type_name(value)}={sprint([value])})"
    return _padded(body, _without_zeros(value, spec))


def _without_zeros(value: Value, spec: Spec) -> Spec:
    """Infinity is not padded with zeros, nor is a whole number that has a precision."""
    infinite = isinstance(value, float) and not math.isfinite(value)
    precise = isinstance(value, int) and spec.precision is not None
    return replace(spec, flags=spec.flags.replace("0", "")) if infinite or precise else spec


def _padded(body: str, spec: Spec) -> str:
    if "-" in spec.flags or spec.width < 0:
        return body.ljust(abs(spec.width))
    if "0" in spec.flags:
        return body.zfill(spec.width)
    return body.rjust(spec.width)


def _body(value: Value, spec: Spec) -> str | None:
    match value:
        case bool():
            return sprint([value]) if spec.verb in "tv" else None
        case int():
            return _integer(value, spec)
        case float():
            return _float(value, spec)
        case str():
            return _string(value, spec)
    return sprint([value]) if spec.verb in "sv" else None


def _integer(value: int, spec: Spec) -> str | None:
    if spec.verb in "cqU":
        return _character(value, spec)
    if spec.verb not in "dvxXobO":
        return None
    base = {"v": "d", "O": "o"}.get(spec.verb, spec.verb)
    digits = f"{abs(value):{base}}".zfill(spec.precision or 0)
    if spec.precision == 0 and value == 0:
        return ""
    prefixes = {"x": "0x", "X": "0X", "o": "0", "b": "0b"} if spec.sharp else {}
    prefix = "0o" if spec.verb == "O" else prefixes.get(spec.verb, "")
    return ("-" if value < 0 else spec.sign.replace("-", "")) + prefix + digits


def _character(value: int, spec: Spec) -> str:
    known = 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000
    character = chr(value) if known else "\ufffd"
    if spec.verb == "c":
        return character
    if spec.verb == "q":
        return "'" + ("\\'" if character == "'" else character if character == '"' else _escaped(character, spec)) + "'"
    return f"U+{value:04X}" + (f" '{character}'" if spec.sharp and character.isprintable() else "")


def _float(value: float, spec: Spec) -> str | None:
    verb, precision = spec.verb, spec.precision
    if verb not in "vgGeEfFxX":
        return None
    if not math.isfinite(value):
        return special(value) if value < 0 or spec.sign == "-" else spec.sign + special(value).removeprefix("+")
    if verb in "xX":
        return _signed(_hexadecimal(value, verb), value, spec)
    if verb in "vgG" and precision is None and not (spec.sharp and verb != "v"):
        printed = shortest(value)
        return _signed(printed.upper() if verb == "G" else printed, value, spec)
    form = f"{spec.sign}{'#' if spec.sharp else ''}.{6 if precision is None else precision}"
    return f"{value:{form}{'g' if verb == 'v' else verb}}"


def _signed(printed: str, value: float, spec: Spec) -> str:
    negative = math.copysign(1, value) < 0
    plus = spec.sign if spec.sign != "-" and not (spec.verb == "v" and spec.sign == "+") else ""
    return printed if negative else plus + printed


def _hexadecimal(value: float, verb: str) -> str:
    """`0x1.cp+01`: without zeros at the end, the exponent of two digits at least."""
    mantissa, exponent = value.hex().split("p")
    printed = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{int(exponent):+03d}"
    return printed.upper() if verb == "X" else printed


def _string(value: str, spec: Spec) -> str | None:
    cut = value if spec.precision is None else value[: spec.precision]
    by_verb: dict[str, Callable[[], str]] = {
        "s": lambda: cut,
        "v": lambda: _quoted(cut, replace(spec, flags="")) if spec.sharp else cut,
        "q": lambda: _quoted(cut, spec),
        "x": lambda: _bytes(value, spec),
        "X": lambda: _bytes(value, spec).upper(),
    }
    return by_verb[spec.verb]() if spec.verb in by_verb else None


def _quoted(text: str, spec: Spec) -> str:
    if spec.sharp and "`" not in text and all(character.isprintable() or character == "\t" for character in text):
        return f"`{text}`"
    return '"' + "".join(_escaped(character, spec) for character in text) + '"'


def _escaped(character: str, spec: Spec) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if character.isprintable() and (code < 0x80 or "+" not in spec.flags):
        return character
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _bytes(text: str, spec: Spec) -> str:
    encoded = text.encode()[: spec.precision]
    prefix = "0x" if spec.sharp and encoded else ""
    return (prefix + encoded.hex(" ").replace(" ", f" {prefix}")) if " " in spec.flags else prefix + encoded.hex()
