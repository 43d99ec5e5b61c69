"""What reading Sigma starts from, and how it says what is wrong.

A `Document` is one YAML document, already read: mappings, lists and scalars. Who reads YAML knows where in it a field
stands; here it is named by its path alone.
"""

from typing import Any, NamedTuple

import msgspec

FieldPath = tuple[str | int, ...]
"""From the document down: `("detection", "selection", "Image|endswith", 2)`."""


class Document(NamedTuple):
    """One document of a file. `line` is where it begins, counted from 1."""

    path: str
    line: int
    content: Any


class SigmaProblem(msgspec.Struct, frozen=True, array_like=True):
    """A mistake, with what was expected instead. `refused`: the rule is not loaded; otherwise it is, but the author
    ought to know.
    """

    path: str
    line: int
    message: str
    field: FieldPath = ()
    refused: bool = True

    def __str__(self) -> str:
        where = ".".join(map(str, self.field))
        return ": ".join(part for part in (f"{self.path}:{self.line}", where, self.message) if part)


class Refused(Exception):
    """A document says something that cannot be; `field` is where."""

    def __init__(self, message: str, field: FieldPath = ()) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def below(self, *path: str | int) -> "Refused":
        """The same, told from further up."""
        return Refused(self.message, (*path, *self.field))
