"""What is done to pods and nodes, and what evidence is kept: on the stand-in, or on a real cluster."""

import asyncio
import io
import secrets
import tarfile

import pytest

from actuators.kubernetes.marks import LABELS_BEFORE, QUARANTINE
from actuators.kubernetes.resources import DEPLOYMENTS, EVENTS, NODES, PODS, POLICIES
from schemas.plugins import ConditionFailed, EffectFailed
from tests.actuators.kubernetes.cluster import command
from tests.actuators.kubernetes.ground import BUDGETS, GOOD, Ground, a_node
from tests.actuators.site import open_gate
from tests.kubernetes_server.objects import budget, pod

# --- pods ---


@pytest.mark.parametrize("verb", ["evict", "delete_pod"])
async def test_a_pod_is_ended_and_another_takes_its_place(place: Ground, verb: str) -> None:
    """Exactly this pod is gone, its controller has put another there, and an event tells on whose behalf."""
    await place.deploy("web")
    name = (await place.pods("web"))[0]["metadata"]["name"]
    target = place.id("pod", name)
    given = await command(place.actuator, verb, target, "b" * 32, grace_period_s=1)
    effect = await place.actuator.execute(given, open_gate)
    assert (effect.before["uid"], effect.after) == (given.condition["uid"], {})
    assert await place.attributes(target) == {}
    events = (await place.api.get(f"/api/v1/namespaces/{place.namespace}/events"))["items"]
    assert ["b" * 32 in each["message"] for each in events if each["metadata"]["name"] == f"reflexarc-{'b' * 32}"] == [
        True
    ]
    await place.available("web", 2)


async def test_of_a_pod_that_is_gone_nothing_is_claimed(place: Ground) -> None:
    """A command that finds another pod, or none, did nothing and says so; the one that ended it finds its effect."""
    await place.deploy("web")
    target = place.id("pod", (await place.pods("web"))[0]["metadata"]["name"])
    mine = await command(place.actuator, "delete_pod", target, "b" * 32, grace_period_s=0)
    other = await command(place.actuator, "delete_pod", target, "c" * 32, grace_period_s=0)
    await place.actuator.execute(mine, open_gate)
    with pytest.raises(ConditionFailed):
        await place.actuator.execute(other, open_gate)
    assert await place.actuator.observe(other) == "absent"
    assert (await place.actuator.execute(mine, open_gate)).after == {}


async def test_an_isolated_pod_stays_without_traffic_and_is_replaced(place: Ground) -> None:
    """It loses its labels and is selected by a policy without rules; its release gives the labels back."""
    web = await place.deploy("web")
    found = (await place.pods("web"))[0]
    target = place.id("pod", found["metadata"]["name"])
    effect = await place.do("isolate", target, by="d" * 32)
    isolated = await place.get(PODS, found["metadata"]["name"])
    assert isolated is not None
    assert isolated["metadata"]["labels"] == {QUARANTINE: "d" * 32}
    policy = await place.get(POLICIES, f"reflexarc-{'d' * 32}")
    assert policy is not None
    assert policy["spec"]["podSelector"] == {"matchLabels": {QUARANTINE: "d" * 32}}
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    await place.available("web", 2)
    assert (await place.attributes(target))["isolated"] is True
    await place.undo(effect.undo)
    await place.available("web", 2)
    assert await place.get(POLICIES, f"reflexarc-{'d' * 32}") is None
    released = await place.get(PODS, found["metadata"]["name"])
    if released is not None:  # Its controller has one too many now, and may end this one.
        assert released["metadata"]["labels"] == found["metadata"]["labels"]
        assert LABELS_BEFORE not in released["metadata"]["annotations"]
    assert web


async def test_an_isolated_workload_is_cut_off_as_a_whole(place: Ground) -> None:
    """A policy selects all its pods, which keep running; twice isolated it cannot be; its release ends the policy."""
    web = await place.declare("web")
    effect = await place.do("isolate", web, by="d" * 32)
    policy = await place.get(POLICIES, f"reflexarc-{'d' * 32}")
    assert policy is not None
    assert policy["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}
    with pytest.raises(EffectFailed, match=f"isolated already, by the command {'d' * 32}"):
        await place.do("isolate", web)
    await place.undo(effect.undo)
    assert await place.get(POLICIES, f"reflexarc-{'d' * 32}") is None
    assert (await place.attributes(web))["isolated"] is False


# --- nodes ---


async def test_a_cordoned_node_takes_no_pods_until_its_undo(place: Ground) -> None:
    """The undo holds for as long as it is this command that cordoned the node; whoever finds it cordoned has none."""
    name = await a_node(place)
    target = f"node:{name}"
    command = secrets.token_hex(16)  # The node keeps marks of runs before.
    effect = await place.do("cordon", target, by=command)
    try:
        assert (await _node(place, name))["spec"]["unschedulable"] is True
        assert (await place.attributes(target))["cordoned_by"] == command
        assert (await place.do("cordon", target)).undo is None
    finally:
        await place.undo(effect.undo)
    assert not (await _node(place, name))["spec"].get("unschedulable")
    assert (await place.attributes(target))["cordoned_by"] is None


async def test_a_node_with_pods_that_would_be_lost_is_not_drained(place: Ground) -> None:
    """A pod without a controller is named, and the node is not even cordoned."""
    name = await a_node(place)
    alone = {"apiVersion": "v1", "kind": "Pod", **pod("alone", on=name, namespace=place.namespace)}
    await place.make(PODS, alone)
    with pytest.raises(EffectFailed, match=r"nothing was done.* without a controller \(force\): "):
        await place.do("drain", f"node:{name}")
    assert not (await _node(place, name))["spec"].get("unschedulable")


# --- evidence ---


async def test_evidence_of_a_workload_is_kept_without_its_secrets(place: Ground) -> None:
    """Manifests, descriptions, events and logs are in the bundle; values of an environment are not."""
    container = {"name": "main", "image": GOOD, "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    meta = {"labels": {"app": "web"}}
    web = await place.deploy("web", 1, template={"metadata": meta, "spec": {"containers": [container]}})
    effect = await place.do("collect", web)
    assert effect.evidence is not None
    content = place.shelf.bundles[effect.evidence.name]
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]
    names = {name.split(".")[0] for name in files}
    logs = set() if place.seen.logs else {"logs"}
    assert names == {"manifest", "manifests", "describe", "kubernetes-events", *logs}
    assert ("missing: logs." in effect.detail) is bool(place.seen.logs)
    assert b"PASSWORD" in files["manifests.jsonl"]
    assert not any(b"hunter2" in each or b"planted-secret" in each for each in files.values())


# --- budgets ---


async def test_an_eviction_waits_for_its_budget(place: Ground) -> None:
    """While the budget allows none, the pod stays; once there is another replica, it goes."""
    await place.deploy("web")
    manifest = budget("web", place.namespace, minAvailable=2)
    await place.make(BUDGETS, {**manifest, "apiVersion": "policy/v1", "kind": "PodDisruptionBudget"})
    name = (await place.pods("web"))[0]["metadata"]["name"]
    evicting = asyncio.create_task(place.do("evict", place.id("pod", name), "b" * 32, grace_period_s=1))
    await place.until(lambda: place.get(EVENTS, f"reflexarc-{'b' * 32}"), "the first try")
    assert await place.get(PODS, name) is not None
    await place.patch(DEPLOYMENTS, "web", "/spec/replicas", 3)
    assert (await evicting).after == {}
    await place.available("web", 3)


async def _node(place: Ground, name: str) -> dict[str, dict[str, object]]:
    found = await place.get(NODES, name)
    assert found is not None
    return found
