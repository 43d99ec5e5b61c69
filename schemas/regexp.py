"""Go's regular expressions, which Prometheus speaks: RE2 itself, so that none takes longer than its text is long.

PromQL's matchers and functions, templates and the relabelling of scrapes all use them.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import re2

_PLAIN = re.compile(r"[^\\.+*?()|\[\]{}^$]*(\|[^\\.+*?()|\[\]{}^$]*)*")
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


class Match(Protocol):
    """What was found; a group that took no part is None."""

    def __getitem__(self, group: int | str, /) -> str | None: ...

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """Where it begins and ends; (-1, -1) of a group that took no part."""
        ...


class Regexp:
    """A pattern. Raises ValueError for one that is malformed.

    With `dot_all` a dot matches a newline too, as in Prometheus' matchers.
    """

    __slots__ = ("_compiled", "_texts", "groups", "pattern")

    def __init__(self, pattern: str, *, dot_all: bool = True) -> None:
        options = re2.Options()
        options.dot_nl = dot_all
        options.log_errors = False
        try:
            self._compiled = re2.compile(pattern, options)
        except re2.error as error:
            raise ValueError(f"regular expression {pattern!r}: {error.args[0].decode()}") from error
        if r"\C" in pattern.replace(r"\\", ""):  # a byte, which Go does not know
            raise ValueError(f"regular expression {pattern!r}: invalid escape sequence: \\C")
        self.pattern = pattern
        self.groups: int = self._compiled.groups
        # Most patterns are a few texts, such as `a|b`.
        self._texts = frozenset(pattern.split("|")) if _PLAIN.fullmatch(pattern) else None

    def accepts(self, text: str) -> bool:
        """Whether it matches the whole text."""
        if self._texts is not None:
            return text in self._texts
        return self._compiled.fullmatch(text) is not None

    def fullmatch(self, text: str) -> Match | None:
        found: Match | None = self._compiled.fullmatch(text)
        return found

    def search(self, text: str) -> Match | None:
        """The first match anywhere."""
        found: Match | None = self._compiled.search(text)
        return found

    def occurs(self, text: str) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(text) is not None

    def replace(self, by: Callable[[Match], str], text: str) -> str:
        """The text with every match replaced."""
        replaced: str = self._compiled.sub(by, text)
        return replaced


class RegexpSet:
    """Patterns that are sought together: one pass over a text tells which of them match anywhere in it."""

    __slots__ = ("_set",)

    def __init__(self, patterns: Sequence[Regexp], *, dot_all: bool = True) -> None:
        options = re2.Options()
        options.dot_nl = dot_all
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for each in patterns:
            self._set.Add(each.pattern)
        self._set.Compile()

    def matching(self, text: str) -> Sequence[int]:
        """The numbers of the patterns that match, in no order."""
        found: Sequence[int] | None = self._set.Match(text)
        return found or ()


compile_regexp = lru_cache(maxsize=4096)(Regexp)
"""As `Regexp`, remembered."""


def expand(template: str, found: Match) -> str:
    """Go's references to groups: `$1`, `${1}`, `$name`, `$$`; what there is no such group of is empty."""

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return found[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(group, template)
