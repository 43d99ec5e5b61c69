"""Go's constants as they stand in a template: quoted text, characters and numbers."""

import math
import re

from engine.template.errors import TemplateError
from engine.template.lexer import Token

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip


def constant(token: Token) -> str | int | float:
    """The value of a `string`, `raw`, `char` or `number` token. A character is its code point, as in Go."""
    if token.kind == "raw":
        return token.text[1:-1].replace("\r", "")
    if token.kind == "number":
        return _number(token)
    text = _ESCAPE.sub(lambda escape: _unescape(escape[1], token), token.text[1:-1])
    if token.kind == "string":
        return text
    if len(text) != 1:
        raise TemplateError(f"expected one character, got {token.text}", token.offset)
    return ord(text)


def _unescape(escape: str, token: Token) -> str:
    if escape in _SIMPLE:
        return _SIMPLE[escape]
    try:
        return chr(int(escape[1:], 16) if escape[0] in "xuU" else int(escape, 8))
    except (ValueError, OverflowError):
        raise TemplateError(f"unknown escape \\{escape}", token.offset) from None


def _number(token: Token) -> int | float:
    try:
        return int(token.text, 0)
    except ValueError:
        pass
    try:
        number = float(token.text)
    except ValueError:
        number = math.inf
    if math.isinf(number):
        raise TemplateError(f"expected a number, got {token.text}", token.offset)
    return number
