"""The parsed form of a template: frozen values without behaviour. `offset` is a place in the template's text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`: the data, or what the innermost `with` or `range` is about."""

    offset: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`; `$` alone is the data."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, a number, a truth value or nil."""

    value: str | int | float | bool | None
    offset: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name, with the arguments that follow it in the command."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Chain:
    """`operand.field.field`."""

    operand: Operand
    fields: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Command:
    """One stage of a pipeline: an operand, and where it is a function or a method, its arguments."""

    operands: tuple[Operand, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Pipe:
    """`$x := command | command`: each stage's value is the last argument of the next. `declare` False is `=`."""

    variables: tuple[str, ...]
    declare: bool
    commands: tuple[Command, ...]
    offset: int


Operand = Dot | Variable | Literal | Function | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """Copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipeline }}`: printed, unless it sets variables."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` and `range` with their `else`; an `else if` is a branch alone in `otherwise`."""

    keyword: str
    pipe: Pipe
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Use:
    """`template "name" pipeline`: the definition of this name, with the pipeline's value as its data."""

    name: str
    pipe: Pipe | None
    offset: int


Node = Text | Action | Branch | Leave | Use
Body = tuple[Node, ...]
