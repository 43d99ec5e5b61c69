"""What the documents of one file say before they know of any other file.

Plain data, so that it can be kept: reading a file again gives the same. What they refer to, `resolve` looks up.
"""

from typing import Any

import msgspec

from engine.sigma.documents import SigmaProblem
from engine.sigma.model import About, CorrelationType, Detection, LogSource, Node, Threshold


class Detected(msgspec.Struct, frozen=True, array_like=True):
    """A rule about one event. `origin` is the log source that the file names, before pipelines."""

    line: int
    id: str
    name: str
    about: About
    origin: LogSource
    detection: Detection


class Correlated(msgspec.Struct, frozen=True, array_like=True):
    """A rule about many events. What `rules`, `aliases` and `nested` name are still names or ids as written."""

    line: int
    id: str
    name: str
    about: About
    type: CorrelationType
    rules: tuple[str, ...]
    timespan_ms: int
    group_by: tuple[str, ...]
    aliases: dict[str, dict[str, str]]
    thresholds: tuple[Threshold, ...]
    fields: tuple[str, ...]
    percentile: float
    nested: Node | None
    generate: bool


class Filtering(msgspec.Struct, frozen=True, array_like=True):
    """A filter: what else must hold for the rules that it names, all of its log source where it names none.

    `detection` stays as written: what its fields are called depends on the rule that it is applied to.
    """

    line: int
    title: str
    origin: LogSource
    rules: tuple[str, ...]
    detection: dict[str, Any]


class Parts(msgspec.Struct, frozen=True, array_like=True):
    """All that one file says. Its problems carry no path."""

    detections: tuple[Detected, ...] = ()
    correlations: tuple[Correlated, ...] = ()
    filters: tuple[Filtering, ...] = ()
    problems: tuple[SigmaProblem, ...] = ()
