"""What `restart`, `scale` and `rollback` do to a cluster: on the stand-in, or on a real one."""

from typing import Any

import pytest

from actuators.kubernetes.marks import COMMAND
from actuators.kubernetes.resources import DEPLOYMENTS, STATEFUL_SETS
from schemas.plugins import ConditionFailed, EffectFailed
from tests.actuators.kubernetes.cluster import command
from tests.actuators.kubernetes.ground import BAD, CONTAINER, ENV, GOOD, OTHER, QUOTAS, REAL, Ground
from tests.actuators.site import open_gate


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


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
async def test_pods_that_are_not_admitted_fail_with_the_reason(place: Ground, kind: str) -> None:
    """For a quota, say: there is no pod that could name it, and of a statefulset no condition either."""
    target = await (place.deploy("web", 1) if kind == "deployment" else place.serve("web", 1))
    about = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}}
    await place.make(QUOTAS, {**about, "spec": {"hard": {"pods": "1"}}})
    with pytest.raises(EffectFailed, match=r"FailedCreate \(.*quota"):
        await place.do("scale", target, replicas=3)


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
