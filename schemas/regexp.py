"""Go's regular expressions (RE2, which Prometheus speaks) as Python's.

The two dialects spell a few things differently; what Python cannot say is refused by name. PromQL's matchers and the
relabelling of scrapes both speak it.
"""

import re
from functools import lru_cache

_INLINE_FLAGS = re.compile(r"\(\?([a-zA-Z-]+)\)")
_GROUP = re.compile(r"\((?!\?)|\(\?(:|P?<\w+>|[a-zA-Z-]+:)")
_CLASS = re.compile(r"\[(\^?)(\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*)\]", re.DOTALL)
_REPEAT = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\??")
_CLASS_PART = re.compile(r"\\.|\[:\^?\w+:\]|.", re.DOTALL)
_POSIX = {
    "[:alnum:]": "0-9A-Za-z",
    "[:alpha:]": "A-Za-z",
    "[:blank:]": r"\t ",
    "[:digit:]": "0-9",
    "[:lower:]": "a-z",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:space:]": r"\t\n\v\f\r ",
    "[:upper:]": "A-Z",
    "[:word:]": "0-9A-Za-z_",
    "[:xdigit:]": "0-9A-Fa-f",
}


@lru_cache(maxsize=4096)
def compile_regexp(pattern: str, *, dot_all: bool = True) -> re.Pattern[str]:
    """`pattern` with ASCII classes and, unless `dot_all` is False, a dot that matches a newline too, as in Prometheus'
    matchers, which are for `fullmatch`.

    Raises ValueError for what is malformed or has no equivalent in Python.
    """
    try:
        return re.compile(_Translation(pattern).text(), re.ASCII | (re.DOTALL if dot_all else re.NOFLAG))
    except re.error as error:
        raise ValueError(f"regular expression {pattern!r}: {error}") from error


class _Translation:
    """One left-to-right pass. `_flags` holds, for each open group, the inline flags set within it so far: Go lets
    `(?i)` stand anywhere and hold to the end of the group, Python only knows `(?i:…)`.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._flags: list[list[str]] = [[]]

    def text(self) -> str:
        parts = []
        at = 0
        while at < len(self._pattern):
            part, at = self._next(at)
            parts.append(part)
        return "".join(parts) + ")" * len(self._flags[0])

    def _next(self, at: int) -> tuple[str, int]:
        match self._pattern[at]:
            case "\\":
                return self._escape(at)
            case "[" if found := _CLASS.match(self._pattern, at):
                body = "".join(self._class_part(part) for part in _CLASS_PART.findall(found[2]))
                return f"[{found[1]}{body}]", found.end()
            case "(" if found := _INLINE_FLAGS.match(self._pattern, at):
                self._flags[-1].append(self._checked(found[1]))
                return f"(?{found[1]}:", found.end()
            case "(":
                if not _GROUP.match(self._pattern, at):
                    group = self._pattern[at : at + 4]
                    raise ValueError(f"regular expression {self._pattern!r}: {group} is not supported")
                self._flags.append([])
                named = self._pattern.startswith("(?<", at)
                return ("(?P<", at + 3) if named else ("(", at + 1)
            case ")":
                if len(self._flags) == 1:
                    raise ValueError(f"regular expression {self._pattern!r}: unexpected )")
                return ")" * (len(self._flags.pop()) + 1), at + 1
            case "|":
                flags = self._flags[-1]
                return ")" * len(flags) + "|" + "".join(f"(?{flag}:" for flag in flags), at + 1
            case "*" | "+" | "?" | "{" if found := _REPEAT.match(self._pattern, at):
                if again := _REPEAT.match(self._pattern, found.end()):
                    raise ValueError(f"regular expression {self._pattern!r}: {found[0]}{again[0]} repeats a repetition")
                return found[0], found.end()
            case "{":
                return r"\{", at + 1
            case other:
                return other, at + 1

    def _escape(self, at: int) -> tuple[str, int]:
        escaped = self._pattern[at : at + 2]
        if escaped == r"\Q":
            end = self._pattern.find(r"\E", at)
            end = len(self._pattern) if end < 0 else end
            return re.escape(self._pattern[at + 2 : end]), end + 2
        if escaped in (r"\p", r"\P", r"\C") or escaped[1:] in set("123456789"):
            raise ValueError(f"regular expression {self._pattern!r}: {escaped} is not supported")
        return {r"\z": r"\Z"}.get(escaped, escaped), at + 2

    def _class_part(self, part: str) -> str:
        if part.startswith("[:"):
            if part not in _POSIX:
                raise ValueError(f"regular expression {self._pattern!r}: {part} is not supported")
            return _POSIX[part]
        # These begin set operations in Python's future syntax, and are plain characters in Go.
        return "\\" + part if part in ("[", "]", "&", "~", "|") else part

    def _checked(self, flags: str) -> str:
        if set(flags) - set("ims-"):
            raise ValueError(f"regular expression {self._pattern!r}: flags {flags!r} are not supported")
        return flags
