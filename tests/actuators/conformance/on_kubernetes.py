"""The actuator `kubernetes`: a small cluster behind an API server, which knows what each request has changed."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from actuators.kubernetes import SPEC
from schemas.plugins import Actuator, ActuatorSpec
from tests.actuators.conformance.harness import Case
from tests.actuators.kubernetes.cluster import Site
from tests.actuators.kubernetes.scenarios import QUARANTINE, changed, ended, isolation_effect
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import node, pod, workload
from tests.kubernetes_server.owning import edit
from tests.kubernetes_server.state import Applied, Object

_EFFECTS: Mapping[str, Callable[[Applied], str | None]] = {
    "restart": changed("template"),
    "scale": changed("replicas"),
    "rollback": changed("template"),
    "evict": ended,
    "delete_pod": ended,
    "cordon": changed("unschedulable"),
    "uncordon": changed("unschedulable"),
    "drain": changed("unschedulable"),
    "isolate": isolation_effect,
    "release": isolation_effect,
}
_ROLLED = ("deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent")
_SCALED = ("deployment:shop/web", "statefulset:shop/db", "replicaset:shop/solo")
_FREE = ("deployment:shop/web", "statefulset:shop/db", "pod:shop/loose")
_ISOLATED = ("deployment:shop/cut", "statefulset:shop/cutdb", "pod:shop/cutpod")


def _cases() -> dict[str, Case]:
    found = [Case("restart", target, changes={"generation": 3}) for target in _ROLLED]
    found += [Case("scale", target, {"replicas": 3}, changes={"replicas": 3}, undone=True) for target in _SCALED]
    found += [Case("rollback", target, changes={"revision": "3"}, undone=True) for target in _ROLLED]
    found += [Case("evict", "pod:shop/loose"), Case("delete_pod", "pod:shop/loose")]
    found += [Case("cordon", "node:n0", changes={"unschedulable": True}, undone=True)]
    found += [Case("uncordon", "node:n2", changes={"unschedulable": False})]
    found += [Case("drain", "node:n1", changes={"unschedulable": True}, undone=True)]
    found += [Case("isolate", target, changes={"isolated": True}, undone=True) for target in _FREE]
    found += [Case("release", f"isolated-{target}") for target in _ISOLATED]
    found += [Case("collect", "deployment:shop/web")]
    return {f"{case.verb} {case.target.partition(':')[0]}": case for case in found}


class KubernetesHarness:
    """Everything that a verb may want is there from the start: two revisions, what is isolated, a cordoned node."""

    spec: ClassVar[ActuatorSpec] = SPEC
    cases: ClassVar[Mapping[str, Case]] = _cases()

    def __init__(self, folder: Path) -> None:
        self._server = KubernetesServer(_world().copy())
        self._folder = folder

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self._site = Site(self._server, self._folder)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.__aexit__(None, None, None)

    @asynccontextmanager
    async def actuator(self) -> AsyncIterator[Actuator]:
        async with self._site.actuator() as built:
            yield built

    def effects(self, case: Case, command: str) -> int:
        """How often that happened most often which a command does once: an isolation is a mark and a policy."""
        if case.verb == "collect":
            return list(self._site.shelf.bundles).count(command)
        mine = [each for each in self._server.cluster.applied if f"(command {command})" in each.agent]
        counted = Counter(name for each in mine if (name := _EFFECTS[case.verb](each)))
        return max(counted.values(), default=0)


@cache
def _world() -> Cluster:
    """At rest, and so small that it is so again soon."""
    cluster = Cluster()
    cluster.create("namespaces", {"metadata": {"name": "shop"}})
    for name in ("n0", "n1", "n2"):
        cluster.create("nodes", node(name))
    for name, resource, replicas in (
        ("web", "deployments", 1),
        ("db", "statefulsets", 1),
        ("agent", "daemonsets", None),
        ("solo", "replicasets", 1),
        ("cut", "deployments", 1),
        ("cutdb", "statefulsets", 1),
    ):
        cluster.create(resource, workload(name, replicas))
    for name in ("loose", "cutpod"):
        cluster.create("pods", pod(name, on="n0"))
    KubernetesServer(cluster).settle()
    for name, resource in (("web", "deployments"), ("db", "statefulsets"), ("agent", "daemonsets")):
        edit(cluster, resource, cluster.get(resource, "shop", name), _deploy)
    for name, resource in (("cut", "deployments"), ("cutdb", "statefulsets"), ("cutpod", "pods")):
        edit(cluster, resource, cluster.get(resource, "shop", name), _isolate)
        cluster.create("networkpolicies", {"metadata": {"name": f"reflexarc-{name}"}, "spec": {}}, "shop")
    edit(cluster, "nodes", cluster.get("nodes", "", "n2"), lambda found: found["spec"].update(unschedulable=True))
    KubernetesServer(cluster).settle()
    return cluster


def _deploy(found: Object) -> None:
    found["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"


def _isolate(found: Object) -> None:
    """As an earlier command, which has the object's name as its id, left it."""
    meta: dict[str, Any] = found["metadata"]
    kept = {"reflexarc.io/labels-before": json.dumps(meta["labels"])} if found["kind"] == "Pod" else {}
    meta["annotations"] = {**meta.get("annotations", {}), QUARANTINE: meta["name"], **kept}
    if found["kind"] == "Pod":
        meta["labels"] = {QUARANTINE: meta["name"]}
