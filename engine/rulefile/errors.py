"""The author's mistakes: where each is and what was expected instead."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class RuleError:
    """One mistake. `line` and `column` count from 1; `where` names group and rule, `field` the path inside the rule."""

    path: str
    line: int
    column: int
    problem: str
    where: str = ""
    field: str = ""

    def __str__(self) -> str:
        named = (part for part in (f"{self.path}:{self.line}:{self.column}", self.where, self.field) if part)
        return ": ".join((*named, self.problem))


class RuleErrors(Exception):
    """Everything that is wrong with a set of files, in the order of path and position. `str` is one line for each."""

    def __init__(self, errors: Iterable[RuleError]) -> None:
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))
