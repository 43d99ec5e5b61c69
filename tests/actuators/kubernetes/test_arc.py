"""The whole arc on a cluster, on a real bus: the collector's watches, the rules, the guardrails, the acts, and what is
said of them. On the stand-in, or on the cluster of the kubeconfig that `REFLEXARC_KUBECONFIG` names.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actuators.kubernetes import SPEC
from actuators.kubernetes.config import KubernetesConfig
from actuators.kubernetes.resources import DEPLOYMENTS, NODES, PODS
from collectors.kubernetes import SPEC as COLLECTOR
from collectors.kubernetes.config import KubernetesConfig as Followed
from engine.cli.history import Happening, read_audit
from engine.runtime.bus import Bus
from schemas.audit import EntryKind
from schemas.reasons import Reason
from tests.actuators.kubernetes.cluster import FAST
from tests.actuators.kubernetes.ground import BAD, GOOD, IMAGE, REAL, REAL_PACE, Ground, ground
from tests.collectors.kubernetes.site import FAST as TOLD_FAST
from tests.conftest import ServerUnderTest
from tests.kubernetes_server.objects import pod
from tests.runtime.roles import actuator_of, agent, engine

DEPLOYMENT = '{namespace: "{{ $labels.namespace }}", deployment: "{{ $labels.deployment }}"}'
SELECTED = 'namespace="{{ $labels.namespace }}", deployment="{{ $labels.deployment }}"'
HEALS = f"""
groups:
  - name: cluster
    rules:
      - alert: DeploymentUnavailable
        expr: kube_deployment_status_replicas_unavailable > 0
        for: 1s
        keep_firing_for: 10s  # a rollout begins by ending what is stuck: for a moment nothing is missing
      - heal: MendDeployment
        alert: DeploymentUnavailable
        mode: auto
        steps:
          - restart: {DEPLOYMENT}
            verify: {{expr: 'kube_deployment_status_replicas_unavailable{{{SELECTED}}} == 0', within: 15s}}
          - rollback: {DEPLOYMENT}
            verify: {{expr: 'kube_deployment_status_replicas_unavailable{{{SELECTED}}} == 0', within: 60s}}
"""
ENDS = """
groups:
  - name: cluster
    rules:
      - alert: PodWanted
        expr: kube_pod_labels{label_wanted="elsewhere"} == 1
      - heal: EvictPod
        alert: PodWanted
        mode: auto
        steps:
          - evict: {namespace: "{{ $labels.namespace }}", pod: "{{ $labels.pod }}", grace_period_s: "1"}
"""
BOUNDS = """
blast_radius:
  - {max: 50%, within: 1h}
"""
SCALES = """
groups:
  - name: cluster
    rules:
      - scale: Workers
        target: {{namespace: {namespace}, deployment: web}}
        min: 1
        max: 4
        metrics: [{{expr: 'count(kube_pod_info{{namespace="{namespace}", pod=~"job-.*"}})', average_target: 2}}]
        mode: auto
"""

MOVES = """
groups:
  - name: cluster
    rules:
      - alert: NodeAway
        expr: kube_node_status_condition{condition="Ready", status="true"} == 0
      - heal: DrainNode
        alert: NodeAway
        mode: auto
        steps:
          - drain: {node: "{{ $labels.node }}"}
            verify: {expr: 'sum(kube_deployment_status_replicas_available) == 4', within: 30s}
