"""An event in the words of alerts: its fields as labels, and the whole of it in short."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from engine.core.detector import label_name
from engine.sigma.fields import MISSING
from schemas.events import Event

MOST_FIELDS = 1_000
LONGEST_NAME = 200
"""Fields beyond are no labels, nor are those of longer names: nobody asks for them, and they would be remembered."""
LONGEST = 1_000
"""Characters of a field that templates get to see, and of an event that is told with its alert."""


class Seen:
    """One event with what is made of it for whoever it fits. `place` is that in the journal: `4711.2` is the third
    event of message 4711, which names it better than an id that its publisher chose.
    """

    def __init__(self, event: Event, place: str, data: Mapping[str, Any], node: str) -> None:
        self.event = event
        self.place = place
        self.node = node
        self.data = {**data, "node": node}

    @cached_property
    def element(self) -> dict[str, str]:
        """What templates know as `$labels`: the fields but for objects, and the node, whatever a field says."""
        named = [(name, value) for name, value in self.data.items() if not isinstance(value, dict)]
        short = [each for each in named if len(each[0]) <= LONGEST_NAME][:MOST_FIELDS]
        return {label_name(name): as_text(value) for name, value in short} | {"node": self.node}

    @cached_property
    def summary(self) -> str:
        """The whole of it in short."""
        return summary_of(self.data)


def as_text(value: Any) -> str:
    """A value as a label has it; empty where there is none."""
    if isinstance(value, str):
        return value[:LONGEST]
    if value is MISSING or value is None:
        return ""
    return msgspec.json.encode(value).decode()[:LONGEST]


def summary_of(data: Mapping[str, Any]) -> str:
    """The event's message, or where it has none all of it; in one line."""
    message = data.get("message")
    return " ".join(as_text(message if isinstance(message, str) and message else data).split())
