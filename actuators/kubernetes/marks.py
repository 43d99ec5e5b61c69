"""The marks that commands leave on what they change: in one annotation, the ids of the last ones with what was before.

A mark is written by the same request as the change, so that there is never one without the other. Pure.
"""

from typing import Any

import msgspec

from actuators.kubernetes.resources import annotations_of
from schemas.kubernetes import Object

COMMANDS = "reflexarc.io/commands"
"""The marks, newest last, as JSON."""
COMMAND = "reflexarc.io/command"
"""On a pod template: the command that restarted it."""
CORDONED_BY = "reflexarc.io/cordoned-by"
"""On a node: the command that cordoned it."""
QUARANTINE = "reflexarc.io/quarantine"
"""As an annotation, the command that isolated the object; as a label of a pod too, for a NetworkPolicy to select."""
LABELS_BEFORE = "reflexarc.io/labels-before"
"""On an isolated pod: the labels that it had, as JSON."""
BEFORE = "reflexarc.io/before"
"""On the event about a pod that was ended: its attributes until then, as JSON."""
PROTECTED = "reflexarc.io/protected"
"""On anything, set by people: `true` keeps it from being acted on."""
KEPT = 8


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the command's. `before` are the target's attributes then; `note` is what the verb has to remember."""

    id: str
    verb: str
    before: dict[str, Any] = {}
    note: dict[str, Any] = {}


def marks(found: Object) -> list[Mark]:
    """Those on the object; none where people wrote something else there."""
    try:
        return msgspec.json.decode(annotations_of(found).get(COMMANDS, "[]"), type=list[Mark])
    except msgspec.MsgspecError:
        return []


def mark_of(found: Object, command: str) -> Mark | None:
    return next((mark for mark in marks(found) if mark.id == command), None)


def marked(found: Object, mark: Mark) -> dict[str, str]:
    """The object's annotations with one more mark."""
    kept = [*marks(found), mark][-KEPT:]
    return {**annotations_of(found), COMMANDS: msgspec.json.encode(kept).decode()}
