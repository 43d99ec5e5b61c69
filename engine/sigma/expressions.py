"""What a text must hold for an expression (RE2 syntax) to be found in it: literals, as a condition of ands and ors.

A reading of the expression that errs on the side of asking for nothing: what it does not know it leaves out. Characters
that are written in two cases are one here, for the literals are sought in lower case.
"""

import re
from typing import NamedTuple

SIGMAS = re.compile("[\u03a3\u03c3\u03c2]")
"""What a capital sigma becomes in lower case hangs on its neighbours, so no literal is sought across one."""
_FLAGS = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAME = re.compile(r"\?P?<\w+>")
_COUNT = re.compile(r"\{(\d+)(,\d*)?\}")
_ITSELF = re.compile(r"[^\w]", re.ASCII)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_DEEPEST = 50


class Lit(NamedTuple):
    text: str


class All(NamedTuple):
    of: "tuple[Needs, ...]"


class Some(NamedTuple):
    of: "tuple[Needs, ...]"


Needs = Lit | All | Some
NOTHING = All(())


class _Unknown(Exception):
    """Syntax that this reading does not know."""


def needs(expression: str) -> Needs:
    """What must be there, in lower case; `NOTHING` where nothing is known."""
    try:
        return _Reading(expression).whole()
    except (_Unknown, IndexError):
        return NOTHING


class _Reading:
    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0
        self._depth = 0

    def whole(self) -> Needs:
        found = self._alternatives(False)
        if self._at < len(self._text):
            raise _Unknown
        return found

    def _alternatives(self, any_case: bool) -> Needs:
        """Up to the closing parenthesis or the end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unknown
        branches = []
        while True:
            branch, any_case = self._sequence(any_case)
            branches.append(branch)
            if not self._skipped("|"):
                break
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Some(tuple(branches))

    def _sequence(self, any_case: bool) -> tuple[Needs, bool]:
        run = _Runs()
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if (flags := self._flags()) is not None:
                any_case = flags if isinstance(flags, bool) else any_case
                continue
            atom = self._atom(any_case)
            least, most = self._repeats()
            run.add(atom, least, most)
        return run.needs(), any_case

    def _flags(self) -> bool | str | None:
        """Of flags for what follows: whether case is no matter, or "" where they do not say."""
        found = _FLAGS.match(self._text, self._at + 1) if self._text[self._at] == "(" else None
        if found is None or found[3] != ")":
            return None
        self._at = found.end()
        return _any_case(found)

    def _atom(self, any_case: bool) -> Needs | str:
        """One sign, as itself, or what else must be there."""
        sign = self._text[self._at]
        self._at += 1
        if sign == "(":
            return self._group(any_case)
        if sign == "[":
            return self._class(any_case)
        if sign == "\\":
            return self._escape()
        if sign in ".^$":
            return NOTHING
        if sign in "*+?":
            raise _Unknown
        return _plain(sign, any_case)

    def _group(self, any_case: bool) -> Needs:
        if (flags := _FLAGS.match(self._text, self._at)) is not None:
            said = _any_case(flags)
            any_case = said if isinstance(said, bool) else any_case
            self._at = flags.end()
        elif (name := _NAME.match(self._text, self._at)) is not None:
            self._at = name.end()
        elif self._text[self._at] == "?":
            raise _Unknown
        found = self._alternatives(any_case)
        if not self._skipped(")"):
            raise _Unknown
        return found

    def _escape(self) -> Needs | str:
        sign = self._text[self._at]
        self._at += 1
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if _ITSELF.match(sign):
            return sign
        if sign in "dDsSwWbBAz":
            return NOTHING
        raise _Unknown

    def _class(self, any_case: bool) -> Needs | str:
        """A class is nothing that must be there, unless all that is in it is one letter."""
        begin = self._at
        if self._text[self._at] == "^":
            self._at += 1
        self._member()
        while self._text[self._at] != "]":
            self._member()
        inside = self._text[begin : self._at]
        self._at += 1
        letters = {sign.lower() for sign in inside}
        return _plain(inside[0], any_case) if len(letters) == 1 and inside.isalnum() else NOTHING

    def _member(self) -> None:
        """One of a class; a bracket that comes first is one."""
        if self._text.startswith("[:", self._at):
            raise _Unknown
        if self._text[self._at] == "\\":
            self._at += 1
            if self._text[self._at] in "pPQExC01234567":
                raise _Unknown
        self._at += 1

    def _repeats(self) -> tuple[int, bool]:
        """How often at least, and whether once at most."""
        least, once = 1, True
        if self._at < len(self._text):
            sign = self._text[self._at]
            if sign in "*?+":
                self._at += 1
                least, once = int(sign == "+"), sign == "?"
            elif (count := _COUNT.match(self._text, self._at)) is not None:
                self._at = count.end()
                least, once = min(int(count[1]), 1), count[0] == "{1}"
            else:
                return least, once
            self._skipped("?")
            if self._at < len(self._text) and self._text[self._at] in "*+?":
                raise _Unknown
        return least, once

    def _skipped(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += 1
            return True
        return False


class _Runs:
    """Signs that follow each other are one literal."""

    def __init__(self) -> None:
        self._run: list[str] = []
        self._found: list[Needs] = []

    def add(self, atom: Needs | str, least: int, once: bool) -> None:
        if isinstance(atom, str) and least:
            self._run.append(atom)
            if once:
                return
        self._cut()
        if least and not isinstance(atom, str) and atom is not NOTHING:
            self._found.append(atom)

    def needs(self) -> Needs:
        self._cut()
        return self._found[0] if len(self._found) == 1 else All(tuple(self._found))

    def _cut(self) -> None:
        self._found += [Lit(text.lower()) for text in SIGMAS.split("".join(self._run)) if text]
        self._run = []


def _plain(sign: str, any_case: bool) -> Needs | str:
    """Beyond ASCII, letters that RE2 holds to be the same need not be so in lower case."""
    return sign if sign.isascii() or not any_case else NOTHING


def _any_case(flags: re.Match[str]) -> bool | str:
    if "i" in (flags[2] or ""):
        return False
    return True if "i" in flags[1] else ""
