"""Where the claims about the verbs are tried: a namespace of its own on the stand-in, or on the cluster of the
kubeconfig that `REFLEXARC_KUBECONFIG` names. Whatever is asked of either goes over the API.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from actuators.kubernetes.actuator import KubernetesActuator, build
from actuators.kubernetes.api import Api, ApiError
from actuators.kubernetes.config import KubernetesConfig, client_of
from actuators.kubernetes.resources import DEPLOYMENTS, NODES, PODS, STATEFUL_SETS
from schemas.kubernetes import Object, Resource
from schemas.outcomes import Undo
from schemas.plugins import ActuatorContext, Effect
from tests.actuators.kubernetes.cluster import FAST, command, made
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server import KubernetesServer
from tests.kubernetes_server.objects import node, workload

GOOD, OTHER, BAD = "registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.9", "registry.k8s.io/pause:bad"
REAL = os.environ.get("REFLEXARC_KUBECONFIG")
PATIENCE_S = 180 if REAL else 10
LOOK_S = 0.2 if REAL else 0.001
REAL_PACE: dict[str, Any] = {"poll_s": 0.3, "retry_s": 0.2, "stuck_s": 5.0, "quiet_s": 0.1}
BUDGETS = Resource("policy", "v1", "poddisruptionbudgets")
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)


class Ground:
    """One namespace, and an actuator that knows no other."""

    def __init__(self, api: Api, actuator: KubernetesActuator, shelf: Shelf, namespace: str) -> None:
        self.api = api
        self.actuator = actuator
        self.shelf = shelf
        self.namespace = namespace

    def id(self, kind: str, name: str) -> str:
        return f"{kind}:{self.namespace}/{name}"

    async def deploy(self, name: str, replicas: int = 2, image: str = GOOD, **spec: Any) -> str:
        """A deployment that is there and known; the id of the target."""
        manifest = workload(name, replicas, image, self.namespace, **spec)
        await self.make(DEPLOYMENTS, {**manifest, "apiVersion": "apps/v1", "kind": "Deployment"})
        return await self.available(name, replicas)

    async def serve(self, name: str, replicas: int, image: str = GOOD) -> str:
        """The same of a statefulset."""
        manifest = workload(name, replicas, image, self.namespace, serviceName=name)
        await self.make(STATEFUL_SETS, {**manifest, "apiVersion": "apps/v1", "kind": "StatefulSet"})
        return await self.available(name, replicas, "statefulset")

    async def available(self, name: str, replicas: int, kind: str = "deployment") -> str:
        target = self.id(kind, name)
        await self.until(
            lambda: self._is(target, available_replicas=replicas, ready_replicas=replicas), f"{replicas} of {target}"
        )
        await self.until(lambda: self._counted(name, replicas), f"{replicas} pods of {target} in the inventory")
        return target

    async def make(self, resource: Resource, manifest: Object) -> Object:
        return await self.api.post(resource.path(self.namespace), manifest)

    async def patch(self, resource: Resource, name: str, path: str, value: Any) -> Object:
        return await self.api.patch(resource.path(self.namespace, name), [{"op": "add", "path": path, "value": value}])

    async def pods(self, app: str, **query: str) -> list[Object]:
        """In the order of their names, those that are ending too."""
        found: list[Object] = (await self.api.get(PODS.path(self.namespace), labelSelector=f"app={app}", **query))[
            "items"
        ]
        return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))

    async def get(self, resource: Resource, name: str) -> Object | None:
        namespace = self.namespace if resource.namespaced else ""
        try:
            return await self.api.get(resource.path(namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def do(self, verb: str, target: str, by: str = "", **args: Any) -> Effect:
        """A command as the engine makes it, carried out."""
        given = await command(self.actuator, verb, target, by or secrets.token_hex(16), **args)
        return await self.actuator.execute(given, open_gate)

    async def undo(self, undo: Undo | None, *, known: bool = True) -> Effect:
        """As the engine does when `revert_after` is over: exactly what the outcome said, if it is `known` to hold."""
        assert undo is not None
        found = await self.attributes(undo.target)
        assert ({name: found.get(name) for name in undo.condition} == undo.condition) == known
        given = made(undo.verb, undo.target, undo.condition, secrets.token_hex(16), **undo.args)
        return await self.actuator.execute(given, open_gate)

    async def attributes(self, target: str) -> dict[str, Any]:
        """What the inventory says of the target; nothing where there is none."""
        found = {each.id: each.attributes for each in await self.actuator.inventory()}
        return found.get(target, {})

    async def until(self, holds: Callable[[], Awaitable[Any]], what: str) -> None:
        """Wait until it is so; each look is a request, by which the stand-in goes on."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await holds():
                    await self.api.get(PODS.path(self.namespace), limit="1")
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE_S} s in vain for {what}") from None

    async def _is(self, target: str, **wanted: Any) -> bool:
        return wanted.items() <= (await self.attributes(target)).items()

    async def _counted(self, app: str, replicas: int) -> bool:
        pods = [each for each in await self.pods(app) if not each["metadata"].get("deletionTimestamp")]
        known = [await self.attributes(self.id("pod", pod["metadata"]["name"])) for pod in pods]
        return len(pods) == replicas and all(each.get("ready") for each in known)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """On the stand-in, or on a real cluster, where the namespace is removed at the end."""
    if REAL:
        async with _on(Path(REAL), f"reflexarc-test-{secrets.token_hex(4)}", folder, REAL_PACE) as found:
            yield found
        return
    async with KubernetesServer() as server:
        for name in ("n0", "n1"):
            server.cluster.create("nodes", node(name))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="planted-secret")), encoding="utf-8")
        async with _on(kubeconfig, "claims", folder, FAST) as found:
            yield found


@asynccontextmanager
async def _on(kubeconfig: Path, namespace: str, folder: Path, pace: dict[str, Any]) -> AsyncIterator[Ground]:
    config = KubernetesConfig(kubeconfig=kubeconfig, namespaces=(namespace,), **pace)
    api = Api(await client_of(config), 30)
    about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    await api.post(NAMESPACES.path(), about)
    shelf = Shelf()
    actuator = await build(config, ActuatorContext(scope="c1", state_dir=folder, now_ms=lambda: 0, evidence=shelf))
    try:
        yield Ground(api, actuator, shelf, namespace)
    finally:
        await actuator.close()
        await api.delete(NAMESPACES.path("", namespace), {})
        await api.close()


async def a_node(found: Ground) -> str:
    """The name of a node that takes pods."""
    nodes = (await found.api.get(NODES.path()))["items"]
    return next(str(each["metadata"]["name"]) for each in nodes if not each["spec"].get("unschedulable"))


def text_of(effect: Effect) -> str:
    """All that is told of it."""
    return json.dumps([dict(effect.before), dict(effect.after), effect.detail])
