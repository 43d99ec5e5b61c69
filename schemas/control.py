"""Control messages: what people and hosts tell the engine, on `ops.control.<verb>` in the journal.

They are input like any other: the decisions that depend on them can be replayed.
"""

from typing import Annotated

import msgspec


class Halt(msgspec.Struct, frozen=True, kw_only=True, tag="halt", tag_field="kind"):
    """Stop acts until resumed: all (`scope` = `*`), or those on one target and what is locked with it, such as the
    replicas of a workload.
    """

    id: str
    by: str
    scope: str = "*"
    why: str = ""


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag="resume", tag_field="kind"):
    """End the halt of the same scope."""

    id: str
    by: str
    scope: str = "*"


class Approve(msgspec.Struct, frozen=True, kw_only=True, tag="approve", tag_field="kind"):
    """Let the command that waits under this id go, or with `deny` end its ladder."""

    id: str
    by: str
    command: str
    deny: bool = False


class Activate(msgspec.Struct, frozen=True, kw_only=True, tag="activate", tag_field="kind"):
    """From here on the rules are those of the bundle with this digest (in the object store `rules`)."""

    id: str
    by: str
    bundle: str


class Act(msgspec.Struct, frozen=True, kw_only=True, tag="act", tag_field="kind"):
    """A person asks for one verb, under the same guardrails and audit as a rule's step."""

    id: str
    by: str
    verb: str
    args: dict[str, str]
    why: str = ""


Control = Halt | Resume | Approve | Activate | Act


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick", tag_field="kind"):
    """Time passed. The host that steps a shard writes one at least every second while it lives, so a gap between
    ticks says, to every later replay too, that nobody was deciding then."""

    shard: str
    interval_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)]
