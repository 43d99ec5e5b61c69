"""What correlations are told, what they answer, and the bounds that they keep to."""

from collections.abc import Mapping
from typing import Any

import msgspec

Key = tuple[str, ...]
"""Values of the fields that a correlation groups by, as text, in their order."""


class Occurred(msgspec.Struct, frozen=True, gc=False):
    """The rule `rule` fits the event `event` of the node `source`, which happened at `time_ms`.

    The caller has clamped the time to [now - lateness, now]. What is told of one event is told in one go: it is by
    that that an event which fits several rules is known to be one.
    """

    rule: str
    data: Mapping[str, Any]
    time_ms: int
    source: str
    event: str


class Raised(msgspec.Struct, frozen=True, gc=False):
    """The correlation `rule` holds for `group`, in the window that ends at `time_ms`.

    `group` has the names of `group_by` with their values; `value` is what was compared: a count, sum, …, for `absence`
    the milliseconds without an event. `since_ms` is the time of the first event that counts, `events` the ids of some
    that do: the first and the last few. `at_end`: it was decided because time was up, not by the event just told.
    """

    rule: str
    group: tuple[tuple[str, str], ...]
    value: float
    time_ms: int
    since_ms: int
    events: tuple[str, ...]
    at_end: bool = False


class Ended(msgspec.Struct, frozen=True, gc=False):
    """An absence is over: something came again at `time_ms`, or (`evicted`) the group had to make room for others."""

    rule: str
    group: tuple[tuple[str, str], ...]
    time_ms: int
    evicted: bool = False


Result = Raised | Ended


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of each correlation. Whoever writes the events chooses the keys, so that none may be missing."""

    lateness_ms: int = 10_000
    """An event may be told so much later than it happened; the caller clamps to it."""
    groups: int = 10_000
    """Beyond, the least recently active group of the node with the most groups goes."""
    share: float = 0.5
    """Of the groups, for one node while others have some too."""
    entries: int = 1_000_000
    """Times and values kept for all groups; beyond, groups go until a tenth is free."""
    kept: int = 1_000
    """Values kept for a group, or as many as its condition needs."""
    reorder: int = 100
    """An event that is older than so many of its group counts as being as old as the oldest of these."""
    events: int = 5
    """Ids told with what is raised: so many of the first, and of the last."""
