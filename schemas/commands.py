"""Commands: what the engine asks of an actuator, absolute and conditional.

The envelope's headers (`HEADER_*`) carry what is not part of the decision itself: who sent it, under which fencing
epoch, what in the journal caused it, and a signature over these, the subject and the exact payload bytes
(`schemas.signing`).
"""

import hashlib
from typing import Any, Literal

import msgspec

HEADER_ENGINE = "Reflexarc-Engine"
HEADER_EPOCH = "Reflexarc-Epoch"
HEADER_CAUSE = "Reflexarc-Cause"
HEADER_KEY_ID = "Reflexarc-Key-Id"
HEADER_SIGNATURE = "Reflexarc-Signature"

OriginKind = Literal["rule", "playbook", "control", "policy"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf: a rule (`group/name`), a playbook run, the person who sent a control message, or the policy."""

    kind: OriginKind
    name: str


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One act. The same `id` is the same act, however often it is delivered.

    `condition` must hold at the target (attribute name → value) for the effect to be permitted. After `deadline_ms`
    (Unix milliseconds) the command is answered `expired` and has no effect. A claim that is not renewed for `lease_ms`
    has lapsed. `summary` says in one line, for people, why it was sent. `cause` is the journal sequence of the message
    that led to the decision; with `index` it orders the commands of a target. So long after
    its effect as `revert_after_ms` says, the engine will ask for what undoes it. `service` is what the target serves.
    `acts_for` are the rules and playbooks within which `origin` runs, or whose act it undoes: their halts stop it too.
    """

    id: str
    actuator: str
    scope: str
    verb: str
    target: str
    lock: str
    args: dict[str, Any]
    condition: dict[str, Any]
    issued_ms: int
    deadline_ms: int
    lease_ms: int
    summary: str
    origin: Origin
    ladder: str
    step: int
    attempt: int
    cause: int
    index: int
    revert_after_ms: int | None = None
    service: str = ""
    acts_for: tuple[str, ...] = ()


def command_id(origin: Origin, target: str, onset: int, step: int, attempt: int, kind: str) -> str:
    """The digest that makes an act the same act again after a crash and in a replay: 32 hex digits."""
    parts = (origin.kind, origin.name, target, str(onset), str(step), str(attempt), kind)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
