"""Where the claims about the verbs are tried: a namespace of its own on the stand-in, or on the cluster of the
kubeconfig that `REFLEXARC_KUBECONFIG` names. Whatever is asked of either goes over the API.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from actuators.kubernetes.actuator import KubernetesActuator, build
from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from actuators.kubernetes.resources import DEPLOYMENTS, NODES, PODS, STATEFUL_SETS
from actuators.kubernetes.rollout import is_ready, troubles
from schemas.cluster.api import ApiError
from schemas.kubernetes import Object, Resource
from schemas.outcomes import Undo
from schemas.plugins import ActuatorContext, Effect
from tests.actuators.kubernetes import survey
from tests.actuators.kubernetes.cluster import FAST, command, made
from tests.actuators.kubernetes.survey import BAD, GOOD, Survey, fit, surveyed
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server import KubernetesServer
from tests.kubernetes_server.objects import node, workload

REAL = os.environ.get("REFLEXARC_KUBECONFIG")
PATIENCE_S = survey.PATIENCE_S if REAL else 10
LOOK_S = 0.2 if REAL else 0.001
REAL_PACE: dict[str, Any] = {"poll_s": 0.3, "retry_s": 0.2, "stuck_s": 5.0, "quiet_s": 0.1}
__all__ = ["BAD", "BUDGETS", "GOOD", "QUOTAS", "REAL", "REAL_PACE", "Ground", "a_node", "ground"]
CONTAINER = "/spec/template/spec/containers/0"
IMAGE, ENV = f"{CONTAINER}/image", f"{CONTAINER}/env"
OTHER = [{"name": "VERSION", "value": "2"}]
"""The environment of another version: what differs needs no other image."""
BUDGETS = Resource("policy", "v1", "poddisruptionbudgets")
QUOTAS = Resource("", "v1", "resourcequotas")


class Ground:
    """One namespace, and an actuator that knows no other."""

    def __init__(self, api: Api, actuator: KubernetesActuator, shelf: Shelf, namespace: str, seen: Survey) -> None:
        self.api = api
        self.actuator = actuator
        self.shelf = shelf
        self.namespace = namespace
        self.seen = seen

    def needs(self, missing: str) -> None:
        """Skip the claim where this is missing: a sentence of the survey."""
        if missing:
            pytest.skip(missing)

    def id(self, kind: str, name: str) -> str:
        return f"{kind}:{self.namespace}/{name}"

    async def deploy(self, name: str, replicas: int = 2, image: str = GOOD, **spec: Any) -> str:
        """A deployment that is there and known; the id of the target."""
        self.needs(self.seen.pods)
        await self.declare(name, replicas, image, **spec)
        return await self.available(name, replicas)

    async def declare(self, name: str, replicas: int = 2, image: str = GOOD, **spec: Any) -> str:
        """A deployment that its controller has seen, whether or not there is a node for its pods."""
        manifest = workload(name, replicas, image, self.namespace, **spec)
        await self.make(DEPLOYMENTS, {**manifest, "apiVersion": "apps/v1", "kind": "Deployment"})
        target = self.id("deployment", name)
        await self.until(lambda: self._is(target, revision="1"), f"the first revision of {target}")
        return target

    async def serve(self, name: str, replicas: int, image: str = GOOD) -> str:
        """A statefulset that is there and known; the id of the target."""
        self.needs(self.seen.pods)
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
        return await self.api.post(resource.path(self.namespace), fit(manifest, self.seen.tolerations))

    async def patch(self, resource: Resource, name: str, path: str, value: Any) -> Object:
        return await self.api.patch(resource.path(self.namespace, name), [{"op": "add", "path": path, "value": value}])

    async def pods(self, app: str, **query: str) -> list[Object]:
        """In the order of their names, those that are ending too."""
        found: list[Object] = (await self.api.get(PODS.path(self.namespace), labelSelector=f"app={app}", **query))[
            "items"
        ]
        return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))

    async def living(self, app: str) -> list[Object]:
        """Those that are not ending."""
        return [pod for pod in await self.pods(app) if "deletionTimestamp" not in pod["metadata"]]

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
            pods = (await self.api.get(PODS.path(self.namespace)))["items"]
            told = "; ".join((f"waited {PATIENCE_S} s in vain for {what}", *troubles(pods)))
            raise AssertionError(told) from None

    async def _is(self, target: str, **wanted: Any) -> bool:
        return wanted.items() <= (await self.attributes(target)).items()

    async def _counted(self, app: str, replicas: int) -> bool:
        pods = await self.living(app)
        known = [await self.attributes(self.id("pod", pod["metadata"]["name"])) for pod in pods]
        return len(pods) == replicas and all(each.get("ready") for each in known)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """On the stand-in, or on a real cluster, where the namespace is removed at the end."""
    if REAL:
        async with _on(Path(REAL), folder, REAL_PACE, surveyed) as found:
            yield found
        return
    async with KubernetesServer() as server:
        for name in ("n0", "n1"):
            server.cluster.create("nodes", node(name))
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="planted-secret")), encoding="utf-8")
        async with _on(kubeconfig, folder, FAST, _of_the_stand_in) as found:
            yield found


async def _of_the_stand_in(_: Api) -> Survey:
    """It shows everything."""
    return Survey()


@asynccontextmanager
async def _on(
    kubeconfig: Path, folder: Path, pace: dict[str, Any], seen: Callable[[Api], Awaitable[Survey]]
) -> AsyncIterator[Ground]:
    api = Api(await client_of(KubernetesConfig(kubeconfig=kubeconfig)), 30)
    shelf = Shelf()
    try:
        found = await seen(api)
        async with survey.namespace(api) as namespace:
            config = KubernetesConfig(kubeconfig=kubeconfig, namespaces=(namespace,), **pace)
            context = ActuatorContext(scope="c1", state_dir=folder, now_ms=_now_ms, evidence=shelf)
            actuator = await build(config, context)
            try:
                yield Ground(api, actuator, shelf, namespace, found)
            finally:
                await actuator.close()
    finally:
        await api.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def a_node(found: Ground) -> str:
    """The name of a node that takes our pods, or else of one that nobody has cordoned."""
    nodes = [each for each in (await found.api.get(NODES.path()))["items"] if not each["spec"].get("unschedulable")]
    if not nodes:
        pytest.skip("the cluster has no node that is not cordoned")
    named = sorted(nodes, key=lambda each: (not is_ready(each), len(each["spec"].get("taints") or ())))
    return str(named[0]["metadata"]["name"])