"""


class Arc:
    """An agent, an engine and an actuator service at work on one namespace."""

    def __init__(self, place: Ground, bus: Bus) -> None:
        self.place = place
        self._bus = bus

    async def until(self, count: int, of: Reason | EntryKind) -> list[Happening]:
        """Wait until the audit has so many entries of this reason or kind; all that it has."""

        async def holds() -> bool:
            audit = await read_audit(self._bus)
            return sum(of in (each.entry.reason, each.entry.kind) for each in audit) >= count

        try:
            await self.place.until(holds, f"{count} times {of} in the audit")
        except AssertionError as error:
            error.add_note("\n".join(map(str, await read_audit(self._bus))))
            raise
        return await read_audit(self._bus)


@asynccontextmanager
async def arc(
    server: ServerUnderTest, bus: Bus, folder: Path, rules: Callable[[str], str], policy: str = ""
) -> AsyncIterator[Arc]:
    """Every role, each on a connection of its own, with `rules` for the namespace."""
    (folder / "rules").mkdir()
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(ground(folder))
        cluster: dict[str, Any] = {"kubeconfig": REAL or folder / "kubeconfig", "namespaces": (place.namespace,)}
        (folder / "rules" / "cluster.yaml").write_text(rules(place.namespace), encoding="utf-8")
        if policy:
            (folder / "rules" / "policy.yaml").write_text(policy, encoding="utf-8")
        followed = Followed(**cluster, **TOLD_FAST, metric_labels_allowlist={"pods": ("wanted",)})
        acted_on = KubernetesConfig(**cluster, **(REAL_PACE if REAL else FAST))
        await stack.enter_async_context(engine(server, folder))
        await stack.enter_async_context(agent(server, folder, {COLLECTOR.name: COLLECTOR}, {COLLECTOR.name: followed}))
        await stack.enter_async_context(actuator_of(server, folder, "c1", SPEC, acted_on))
        yield Arc(place, bus)


def commands(audit: list[Happening]) -> list[str]:
    """Which verbs were sent, in their order."""
    return [each.entry.verb for each in audit if each.entry.kind == "command"]


async def test_a_bad_version_is_rolled_back(mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path) -> None:
    """A restart does not help an image that is not there, and says so by the pod's name; the rollback does."""
    async with arc(mortal_server, mortal_bus, tmp_path, lambda _: HEALS) as found:
        found.place.needs(found.place.seen.containers)
        await found.place.deploy("web", 2)
        await found.place.patch(DEPLOYMENTS, "web", IMAGE, BAD)
        audit = await found.until(1, Reason.VERIFIED)
        images = {each["spec"]["containers"][0]["image"] for each in await found.place.living("web")}
    assert commands(audit) == ["restart", "rollback"]
    told = [each.entry.detail for each in audit if each.entry.kind == "outcome"]
    assert "ImagePull" in told[0]
    assert images == {GOOD}


async def test_evictions_stay_within_the_blast_radius(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """All four pods of a service are to go; two may within the hour, and the others are held by name."""
    async with arc(mortal_server, mortal_bus, tmp_path, lambda _: ENDS, BOUNDS) as found:
        await found.place.deploy("web", 4)
        before = {each["metadata"]["uid"] for each in await found.place.pods("web")}
        for each in await found.place.pods("web"):
            await found.place.patch(PODS, each["metadata"]["name"], "/metadata/labels/wanted", "elsewhere")
        await found.until(2, Reason.BLAST_RADIUS)
        audit = await found.until(2, "outcome")
        await found.place.available("web", 4)
        left = before & {each["metadata"]["uid"] for each in await found.place.pods("web")}
    assert commands(audit) == ["evict", "evict"]
    assert len(left) == 2


async def test_a_deployment_follows_its_work(mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path) -> None:
    """As many replicas as there is work for, and fewer only after the window; each command once."""
    async with arc(mortal_server, mortal_bus, tmp_path, lambda namespace: SCALES.format(namespace=namespace)) as found:
        for number in range(5):
            about = {"apiVersion": "v1", "kind": "Pod"}
            await found.place.make(PODS, {**about, **pod(f"job-{number}", namespace=found.place.namespace)})
        found.place.needs(found.place.seen.pods)
        await found.place.declare("web", 1)  # It may have grown before anybody has seen it with one.
        audit = await found.until(1, Reason.SCALED)
        await found.place.available("web", 3)
    assert set(commands(audit)) == {"scale"}


@pytest.mark.skipif(REAL is not None, reason="no node of a cluster that is somebody's is taken away")
async def test_pods_of_a_node_that_died_are_moved(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A node that is away is drained: its pods are to end, which nobody can see, and others are ready elsewhere."""
    async with arc(mortal_server, mortal_bus, tmp_path, lambda _: MOVES) as found:
        await found.place.deploy("web", 4)
        away = [{"op": "add", "path": "/status/conditions", "value": [{"type": "Ready", "status": "Unknown"}]}]
        await found.place.api.patch(NODES.path("", "n0", "status"), away)
        audit = await found.until(1, Reason.VERIFIED)
        pods = await found.place.pods("web")
    assert commands(audit) == ["drain"]
    assert {each["spec"]["nodeName"] for each in pods if "deletionTimestamp" not in each["metadata"]} == {"n1"}
