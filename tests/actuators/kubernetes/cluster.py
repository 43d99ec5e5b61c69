"""A stand-in cluster and an actuator on it, for one test: commands are made from the inventory, as the engine makes
them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from actuators.kubernetes.actuator import KubernetesActuator, build
from actuators.kubernetes.config import KubernetesConfig
from actuators.kubernetes.declaration import VERBS
from actuators.kubernetes.revisions import number_of
from schemas.commands import Command, Origin
from schemas.inventory import Target
from schemas.plugins import ActuatorContext, Effect
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import shop
from tests.kubernetes_server.owning import children, owner_of

FAST: dict[str, Any] = {"poll_s": 0.002, "retry_s": 0.001, "stuck_s": 0.02, "quiet_s": 0.0}
PATIENCE_S = 10
_VERBS = {verb.name: verb for verb in VERBS}


class Site:
    """One server, and what is kept beside it; actuators come and go."""

    def __init__(self, server: KubernetesServer, folder: Path) -> None:
        self.server = server
        self.cluster = server.cluster
        self.shelf = Shelf()
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="secret-of-the-test")), encoding="utf-8")

    async def known(self, actuator: KubernetesActuator) -> None:
        """Wait until the actuator knows the cluster as it is now."""
        changes = actuator.changes()
        async with asyncio.timeout(PATIENCE_S), aclosing(changes):
            while self._there() != _known(await actuator.inventory()):
                await anext(changes)

    def _there(self) -> set[tuple[str, str | None]]:
        """The uids of all that are targets, with the newest revision of those that have any."""
        found: set[tuple[str, str | None]] = {
            (each["metadata"]["uid"], None) for plural in ("pods", "nodes") for each in self.cluster.all(plural)
        }
        for plural in ("deployments", "statefulsets", "daemonsets"):
            for each in self.cluster.all(plural):
                source = "replicasets" if plural == "deployments" else "controllerrevisions"
                kept = children(self.cluster, source, {**each, "spec": {"selector": each["spec"]["selector"]}})
                found.add((each["metadata"]["uid"], str(max(number_of(one) or 0 for one in kept))))
        sets = self.cluster.all("replicasets")
        return found | {(each["metadata"]["uid"], None) for each in sets if owner_of(each) is None}

    @asynccontextmanager
    async def actuator(self, **config: Any) -> AsyncIterator[KubernetesActuator]:
        """An actuator in a hurry."""
        given = KubernetesConfig(kubeconfig=self.kubeconfig, **(FAST | config))
        context = ActuatorContext(scope="c1", state_dir=self.folder, now_ms=lambda: 0, evidence=self.shelf)
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


def _known(targets: Iterable[Target]) -> set[tuple[str, str | None]]:
    found = [each.attributes for each in targets if not each.id.startswith("isolated-")]
    return {(each["uid"], each.get("revision")) for each in found}


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
