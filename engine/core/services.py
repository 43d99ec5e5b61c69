"""Services as the inventory has them: how many replicas each has, how many of those are healthy, and where they run."""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.inventory import Inventory, Target


class Health(NamedTuple):
    """So many of its replicas are healthy, out of so many."""

    healthy: int
    replicas: int


def service_of(target: Target) -> str:
    """What the target serves: as it says, or what is locked with it."""
    return target.service or target.lock


def count_services(inventory: Mapping[str, Inventory]) -> dict[str, Health]:
    """The health of each service over all scopes. Replicas that are targets of their own are counted with their owner,
    where that is a target too."""
    found: dict[str, Health] = {}
    for each in inventory.values():
        known = {target.id for target in each.targets}
        for target in each.targets:
            if target.replicas > 0 and target.owner not in known:
                name = service_of(target)
                healthy, replicas = found.get(name, (0, 0))
                found[name] = Health(healthy + max(target.healthy, 0), replicas + target.replicas)
    return found


Hosted = Mapping[tuple[str, str], Mapping[str, int]]
"""How many healthy replicas of each service run on a target, by the inventory that it is in and its id."""


def count_hosted(inventory: Mapping[str, Inventory]) -> Hosted:
    """Of the targets of which it is known what they host; on one that hosts nothing there is nothing of any service."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for key, each in inventory.items():
        found |= {(key, target.id): {} for target in each.targets if target.hosts}
        for target in each.targets:
            if target.on and target.healthy > 0 and (services := found.get((key, target.on))) is not None:
                name = service_of(target)
                services[name] = services.get(name, 0) + target.healthy
    return found
