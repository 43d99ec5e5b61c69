"""What a format is, and what it makes of a line. All other modules here declare one format each, or help to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from schemas.foreign.records import Known
from schemas.plugins import PluginConfig

Fields = dict[str, Any]


class LogSource(NamedTuple):
    """Sigma's log source, in lower case; "" where it has none."""

    product: str = ""
    category: str = ""
    service: str = ""


class Parsed(NamedTuple):
    """What becomes the `data`, `type`, log source and `time` of an event; without `time` that of reading holds."""

    data: Fields
    type: str
    source: LogSource
    time: str | None = None


Parse = Callable[[str, int], list[Parsed]]
"""A line, and the time now in Unix milliseconds, to its events: none where the line does not fit the format, more than
one where the line holds several. It raises nothing, whatever the line."""

LINE = "log.line"
"""Type of an event that is only a line: of a format without a type of its own, or of a line that did not fit."""


class Part(NamedTuple):
    """A line as a part of an event: what all lines of the event share, and the time that they bear, Unix milliseconds.

    After one that `ends` it no line of the event follows; a `mere_end` says nothing but that.
    """

    key: str
    time_ms: int
    ends: bool
    mere_end: bool


class Joined(Protocol):
    """How the lines of one event are told from those of others, where its records are lines of their own."""

    def part(self, line: str) -> Part | None:
        """What part of an event the line is; None for a stray one."""
        ...

    def parse(self, lines: list[str]) -> Parsed:
        """The event of these lines, each of which has the same key."""
        ...


class Parser(NamedTuple):
    """A format with its settings. `source` is the log source of lines that do not fit; `joined` is there where events
    have several lines, and `parse` then makes an event of each line alone."""

    parse: Parse
    source: LogSource
    joined: Joined | None = None


@dataclass(frozen=True)
class Format:
    """Declaration of a format. `build` raises ValueError for settings that do not work together."""

    name: str
    summary: str
    example: str
    """A line, or the lines of one event."""
    settings: type[PluginConfig]
    build: Callable[[Any], Parser]


def as_parsed(known: Known | None) -> list[Parsed]:
    """The event of a record of a form that others publish on the bus too; none where it is none."""
    if known is None:
        return []
    return [Parsed(known.data, known.type, LogSource(known.product, known.category, known.service), known.time)]


def not_parsed(text: str, source: LogSource) -> Parsed:
    """The event of a line that does not fit its format."""
    return Parsed({"message": text}, LINE, source)
