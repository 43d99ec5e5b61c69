"""What there is to act on: the targets that an actuator service owns, and their state as it last saw it.

An actuator publishes its whole inventory to `ops.inventory.<node>` on every change and at least every minute; the
newest message of a (node, actuator) replaces the one before. Commands are resolved against it, so that they say
`restart if generation = 7` and never `restart`.
"""

from typing import Any, Literal

import msgspec

Disruption = Literal["all", "one", "fewer", "hosted", "none"]
"""Of a target's replicas a verb interrupts all at once, one after the other, those beyond its argument `replicas`, or
none; `hosted`: those of any service that run on the target."""


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that verbs act on.

    `id` is `<kind>:<name>`, such as `workload:shop` or `replica:shop/0`. Targets with the same `lock` are changed one
    command at a time. `attributes` are what conditions and absolute arguments are taken from.

    What is, or runs, replicas of a service says of how many it stands, and how many of these are healthy: what bounds
    acts counts by that. `service` is what people call it, by default the lock; `owner` the target that counts the same
    replicas as a whole, such as the deployment of a pod. `on` is the target that a replica runs on, such as a node,
    where it goes when that is emptied; which `hosts` is known of a target where each that runs on it says so.
    """

    id: str
    lock: str
    attributes: dict[str, Any]
    protected: bool = False
    service: str = ""
    owner: str = ""
    replicas: int = 0
    healthy: int = 0
    on: str = ""
    hosts: bool = False


class Inventory(msgspec.Struct, frozen=True, kw_only=True, tag="inventory", tag_field="kind"):
    """All targets of one actuator on one scope (a node or a cluster). `believes` are the ids of the keys of those
    engines whose commands it takes: one whose key is not among them can do nothing here."""

    actuator: str
    scope: str
    targets: tuple[Target, ...]
    believes: tuple[str, ...] | None = None
    """None where the actuator does not say."""
