"""What each verb does to a cluster, and what it leaves as it was: on the stand-in, or on a real one."""

import asyncio
import io
import tarfile
from typing import Any

import pytest

from actuators.kubernetes.marks import COMMAND, LABELS_BEFORE, QUARANTINE
from actuators.kubernetes.resources import DEPLOYMENTS, EVENTS, NODES, PODS, POLICIES, STATEFUL_SETS
from schemas.plugins import ConditionFailed, EffectFailed
from tests.actuators.kubernetes.cluster import command
from tests.actuators.kubernetes.ground import BAD, BUDGETS, GOOD, REAL, Ground, a_node
from tests.actuators.site import open_gate
from tests.kubernetes_server.objects import budget, pod

CONTAINER = "/spec/template/spec/containers/0"
ENV = f"{CONTAINER}/env"
OTHER = [{"name": "VERSION", "value": "2"}]
"""Another version: what differs needs no other image."""


# --- workloads ---


async def test_restart_starts_every_pod_anew(place: Ground) -> None:
    """After a restart no pod is one of before, all are available, and each carries the command's id."""
    web = await place.deploy("web")
    before = {pod["metadata"]["uid"] for pod in await place.pods("web")}
    effect = await place.do("restart", web, by="a" * 32)
    pods = await place.living("web")
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in pods)
    assert {pod["metadata"]["annotations"][COMMAND] for pod in pods} == {"a" * 32}
    assert effect.after["generation"] > effect.before["generation"]
    assert (await place.attributes(web))["generation"] == effect.after["generation"]


async def test_a_command_for_another_generation_does_nothing(place: Ground) -> None:
    """What was changed since the decision is not acted on: the answer says what was found."""
    web = await place.declare("web")
    late = await command(place.actuator, "restart", web)
    await place.do("scale", web, replicas=0)
    with pytest.raises(ConditionFailed) as refused:
        await place.actuator.execute(late, open_gate)
    assert refused.value.actual["generation"] == late.condition["generation"] + 1
    assert await place.actuator.observe(late) == "absent"


async def test_the_same_command_twice_is_one_effect(place: Ground) -> None:
    """A second execution finds the mark, changes nothing, and tells the same of before and after."""
    web = await place.deploy("web")
    given = await command(place.actuator, "restart", web)
    first = await place.actuator.execute(given, open_gate)
    again = await place.actuator.execute(given, open_gate)
    assert (again.before, again.after) == (first.before, first.after)
    assert await place.actuator.observe(given) == again


@pytest.mark.parametrize("replicas", [0, 3])
async def test_scale_sets_a_number_of_replicas(place: Ground, replicas: int) -> None:
    """So many are available afterwards, more or fewer than before."""
    web = await place.deploy("web")
    effect = await place.do("scale", web, replicas=replicas)
    assert (effect.before["replicas"], effect.after["replicas"], effect.after["available_replicas"]) == (
        2,
        replicas,
        replicas,
    )
    await place.available("web", replicas)


async def test_rollback_returns_to_the_revision_before(place: Ground) -> None:
    """Without a name it is the revision before the present one, and then there is none to go back to again."""
    web = await place.deploy("web")
    await place.patch(DEPLOYMENTS, "web", ENV, OTHER)
    await place.until(lambda: _revision(place, web, "2"), "the second revision")
    await place.available("web", 2)
    effect = await place.do("rollback", web)
    assert (effect.before["revision"], effect.after["revision"]) == ("2", "3")
    assert [each["spec"]["containers"][0].get("env") for each in await place.living("web")] == [None, None]
    await place.until(lambda: _revision(place, web, "3"), "the third revision")
    assert (await place.attributes(web))["previous_revision"] is None


async def test_rollback_after_a_restart_returns_to_another_version(place: Ground) -> None:
    """A restart makes a revision too, but what differs by nothing else is not gone back to; nor is a bad version that
    was left, whatever it was restarted as."""
    web = await place.deploy("web")
    await place.patch(DEPLOYMENTS, "web", ENV, OTHER)
    await place.until(lambda: _revision(place, web, "2"), "the second revision")
    await place.available("web", 2)
    await place.do("restart", web)
    await place.until(lambda: _revision(place, web, "3"), "the third revision")
    effect = await place.do("rollback", web)
    assert (effect.before["revision"], effect.after["revision"]) == ("3", "4")
    assert [each["spec"]["containers"][0].get("env") for each in await place.living("web")] == [None, None]
    assert (await place.attributes(web))["previous_revision"] is None


async def test_rollback_to_what_is_not_kept_names_what_is(place: Ground) -> None:
    """A revision that is not kept fails, and nothing is done."""
    web = await place.declare("web")
    with pytest.raises(EffectFailed, match="revision '9' is not kept; kept are 1"):
        await place.do("rollback", web, to="9")


