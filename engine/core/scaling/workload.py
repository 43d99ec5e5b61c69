"""What there is of a workload, from the inventory: how many replicas it is asked to have, and how these are.

The target has the attribute `replicas`: how many it is asked to have. Where the inventory lists the replicas too, as
targets `replica:…` or `pod:…` that it owns or of its lock, each is looked at: whether it is healthy, where the actuator
counts that, else whether its `state` is `running`. Otherwise the target's own count of those that are healthy tells.
"""

from typing import Any, NamedTuple

from engine.core.resolve import SCOPE, Refusal, owner
from engine.core.scaling.replicas import Counts
from engine.core.scaling.rule import ScaleRule
from engine.core.state import State
from engine.core.targets import Member, Owned
from engine.core.verbs import chosen
from schemas.inventory import Target
from schemas.reasons import Reason

STALE_MS = 180_000
"""An actuator publishes its inventory every minute at least: one as old as this says nothing of now."""

_MEMBERS = frozenset({"replica", "pod"})


class Workload(NamedTuple):
    """A target and its replicas. `members` is None where the inventory does not list them."""

    owned: Owned
    counts: Counts
    members: tuple[Member, ...] | None
    seen_ms: int


def read(state: State, rule: ScaleRule) -> Workload | Refusal:
    """The rule's workload as of the newest inventory, or why it cannot be told."""
    verb = chosen(state.program.verbs, rule.verb, rule.args)
    if verb is None:
        return Refusal(Reason.UNKNOWN_VERB, f"{rule.verb!r}")
    owned = owner(state, verb, rule.target, rule.args.get(SCOPE))
    if isinstance(owned, Refusal):
        return owned
    seen_ms = state.inventory_ms.get(f"{owned.actuator}/{owned.scope}", state.now_ms)
    if state.now_ms - seen_ms >= STALE_MS:
        return Refusal(Reason.STALE_INVENTORY, f"of {(state.now_ms - seen_ms) // 1000} s ago")
    wanted = _number(owned.target.attributes.get("replicas"))
    if wanted is None:
        return Refusal(Reason.NO_DATA, f"the inventory does not say how many replicas {rule.target} has")
    members = _members(state, owned)
    return Workload(owned, _counts(owned, wanted, members), members, seen_ms)


def _counts(owned: Owned, wanted: int, members: tuple[Member, ...] | None) -> Counts:
    target = owned.target
    if members is not None:
        return Counts(wanted, len(members), sum(member.ready for member in members))
    return Counts(wanted, target.replicas, target.healthy) if target.replicas else Counts(wanted, wanted, wanted)


def _members(state: State, owned: Owned) -> tuple[Member, ...] | None:
    if state.members_of is not state.targets:
        state.members, state.members_of = _by_owner(state), state.targets
    where, target = (owned.actuator, owned.scope), owned.target
    return state.members.get((*where, target.id)) or state.members.get((*where, target.lock))


def _by_owner(state: State) -> dict[tuple[str, str, str], tuple[Member, ...]]:
    found: dict[tuple[str, str, str], list[Member]] = {}
    for inventory in state.inventory.values():
        for target in inventory.targets:
            kind, _, name = target.id.partition(":")
            if kind in _MEMBERS:
                member = Member(name.rpartition("/")[2], target.attributes, _is_ready(target))
                whose = target.owner or target.lock
                found.setdefault((inventory.actuator, inventory.scope, whose), []).append(member)
    return {whose: tuple(members) for whose, members in found.items()}


def _is_ready(target: Target) -> bool:
    if target.replicas:
        return target.healthy >= target.replicas
    return str(target.attributes.get("state", "running")) == "running"


def _number(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None
