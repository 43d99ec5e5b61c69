"""A command on its way without an actuator around it, so that a test sets its time, its gate and what goes wrong."""

import asyncio
from typing import Any

from actuators.kubernetes.api import Api
from actuators.kubernetes.course import Course, Pace
from actuators.kubernetes.resources import Ref
from actuators.kubernetes.targets import attributes
from schemas.commands import Command
from schemas.kubernetes import Object
from tests.actuators.kubernetes.cluster import Site
from tests.actuators.site import open_gate
from tests.kubernetes_server import Faults, Request
from tests.kubernetes_server.faults import Fault

PACE = Pace(poll_s=0.002, retry_s=0.001, stuck_s=0.01)


class Sequel(Faults):
    """These faults, one after the other, and then none."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self._left = list(faults)

    def draw(self, request: Request) -> Fault:
        return self._left.pop(0) if self._left else "none"


class Nobody:
    """Knows nothing but what it is told."""

    def seen(self, ref: Ref, found: Object | None) -> None:
        """It forgets it."""

    def is_away(self, node: str) -> bool:
        return False

    def attributes(self, ref: Ref, found: Object) -> dict[str, Any]:
        return attributes(ref.kind, found)


def course(api: Api, given: Command, time_s: float) -> Course:
    """The command on its way, with so much time."""
    return Course(api, given, open_gate, PACE, asyncio.get_running_loop().time() + time_s, Nobody())


def uid(shop: Site, resource: str, name: str, namespace: str = "shop") -> dict[str, Any]:
    return {"uid": shop.cluster.get(resource, namespace, name)["metadata"]["uid"]}