@pytest.mark.parametrize(
    ("image", "words", "trouble"), [(BAD, [], "ImagePull"), (GOOD, ["/crash"], "Crash|RunContainer")]
)
async def test_a_rollout_that_cannot_succeed_fails_with_the_reason(
    place: Ground, image: str, words: list[str], trouble: str
) -> None:
    """An image that cannot be pulled and a container that exits again and again are named, with the pod."""
    place.needs(place.seen.containers)
    await place.deploy("web", 1)
    await place.patch(DEPLOYMENTS, "web", f"{CONTAINER}/image", image)
    if words:
        await place.patch(DEPLOYMENTS, "web", f"{CONTAINER}/command", words)
    await place.until(lambda: _another(place, place.id("deployment", "web"), "1"), "another revision")
    with pytest.raises(EffectFailed, match=f"web-[a-z0-9-]+: ({trouble})"):
        await place.do("restart", place.id("deployment", "web"))


@pytest.mark.parametrize(("verb", "env"), [("rollback", None), ("restart", OTHER)])
async def test_a_statefulset_that_stands_still_is_mended(place: Ground, verb: str, env: Any) -> None:
    """One with a bad image stays on it whatever its template says by then; rollback, and a restart on a template that
    was mended, end the pods that stand in the way, and no others."""
    place.needs(place.seen.containers)
    db = await place.serve("db", 2)
    first = (await place.pods("db"))[0]["metadata"]["uid"]
    await place.patch(STATEFUL_SETS, "db", f"{CONTAINER}/image", BAD)
    await place.until(lambda: _stands_still(place, db), "a pod that cannot start")
    if verb == "restart":
        found = await place.get(STATEFUL_SETS, "db")
        assert found is not None
        container = found["spec"]["template"]["spec"]["containers"][0]
        mended = [{**container, "image": GOOD, "env": env}]
        await place.patch(STATEFUL_SETS, "db", "/spec/template/spec/containers", mended)
        await place.until(lambda: _revision(place, db, "3"), "the third revision")
    effect = await place.do(verb, db)
    pods = await place.living("db")
    containers = [each["spec"]["containers"][0] for each in pods]
    assert [(each["image"], each.get("env")) for each in containers] == [(GOOD, env)] * 2
    # Whoever ends it: a controller of a later version may do so itself.
    assert effect.detail == "2 available, after db-1 had to be ended" or (REAL and effect.detail == "2 available")
    assert (pods[0]["metadata"]["uid"] == first) == (verb == "rollback")


async def test_a_paused_deployment_is_not_restarted(place: Ground) -> None:
    """A change that would reach no pod is not made."""
    web = await place.declare("web", paused=False)
    await place.patch(DEPLOYMENTS, "web", "/spec/paused", value=True)
    await place.until(lambda: _attribute(place, web, "paused", value=True), "the pause")
    with pytest.raises(EffectFailed, match="is paused"):
        await place.do("restart", web)


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
    effect = await place.do("cordon", target, by="e" * 32)
    try:
        assert (await _node(place, name))["spec"]["unschedulable"] is True
        assert (await place.attributes(target))["cordoned_by"] == "e" * 32
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


async def test_a_statefulset_is_restarted_and_gone_back_from(place: Ground) -> None:
    """Its pods keep their names; a version that others have deployed since is left for the one before."""
    db = await place.serve("db", 2)
    before = {pod["metadata"]["uid"] for pod in await place.pods("db")}
    await place.do("restart", db, by="a" * 32)
    pods = await place.living("db")
    assert [pod["metadata"]["name"] for pod in pods] == ["db-0", "db-1"]
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in pods)
    await place.patch(STATEFUL_SETS, "db", ENV, OTHER)
    await place.until(lambda: _revision(place, db, "3"), "the third revision")
    effect = await place.do("rollback", db)
    assert effect.before["revision"] == "3"
    assert [each["spec"]["containers"][0].get("env") for each in await place.living("db")] == [None, None]


async def _revision(place: Ground, target: str, revision: str) -> bool:
    return await _attribute(place, target, "revision", value=revision)


async def _stands_still(place: Ground, target: str) -> bool:
    """Its controller has begun with the second revision, and has got to a pod that cannot start."""
    last = (await place.pods(target.rpartition("/")[2]))[-1]
    states = [each["state"] for each in last.get("status", {}).get("containerStatuses", ())]
    return await _revision(place, target, "2") and any("waiting" in state for state in states)


async def _another(place: Ground, target: str, revision: str) -> bool:
    return await _attribute(place, target, "revision", value=revision) is False


async def _attribute(place: Ground, target: str, name: str, *, value: object) -> bool:
    return (await place.attributes(target)).get(name) == value


async def _node(place: Ground, name: str) -> dict[str, dict[str, object]]:
    found = await place.get(NODES, name)
    assert found is not None
    return found
