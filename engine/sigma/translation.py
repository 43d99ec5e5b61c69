"""What rules are read with: the pipelines that map their fields, and the values of their placeholders."""

from typing import NamedTuple

import msgspec


class PipelineText(NamedTuple):
    """A processing pipeline in pySigma's YAML format, and the name (a path, mostly) that a mistake in it is told by."""

    name: str
    text: str


class Translation(msgspec.Struct, frozen=True):
    """`placeholders`: name → values of `%name%`, for the modifier `expand`."""

    pipelines: tuple[PipelineText, ...] = ()
    placeholders: dict[str, tuple[str, ...]] = {}


class PipelineError(Exception):
    """A pipeline that is none; `name` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
