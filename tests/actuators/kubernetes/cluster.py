"""A stand-in cluster and an actuator on it, for one test: commands are made from the inventory, as the engine makes
them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from actuators.kubernetes.actuator import KubernetesActuator, build
from actuators.kubernetes.config import KubernetesConfig
from actuators.kubernetes.declaration import VERBS
from schemas.commands import Command, Origin
from schemas.plugins import ActuatorContext, Effect
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import shop

FAST: dict[str, Any] = {"poll_s": 0.002, "retry_s": 0.001, "stuck_s": 0.02, "quiet_s": 0.0}
_VERBS = {verb.name: verb for verb in VERBS}


class Site:
    """One server, and what is kept beside it; actuators come and go."""

    def __init__(self, server: KubernetesServer, folder: Path) -> None:
        self.server = server
        self.cluster = server.cluster
        self.shelf = Shelf()
        self._folder = folder
        self._kubeconfig = folder / "kubeconfig"
        self._kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="secret-of-the-test")), encoding="utf-8")

    @asynccontextmanager
    async def actuator(self, **config: Any) -> AsyncIterator[KubernetesActuator]:
        """An actuator in a hurry."""
        given = KubernetesConfig(kubeconfig=self._kubeconfig, **(FAST | config))
        context = ActuatorContext(scope="c1", state_dir=self._folder, now_ms=lambda: 0, evidence=self.shelf)
        actuator = await build(given, context)
        try:
            yield actuator
        finally:
            await actuator.close()


@asynccontextmanager
async def site(folder: Path, cluster: Cluster | None = None, **server: Any) -> AsyncIterator[Site]:
    """The shop at rest, or another cluster."""
    async with KubernetesServer(cluster or shop(), **server) as running:
        running.settle()
        yield Site(running, folder)


async def attributes(actuator: KubernetesActuator, target: str) -> dict[str, Any]:
    """What the inventory says of a target."""
    found = {each.id: each.attributes for each in await actuator.inventory()}
    return found[target]


async def command(actuator: KubernetesActuator, verb: str, target: str, by: str = "c1", **args: Any) -> Command:
    """As the engine resolves a step of a rule: on the inventory of this moment."""
    known = await attributes(actuator, target)
    spec = _VERBS[verb]
    filled = {name: known[attribute] for name, attribute in spec.absolute.items() if name not in args}
    return made(verb, target, {name: known.get(name) for name in spec.condition}, by, **(args | filled))


def made(verb: str, target: str, condition: dict[str, Any], by: str = "c1", **args: Any) -> Command:
    return Command(
        id=by,
        actuator="kubernetes",
        scope="c1",
        verb=verb,
        target=target,
        lock=target,
        args=args,
        condition=condition,
        issued_ms=0,
        deadline_ms=10**15,
        lease_ms=60_000,
        summary="a test",
        origin=Origin(kind="rule", name="Heal"),
        ladder="l1",
        step=0,
        attempt=0,
        cause=1,
        index=0,
    )


async def do(actuator: KubernetesActuator, verb: str, target: str, by: str = "c1", **args: Any) -> Effect:
    """Have the engine's command carried out."""
    return await actuator.execute(await command(actuator, verb, target, by, **args), open_gate)
