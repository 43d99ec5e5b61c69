"""Outcomes: what became of a command. They go back into the journal, and only they move a ladder."""

from typing import Any, Literal

import msgspec

from schemas.reasons import Reason

Status = Literal["succeeded", "failed", "refused", "expired", "conflict", "unknown"]
"""`conflict`: the command's condition did not hold, nothing was done. `unknown`: it cannot be known whether the effect
happened, and it was not repeated."""


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What would undo an effect: this verb on this target with these arguments, as long as the target's attributes are
    still these. The arguments are absolute: what the effect found, by its name."""

    verb: str
    target: str
    condition: dict[str, Any]
    args: dict[str, Any] = {}


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle in the object store `evidence`: its name there, the SHA-256 of its bytes in hex, and how many."""

    name: str
    sha256: str
    size: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome", tag_field="kind"):
    """The answer to one command; there is exactly one for each.

    `before` and `after` are the target's attributes around the effect; `observed` says that the effect was found done
    (an earlier claim had died) and was not repeated. Times are Unix milliseconds of the actuator's clock.
    """

    command: str
    actuator: str
    scope: str
    verb: str
    target: str
    status: Status
    executor: str
    started_ms: int
    finished_ms: int
    reason: Reason | None = None
    detail: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    observed: bool = False
    undo: Undo | None = None
    evidence: Evidence | None = None
