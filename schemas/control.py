"""Control messages: what people and hosts tell the engine, on `ops.control.<verb>.<by>` in the journal. Who that is the
server authorises by the subject; a message that says otherwise is refused.

They are input like any other: the decisions that depend on them can be replayed.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec


class Halt(msgspec.Struct, frozen=True, kw_only=True, tag="halt", tag_field="kind"):
    """Stop acts until resumed: all (`scope` = `*`), those on one target and what is locked with it, such as replicas
    of a workload, those of a rule or playbook (`rule:NAME`) with all that it runs and undoes, or those on a service
    (`service:NAME`).
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


class Emergency(msgspec.Struct, frozen=True, kw_only=True, tag="emergency", tag_field="kind"):
    """From here on only people act, and the rules that the policy lists for it; everybody is told. `over` ends it."""

    id: str
    by: str
    why: str = ""
    over: bool = False


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


class Play(msgspec.Struct, frozen=True, kw_only=True, tag="play", tag_field="kind"):
    """Run a playbook, the newest `version` of it where none is given. `dry_run` only says what would be done."""

    id: str
    by: str
    playbook: str
    params: dict[str, str] = {}
    version: int | None = None
    dry_run: bool = False
    why: str = ""


class Abort(msgspec.Struct, frozen=True, kw_only=True, tag="abort", tag_field="kind"):
    """End the run of a playbook at its next step, and compensate for what it has done."""

    id: str
    by: str
    run: str
    why: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True, tag="act", tag_field="kind"):
    """A person asks for one verb, under the same guardrails and audit as a rule's step."""

    id: str
    by: str
    verb: str
    args: dict[str, str]
    why: str = ""


Control = Halt | Resume | Emergency | Approve | Activate | Act | Play | Abort


def halt_scopes(target: str, lock: str, rules: Iterable[str], service: str) -> tuple[str, ...]:
    """The scopes of the halts that stop an act. `rules` are those on whose behalf it is; each may begin with its
    group."""
    of_rules = (f"rule:{name}" for rule in rules for name in (rule, rule.rpartition("/")[2]))
    return ("*", target, lock, *of_rules, f"service:{service}")


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick", tag_field="kind"):
    """Time passed. The host that steps a shard writes one at least every second while it lives, so a gap between
    ticks says, to every later replay too, that nobody was deciding then."""

    shard: str
    interval_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)]
