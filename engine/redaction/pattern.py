"""One pattern of what is to be redacted, and its work on a text."""

from collections.abc import Callable
from typing import NamedTuple

from engine.redaction.checks import CHECKS
from schemas.regexp import Match, Regexp

Secret = Callable[[str], str]
"""Told what was found; what to put in its place."""


class Pattern(NamedTuple):
    """A regular expression in RE2's syntax, in which `^` and `$` stand for the ends of a line.

    What its groups have found is secret; without groups, all of it is. `check` is one of `CHECKS`, which what is secret
    must pass, or "" for none.
    """

    name: str
    expression: str
    check: str = ""
    summary: str = ""
    optional: bool = False
    """Of a shipped one: not in use unless it is asked for."""

    def compiled(self) -> Regexp:
        """Raises ValueError for one that is malformed, or would find something everywhere."""
        Regexp(self.expression)  # whose error shows it as it was written
        expression = self.expression.replace(r"\\", "")
        if r"\A" in expression or r"\z" in expression:
            raise ValueError(f"regular expression {self.expression!r}: expected ^ and $, got \\A or \\z")
        found = Regexp(f"(?m){self.expression}")
        if found.occurs(""):
            raise ValueError(f"regular expression {self.expression!r}: expected one that does not match an empty text")
        return found


class Finder:
    """A pattern, ready to find."""

    def __init__(self, pattern: Pattern) -> None:
        self.name = pattern.name
        self.regexp = pattern.compiled()
        self._groups = range(1, self.regexp.groups + 1) if self.regexp.groups else range(1)
        self._fits = CHECKS[pattern.check] if pattern.check else None

    def replace(self, text: str, by: Secret) -> str:
        """The text with what is secret in it replaced."""
        return self.regexp.replace(lambda match: self._replaced(match, by), text)

    def _replaced(self, match: Match, by: Secret) -> str:
        whole, (start, _) = match[0] or "", match.span()
        pieces, done = [], 0
        for begin, end in sorted(match.span(group) for group in self._groups):
            secret = whole[begin - start : end - start] if begin >= 0 else ""
            if secret and begin - start >= done and (self._fits is None or self._fits(secret)):
                pieces += [whole[done : begin - start], by(secret)]
                done = end - start
        return "".join([*pieces, whole[done:]])
