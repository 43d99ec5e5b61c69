"""Rollouts that are waited for: when they are complete, when they have failed, and what is not their fault."""

import asyncio
from typing import Any

import pytest

from actuators.kubernetes.api import Api
from actuators.kubernetes.resources import Ref
from actuators.kubernetes.revisions import REVISION, current, revisions
from actuators.kubernetes.rollout import Rollout, failures, is_ready, rollout
from actuators.kubernetes.unmade import is_refused
from actuators.kubernetes.workloads import Rolling, restart, scale
from schemas.kubernetes import Object
from schemas.plugins import EffectFailed
from tests.actuators.kubernetes.alone import course, uid
from tests.actuators.kubernetes.cluster import Site, do, made
from tests.kubernetes_server.controllers import step
from tests.kubernetes_server.objects import workload
from tests.kubernetes_server.owning import edit

WEB = "deployment:shop/web"
LATE = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "lastUpdateTime": "12:00:00", "message": "late"}


def workload_of(spec: Object, **status: Any) -> Object:
    """A workload of three whose controller has seen all."""
    counts = {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "observedGeneration": 1}
    return {"metadata": {"generation": 1}, "spec": {"replicas": 3, **spec}, "status": {**counts, **status}}


def rolling(**update: Any) -> Object:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": update}}


@pytest.mark.parametrize(("updated", "state"), [(0, "waiting"), (1, "done"), (3, "done")])
def test_a_statefulset_in_parts_is_updated_above_its_partition(updated: int, state: str) -> None:
    """What is below keeps its template; the rest is waited for, though all are available meanwhile."""
    parts = workload_of(rolling(partition=2), updatedReplicas=updated, currentRevision="a", updateRevision="b")
    assert rollout("statefulset", parts).state == state


def test_a_statefulset_is_rolled_out_when_its_revision_is_the_present_one() -> None:
    """The server sets a partition of 0 where there is none."""
    before = workload_of(rolling(partition=0), updatedReplicas=3, currentRevision="a", updateRevision="b")
    after = workload_of(rolling(partition=0), updatedReplicas=3, currentRevision="b", updateRevision="b")
    assert (rollout("statefulset", before).state, rollout("statefulset", after).state) == ("waiting", "done")


def test_a_statefulset_that_goes_back_in_the_middle_is_rolled_out_when_its_pods_are() -> None:
    """What it goes back to is the current revision still, while pods of the one that was left are to be replaced."""
    back = workload_of(rolling(partition=2), updatedReplicas=2, currentRevision="a", updateRevision="a")
    assert rollout("statefulset", back) == Rollout("waiting", "2 of 3 updated, 3 available")


@pytest.mark.parametrize(
    ("kind", "spec"), [("deployment", {"paused": True}), ("statefulset", {"updateStrategy": {"type": "OnDelete"}})]
)
def test_what_does_not_roll_is_scaled_all_the_same(kind: str, spec: Object) -> None:
    """Its newest template may be in no pod; so many pods there are. A rollout is not over by that."""
    still = workload_of(spec, updatedReplicas=0, currentRevision="a", updateRevision="b")
    assert (rollout(kind, still, scaled=True), rollout(kind, still).state) == (
        Rollout("done", "3 available"),
        "waiting",
    )


def test_a_deadline_that_was_exceeded_before_is_not_the_changes() -> None:
    """The condition stays, with its time, until there is progress; another time is another failure."""
    found = workload_of({}, updatedReplicas=1, availableReplicas=2, conditions=[LATE])
    assert rollout("deployment", found).state == "failed"
    assert rollout("deployment", found, before="11:00:00").state == "failed"
    assert rollout("deployment", found, before="12:00:00").state == "waiting"


def test_pods_that_cannot_be_made_are_a_reason() -> None:
    """A quota, or what the namespace does not admit: there is no pod that could say so."""
    told = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    assert failures(workload_of({}, conditions=[told])) == ["FailedCreate (exceeded quota)"]


@pytest.mark.parametrize(
    ("why", "final"),
    [
        ('pods "db-2" is forbidden: exceeded quota: few, requested: pods=1, used: pods=6, limited: pods=6', True),
        ('pods "web-1" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities', True),
        ('Pod "web-1" is invalid: spec.containers[0].resources.requests: Invalid value', True),
        ('admission webhook "policy.shop.example" denied the request: not on a Friday', True),
        ("The POST operation against Pod could not be completed at this time, please try again.", False),
        ('Internal error occurred: failed calling webhook "policy.shop.example": no endpoints available', False),
        ('pods is forbidden: User "system:kube-controller-manager" cannot create resource "pods"', False),
    ],
)
def test_pods_that_are_not_admitted_are_not_waited_for(why: str, final: bool) -> None:
    """What only went wrong, as while the API server is away, their controller tries again."""
    assert is_refused(f"FailedCreate ({why})") == final


def test_the_present_revision_is_the_newest_that_is_known() -> None:
    """Going back to a ReplicaSet numbers that first, and the deployment only when its controller looks again."""
    web = {"metadata": {"uid": "u", "annotations": {REVISION: "2"}}}
    owned = {"ownerReferences": [{"uid": "u", "controller": True}]}
    sets = [{"metadata": {**owned, "annotations": {REVISION: number}}} for number in ("3", "2")]
    assert current(web, revisions(web, sets)) == "3"
    assert current(web, ()) == "2"
    assert current({"metadata": {}}, ()) is None


