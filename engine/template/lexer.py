"""Template text to tokens. What the tokens mean, and in which order they may come, is the parser's business."""

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from engine.template.errors import TemplateError


class Token(NamedTuple):
    """`kind` is `text`, `open` (`{{`), `close` (`}}`) or a group of `_TOKEN`. `spaced`: whitespace stands before it."""

    kind: str
    text: str
    offset: int
    spaced: bool = False


_SPACE = " \t\r\n"
_OPEN = re.compile(r"\{\{(-(?=[ \t\r\n]))?")
_CLOSE = re.compile(r"([ \t\r\n]+-)?\}\}")
_COMMENT = re.compile(r"[ \t\r\n]*/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<field>\.[^\W\d]\w*)
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
    | (?P<variable>\$\w*)
    | (?P<name>[^\W\d]\w*)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:\\.|[^'\\\n])+')
    | (?P<declare>:=)
    | (?P<assign>=)
    | (?P<pipe>\|)
    | (?P<left>\()
    | (?P<right>\))
    | (?P<comma>,)
    | (?P<dot>\.)
    """,
    re.VERBOSE,
)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a template. Trim markers and comments are gone, their effect on the text around them stays."""
    position, trim = 0, False
    while True:
        opening = _OPEN.search(text, position)
        literal = text[position : opening.start() if opening else len(text)]
        literal = literal.lstrip(_SPACE) if trim else literal
        literal = literal.rstrip(_SPACE) if opening and opening[1] else literal
        if literal:
            yield Token("text", literal, position)
        if not opening:
            return
        if comment := _COMMENT.match(text, opening.end()):
            position = comment.end()
            closing = _CLOSE.match(text, position)
            if not closing:
                raise TemplateError("expected }} right after the comment", position)
        else:
            yield Token("open", "{{", opening.start())
            closing = yield from _action(text, opening.start(), opening.end())
            yield Token("close", "}}", closing.start())
        position, trim = closing.end(), bool(closing[1])


def _action(text: str, start: int, position: int) -> Generator[Token, None, re.Match[str]]:
    """The tokens between `{{` and `}}`; returns the match of what closes them."""
    while True:
        spaces = position
        if closing := _CLOSE.match(text, position):
            return closing
        while position < len(text) and text[position] in _SPACE:
            position += 1
        if closing := _CLOSE.match(text, position):
            return closing
        found = _TOKEN.match(text, position)
        if position == len(text):
            raise TemplateError("{{ is never closed", start)
        if not found:
            raise TemplateError(f"unexpected {text[position]!r}", position)
        yield Token(str(found.lastgroup), found[0], position, spaced=position > spaces)
        position = found.end()
