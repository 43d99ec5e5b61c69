"""What detection is made of once Sigma's syntax is behind us: log sources, conditions, correlations.

`engine.sigma.parse` makes these of rule files, `engine.sigma.matcher` and `engine.sigma.correlate` run them. They
are plain data, so that a bundle or a snapshot holds them, and whoever decodes one needs no parser.
"""

from typing import Literal

import msgspec

MANY = 1
"""In a pattern: any number of characters, none too (`*`)."""
ONE = 0
"""In a pattern: any one character (`?`)."""

Pattern = tuple[str | int, ...]
"""Literal pieces and wildcards in order: `("\\\\cmd", MANY, ".exe")`. No two literals, no two MANY side by side."""


class LogSource(msgspec.Struct, frozen=True, array_like=True):
    """What a rule looks at, or what an event is: Sigma's log source, in lower case. In a rule "" stands for any."""

    product: str = ""
    category: str = ""
    service: str = ""


class _Node(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A part of a condition. `field` names what is tested: `a.b` is the key `a.b` or, failing that, `b` in `a`; `x|y`
    is the first of them that the event has. Where the value is a list, one of its items suffices. Text is compared
    without regard to case unless `cased`.
    """


class And(_Node, frozen=True, array_like=True, tag="and"):
    """All of them; true of none."""

    of: "tuple[Node, ...]"


class Or(_Node, frozen=True, array_like=True, tag="or"):
    """One of them; false of none."""

    of: "tuple[Node, ...]"


class Not(_Node, frozen=True, array_like=True, tag="not"):
    of: "Node"


class Text(_Node, frozen=True, array_like=True, tag="text"):
    """The whole value, as text, fits the pattern. Numbers and booleans are compared as JSON writes them."""

    field: str
    pattern: Pattern
    cased: bool = False


class Keyword(_Node, frozen=True, array_like=True, tag="keyword"):
    """Some value of the event, at any depth, holds the pattern somewhere in it."""

    pattern: Pattern
    cased: bool = False


class Number(_Node, frozen=True, array_like=True, tag="number"):
    """The value is this number, or text that reads so."""

    field: str
    value: int | float


class Compare(_Node, frozen=True, array_like=True, tag="compare"):
    """The value is a number, or text that reads as one, and compares so."""

    field: str
    op: Literal["lt", "lte", "gt", "gte", "neq"]
    value: int | float


class Regexp(_Node, frozen=True, array_like=True, tag="regexp"):
    """The expression (RE2 syntax, flags inline) is found in the value; with no field, in some value of the event."""

    field: str
    expression: str


class Cidr(_Node, frozen=True, array_like=True, tag="cidr"):
    """The value is an address in the network."""

    field: str
    network: str


class SameAs(_Node, frozen=True, array_like=True, tag="same_as"):
    """The value equals, begins with, ends with or contains that of another field of the event (`fieldref`)."""

    field: str
    other: str
    how: Literal["equals", "startswith", "endswith", "contains"] = "equals"
    cased: bool = False


class Exists(_Node, frozen=True, array_like=True, tag="exists"):
    """The event has the field, whatever it holds, or has it not."""

    field: str
    present: bool = True


class Null(_Node, frozen=True, array_like=True, tag="null"):
    """The event has no such field, or null in it."""

    field: str


class TimePart(_Node, frozen=True, array_like=True, tag="time_part"):
    """Of a point in time, this part (RFC 3339, or Unix seconds; UTC) has the value."""

    field: str
    part: Literal["minute", "hour", "day", "week", "month", "year"]
    value: int


Node = And | Or | Not | Text | Keyword | Number | Compare | Regexp | Cidr | SameAs | Exists | Null | TimePart


class Detection(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="detection"):
    """What the events of a log source are asked."""

    logsource: LogSource
    condition: Node


CorrelationType = Literal[
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
    "absence",
]


class Threshold(msgspec.Struct, frozen=True, array_like=True):
    """One comparison; a correlation's condition is all of its comparisons."""

    op: Literal["lt", "lte", "gt", "gte", "eq", "neq"]
    value: int | float


class Correlation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="correlation"):
    """What is asked of many events over time.

    `rules` are ids of rules, detections or other correlations. `group_by` are fields, or names in `aliases`: alias →
    rule id → field. `fields` are those whose values are counted or summed. `absence` (ours, not Sigma's): of a group
    that was seen, nothing came for `timespan_ms`. `nested`: for `temporal` types, a condition over the rules (Sigma 2.1
    extended temporal correlation) as `And`, `Or`, `Not` of `Text(field="", pattern=(rule id,))`.
    """

    type: CorrelationType
    rules: tuple[str, ...]
    timespan_ms: int
    group_by: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    thresholds: tuple[Threshold, ...] = ()
    fields: tuple[str, ...] = ()
    percentile: float = 50.0
    nested: Node | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a Sigma rule says of itself, for people."""

    title: str
    level: str = ""
    status: str = ""
    description: str = ""
    author: str = ""
    date: str = ""
    modified: str = ""
    tags: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class SigmaRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a Sigma file: a detection or a correlation.

    `id` is the file's own, or a digest of what it says. `line` is where its document begins. `raises`: whether it
    makes alerts of its own, which a rule that only a correlation refers to does not (unless it says `generate`).
    """

    id: str
    about: About
    does: Detection | Correlation
    path: str
    line: int
    raises: bool = True
