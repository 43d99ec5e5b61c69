"""Regular expressions of Sigma rules in RE2's syntax, checked before any event is seen.

RE2 takes time linear in the text, so it has neither lookarounds nor references back to a group; an expression that
needs them is refused, for there is no other way to promise that an event is done with in bounded time.
"""

import re
from typing import Any

from sigma.policy.regex_engine import RegexEngine

from engine.sigma.documents import Refused
from schemas.regexp import Regexp, compile_regexp

_UNBOUNDED = (
    (re.compile(r"\(\?(=|!|<=|<!)"), "a lookaround"),
    (re.compile(r"\(\?>|[*+?}]\+"), "an atomic group or a possessive quantifier"),
    (re.compile(r"\\[1-9]|\\k|\(\?P="), "a reference back to a group"),
    (re.compile(r"\(\?\(|\(\?R\)|\(\?&"), "a condition or a recursion"),
)


class Unmatchable(ValueError):
    """The expression is malformed, or asks for what RE2 has not."""


class Engine(RegexEngine):
    """What pySigma checks expressions with, and finds the selections of `1 of filter_*`."""

    def compile(self, pattern: str, flags: int = 0) -> Any:
        del flags  # they do not make it malformed
        return _checked(pattern)

    @property
    def error(self) -> type[Exception]:
        return Unmatchable


def expression(text: str, flags: str = "", *, starts: bool = False, ends: bool = False) -> str:
    """`text` with its flags (of `ims`) inline, and tied to the start or the end of the value. Raises Refused."""
    body = f"(?:{text})" if starts or ends else text
    tied = ("\\A" if starts else "") + body + ("\\z" if ends else "")
    whole = (f"(?{flags})" if flags else "") + tied
    try:
        _checked(text)
        _checked(whole)
    except Unmatchable as error:
        raise Refused(str(error)) from error
    return whole


def _checked(text: str) -> Regexp:
    try:
        return compile_regexp(text, dot_all=False)
    except ValueError as error:
        raise Unmatchable(_told(text, error)) from error


def _told(text: str, error: ValueError) -> str:
    for pattern, what in _UNBOUNDED:
        if pattern.search(text):
            return f"regular expression {text!r} has {what}, which cannot be matched in bounded time; say it otherwise"
    return str(error)
