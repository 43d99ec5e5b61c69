"""Targets as the inventory has them: who owns each, and the replicas of a workload."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.inventory import Inventory, Target


class Member(NamedTuple):
    """One replica of a workload: the name that its target has there, and what its actuator says of it."""

    name: str
    attributes: Mapping[str, Any]
    ready: bool


class Owned(NamedTuple):
    """A target with the actuator and scope that own it."""

    target: Target
    actuator: str
    scope: str

    @property
    def owner(self) -> str:
        """The key of the inventory that it is in."""
        return f"{self.actuator}/{self.scope}"


def index_targets(inventory: Mapping[str, Inventory]) -> dict[str, tuple[Owned, ...]]:
    """Who owns each target id; more than one where several scopes use the same name."""
    targets: dict[str, tuple[Owned, ...]] = {}
    for owner in inventory.values():
        for target in owner.targets:
            targets[target.id] = (*targets.get(target.id, ()), Owned(target, owner.actuator, owner.scope))
    return targets
