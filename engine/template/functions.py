"""The functions that Go's text/template brings along, and how any function is called.

`and` and `or` stop at the first operand that decides, so they are the evaluator's; here stand their names only.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from urllib.parse import quote_plus

from engine.template import gofmt, printf
from engine.template.access import index
from engine.template.errors import TemplateError
from engine.template.values import Query, Sample, Value, equal, less, type_name

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)", re.ASCII | re.IGNORECASE)

Kind = str
"""What a parameter takes: `text`, `number` (or text that reads as one), `vector`, `sample`, `any`."""


@dataclass(frozen=True, slots=True)
class Function:
    """`call` gets its arguments checked and converted. `rest` is the kind of any further ones, if it takes them.

    A function that `queries` gets the query function as its first argument.
    """

    call: Callable[..., Value]
    kinds: tuple[Kind, ...] = ()
    rest: Kind = ""
    queries: bool = False


def call(name: str, function: Function, arguments: Sequence[Value], query: Query | None) -> Value:
    """Check the arguments, then call. Raises TemplateError as Go would refuse to."""
    least = len(function.kinds)
    if len(arguments) < least or (len(arguments) > least and not function.rest):
        wanted = f"{'at least ' if function.rest else ''}{least}"
        raise TemplateError(f"{name}: expected {wanted} arguments, got {len(arguments)}")
    kinds = function.kinds + (function.rest,) * (len(arguments) - least)
    converted = [_convert(name, kind, value) for kind, value in zip(kinds, arguments, strict=True)]
    if function.queries:
        if query is None:
            raise TemplateError(f"{name}: nothing can be queried here")
        converted.insert(0, query)
    try:
        return function.call(*converted)
    except (re.error, ValueError, OverflowError) as error:
        raise TemplateError(f"{name}: {error}") from error


def _convert(name: str, kind: Kind, value: Value) -> Value:
    match kind, value:
        case "any", _:
            return value
        case "text", str():
            return value
        case "number", bool():
            pass
        case "number", int() | float():
            return float(value)
        case "number", str() if _NUMBER.fullmatch(value):
            return float(value)
        case "number", str():
            raise TemplateError(f'{name}: expected a number, got "{value}"')
        case "sample", Sample():
            return value
        case "vector", list():
            return value
    raise TemplateError(f"{name}: expected {_KIND_NAMES[kind]}, got {type_name(value)}")


_KIND_NAMES = {"text": "text", "number": "a number", "vector": "the result of a query", "sample": "a sample"}


def _length(value: Value) -> int:
    if not isinstance(value, Sized):
        raise TemplateError(f"len: {type_name(value)} has no length")
    return len(value.encode()) if isinstance(value, str) else len(value)


def _index(value: Value, *keys: Value) -> Value:
    for key in keys:
        value = index(value, key)
    return value


def _slice(value: Value, *bounds: Value) -> Value:
    numbers = [bound for bound in bounds if isinstance(bound, int)]
    if not isinstance(value, str | list) or len(numbers) != len(bounds) or len(bounds) > 2:
        raise TemplateError("slice: expected text or a list, and up to two whole numbers")
    start, end = (*numbers, *(0, len(value))[len(numbers) :])
    if not 0 <= start <= end <= len(value):
        raise TemplateError(f"slice: {start}:{end} is out of range")
    return value[start:end]


def _html(*values: Value) -> str:
    escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
    return "".join(escapes.get(character, character) for character in gofmt.sprint(values))


_SCRIPT = {
    "\\": r"\\", "'": r"\'", '"': r"\"", "<": r"\u003C", ">": r"\u003E", "&": r"\u0026", "=": r"\u003D",
}  # fmt: skip


def _js(*values: Value) -> str:
    return "".join(
        _SCRIPT.get(character)
        or (f"\\u{ord(character):04X}" if character < " " or not character.isprintable() else character)
        for character in gofmt.sprint(values)
    )


def _call(function: Value, *_: Value) -> Value:
    raise TemplateError(f"call: non-function of type {type_name(function)}")


GO: Mapping[str, Function] = {
    "and": Function(lambda *values: values[-1], ("any",), "any"),
    "or": Function(lambda *values: values[-1], ("any",), "any"),
    "not": Function(lambda value: not value, ("any",)),
    "eq": Function(lambda left, *rights: any(equal(left, right) for right in rights), ("any", "any"), "any"),
    "ne": Function(lambda left, right: not equal(left, right), ("any", "any")),
    "lt": Function(less, ("any", "any")),
    "le": Function(lambda left, right: less(left, right) or equal(left, right), ("any", "any")),
    # Of NaN the opposite of what is false is true, as in Go.
    "gt": Function(lambda left, right: not (less(left, right) or equal(left, right)), ("any", "any")),
    "ge": Function(lambda left, right: not less(left, right), ("any", "any")),
    "len": Function(_length, ("any",)),
    "index": Function(_index, ("any",), "any"),
    "slice": Function(_slice, ("any",), "any"),
    "print": Function(lambda *values: gofmt.sprint(values), (), "any"),
    "println": Function(lambda *values: " ".join(map(gofmt.text, values)) + "\n", (), "any"),
    "printf": Function(lambda form, *values: printf.sprintf(form, values), ("text",), "any"),
    "call": Function(_call, ("any",), "any"),
    "js": Function(_js, (), "any"),
    "html": Function(_html, (), "any"),
    "urlquery": Function(lambda *values: quote_plus(gofmt.sprint(values), safe="~"), (), "any"),
}