# --- on a cluster ---


def change(shop: Site, kind: str, name: str, **container: Any) -> None:
    """Others change the first container, and the controllers do what follows."""
    found = shop.cluster.get(kind, "shop", name)
    edit(shop.cluster, kind, found, lambda each: each["spec"]["template"]["spec"]["containers"][0].update(container))
    shop.server.settle()


def container(pod: Object) -> Object:
    first: Object = pod["spec"]["containers"][0]
    return first


def cordon_all(shop: Site) -> None:
    for node in shop.cluster.all("nodes"):
        edit(shop.cluster, "nodes", node, lambda each: each["spec"].update(unschedulable=True))


async def test_a_rollout_that_is_too_late_can_be_gone_back_from(shop: Site) -> None:
    """With one replica nothing moves at first, and the old failure is still told: it is not the rollback's."""
    shop.cluster.create("deployments", workload("one", 1))
    shop.server.settle()
    change(shop, "deployments", "one", image="bad:2")
    conditions = shop.cluster.get("deployments", "shop", "one")["status"]["conditions"]
    assert [each["reason"] for each in conditions] == ["ProgressDeadlineExceeded"]
    async with shop.actuator() as actuator:
        effect = await do(actuator, "rollback", "deployment:shop/one")
    assert (effect.detail, effect.after["revision"]) == ("1 available", "3")


async def test_a_rollout_in_the_middle_is_gone_back_from_to_the_last_pod(shop: Site) -> None:
    """All pods of a statefulset are available at times, those that are still to be replaced among them."""

    def db() -> Object:
        return shop.cluster.get("statefulsets", "shop", "db")

    def pods() -> list[Object]:
        return shop.cluster.all("pods", "shop", "app=db")

    def becomes(version: str) -> None:
        edit(shop.cluster, "statefulsets", db(), lambda each: container(each["spec"]["template"]).update(image=version))

    becomes("web:2")
    while not any(container(pod)["image"] == "web:2" and is_ready(pod) for pod in pods()):
        step(shop.cluster)
    becomes("web:1")
    while rollout("statefulset", db()).state != "done":
        step(shop.cluster)
    assert [container(pod)["image"] for pod in pods()] == ["web:1"] * 2


async def test_what_ails_the_old_pods_is_not_the_new_ones_failure(shop: Site, api: Api) -> None:
    """Pods that crash are restarted for that; while the new ones wait for a node, that is what is told."""
    shop.cluster.create("deployments", workload("ill", 2, "crash:1"))
    shop.server.settle()
    cordon_all(shop)
    given = made("restart", "deployment:shop/ill", uid(shop, "deployments", "ill"))
    with pytest.raises(EffectFailed, match="Unschedulable") as refused:
        await Rolling(restart).perform(course(api, given, 0.3), Ref.of(given.target))
    assert "CrashLoopBackOff" not in str(refused.value)
    ill = shop.cluster.all("pods", "shop", "app=ill")
    assert [each["status"]["phase"] for each in ill if each["spec"].get("nodeName")] == ["Running"] * 2


async def test_pods_that_run_and_are_not_ready_are_named(shop: Site) -> None:
    """Nothing else ails them; which they are helps to find out."""
    change(shop, "deployments", "web", image="unready:2")
    async with shop.actuator() as actuator:
        with pytest.raises(EffectFailed, match=r"web-\w+-\w+: ContainersNotReady \(main is not ready\)"):
            await do(actuator, "restart", "deployment:shop/web")


async def test_replicas_that_others_set_meanwhile_are_not_waited_for(shop: Site, api: Api) -> None:
    """As a HorizontalPodAutoscaler does: what was asked for is not so, and that is told."""
    cordon_all(shop)
    given = made("scale", WEB, uid(shop, "deployments", "web"), replicas=5)
    scaling = asyncio.create_task(Rolling(scale).perform(course(api, given, 10), Ref.of(WEB)))
    await shop.server.requested(len(shop.server.requests) + 4)
    web = shop.cluster.get("deployments", "shop", "web")
    edit(shop.cluster, "deployments", web, lambda each: each["spec"].update(replicas=2))
    with pytest.raises(EffectFailed, match="was set to 2 replicas by others meanwhile"):
        await scaling


async def test_a_rollback_brings_back_why_the_revision_was_made(shop: Site) -> None:
    """As `kubectl rollout undo` does; what else the deployment is annotated with stays."""

    def cause(why: str) -> None:
        web = shop.cluster.get("deployments", "shop", "web")
        told = {"kubernetes.io/change-cause": why, "team": why}
        edit(shop.cluster, "deployments", web, lambda each: each["metadata"]["annotations"].update(told))
        shop.server.settle()

    cause("the first")
    change(shop, "deployments", "web", image="web:2")
    cause("the second")
    async with shop.actuator() as actuator:
        await do(actuator, "rollback", WEB)
    annotations = shop.cluster.get("deployments", "shop", "web")["metadata"]["annotations"]
    assert (annotations["kubernetes.io/change-cause"], annotations["team"]) == ("the first", "the second")
