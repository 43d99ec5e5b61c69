"""Where the actuator stops: limits of its configuration, what others do meanwhile, budgets, drains that lose pods."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actuators.kubernetes import build
from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, NoClient
from actuators.kubernetes.marks import LABELS_BEFORE
from actuators.kubernetes.pods import Ending
from actuators.kubernetes.resources import Ref
from schemas.plugins import ActuatorContext, ConditionFailed, EffectFailed
from tests.actuators.kubernetes.alone import course, uid
from tests.actuators.kubernetes.cluster import Site, command, do, made
from tests.actuators.site import Shelf, open_gate
from tests.kubernetes_server.objects import budget, pod, workload
from tests.kubernetes_server.owning import edit


def loose_pod(shop: Site, **spec: Any) -> None:
    """A pod that no controller owns, on node n0."""
    manifest = pod("loose", on="n0")
    shop.cluster.create("pods", {**manifest, "spec": {**manifest["spec"], **spec}})
    shop.server.settle()


# --- configuration ---


@pytest.mark.parametrize(
    ("config", "target", "told"),
    [
        ({"verbs": ("scale",)}, "deployment:shop/web", "allows no restart"),
        ({"namespaces": ("other",)}, "deployment:shop/web", "names no namespace shop"),
        ({"protected_namespaces": ("shop",)}, "deployment:shop/web", "protects the namespace shop"),
        ({}, "deployment:shop/../../nodes/n0", "no target of Kubernetes"),
        ({}, "deployment:shop/web?x=1", "no target of Kubernetes"),
        ({}, "secret:shop/web", "no target of Kubernetes"),
    ],
)
async def test_what_the_configuration_does_not_allow_reaches_no_server(
    shop: Site, config: dict[str, Any], target: str, told: str
) -> None:
    """Whatever a command says: verbs, namespaces and targets are checked against the actuator's own configuration."""
    async with shop.actuator(**config) as actuator:
        asked = len(shop.server.requests)
        with pytest.raises((EffectFailed, ConditionFailed), match=told):
            await actuator.execute(made("restart", target, {}), open_gate)
        assert len(shop.server.requests) == asked


async def test_a_kubeconfig_that_says_nothing_is_named(tmp_path: Path) -> None:
    """A missing file, and no pod around us, are mistakes of the configuration, with its place."""
    context = ActuatorContext(scope="c1", state_dir=tmp_path, now_ms=lambda: 0, evidence=Shelf())
    with pytest.raises(NoClient, match=r"missing"):
        await build(KubernetesConfig(kubeconfig=tmp_path / "missing"), context)
    with pytest.raises(NoClient, match="service account"):
        await build(KubernetesConfig(), context)


async def test_who_asks_is_known_and_no_secret_is_told(shop: Site) -> None:
    """The server's audit log gets the command's id with every request, and an object one manager of its fields, however
    often it was acted on; outcomes and errors never hold the token."""
    loose_pod(shop)
    async with shop.actuator() as actuator:
        await do(actuator, "cordon", "node:n1", "f" * 32)
        with pytest.raises(EffectFailed) as refused:
            await do(actuator, "drain", "node:n0")
    assert set(shop.server.credentials) == {"Bearer secret-of-the-test"}
    assert f"reflexarc (command {'f' * 32})" in shop.server.agents
    assert shop.server.managers == {"reflexarc"}
    assert "secret-of-the-test" not in f"{refused.value!r} {actuator!r} {shop.server.agents}"


# --- others ---


async def test_a_change_by_others_at_the_last_moment_is_not_acted_over(shop: Site) -> None:
    """Between the look and the act another changes the deployment: that is a conflict, and theirs stands."""

    async def gate() -> None:
        web = shop.cluster.get("deployments", "shop", "web")
        edit(shop.cluster, "deployments", web, lambda each: each["spec"].update(replicas=2))

    async with shop.actuator() as actuator:
        given = await command(actuator, "restart", "deployment:shop/web")
        with pytest.raises(ConditionFailed, match=f"generation = {given.condition['generation'] + 1}"):
            await actuator.execute(given, gate)
    found = shop.cluster.get("deployments", "shop", "web")
    assert (found["spec"]["replicas"], "annotations" in found["spec"]["template"]["metadata"]) == (2, False)


async def test_what_others_wrote_beside_it_stays(shop: Site) -> None:
    """A label that comes between the look and the act is there afterwards, and so is the effect."""

    async def gate() -> None:
        web = shop.cluster.get("deployments", "shop", "web")
        edit(
            shop.cluster,
            "deployments",
            web,
            lambda each: each["metadata"].setdefault("labels", {}).update(theirs="yes"),
        )

    async with shop.actuator() as actuator:
        given = await command(actuator, "restart", "deployment:shop/web", "f" * 32)
        await actuator.execute(given, gate)
    found = shop.cluster.get("deployments", "shop", "web")
    assert found["metadata"]["labels"]["theirs"] == "yes"
    assert found["spec"]["template"]["metadata"]["annotations"]["reflexarc.io/command"] == "f" * 32


async def test_labels_that_are_no_longer_known_are_not_made_up(shop: Site) -> None:
    """Who edits the annotation with a pod's labels from before its isolation is told so by the release."""
    name = shop.cluster.all("pods", "shop", "app=web")[0]["metadata"]["name"]
    async with shop.actuator() as actuator:
        await do(actuator, "isolate", f"pod:shop/{name}")
        found = shop.cluster.get("pods", "shop", name)
        edit(shop.cluster, "pods", found, lambda each: each["metadata"]["annotations"].update({LABELS_BEFORE: "app"}))
        with pytest.raises(EffectFailed, match="labels-before has no labels any more"):
            await do(actuator, "release", f"isolated-pod:shop/{name}", "c2")


# --- budgets ---


async def test_a_budget_that_never_allows_it_is_named(shop: Site, api: Api) -> None:
    """Until its time is up an eviction waits; then it has failed by the budget's name, and the pod lives."""
    shop.cluster.create("poddisruptionbudgets", budget("web", minAvailable=3))
    name = shop.cluster.all("pods", "shop", "app=web")[0]["metadata"]["name"]
    given = made("evict", f"pod:shop/{name}", uid(shop, "pods", name))
    with pytest.raises(EffectFailed, match=r"not done in time: eviction of .*The disruption budget web"):
        await Ending(lambda: 0, evict=True).perform(course(api, given, 0.2), Ref.of(given.target))
    assert "deletionTimestamp" not in shop.cluster.get("pods", "shop", name)["metadata"]


async def test_an_eviction_goes_on_when_the_budget_allows_it(shop: Site, api: Api) -> None:
    """A replica that has become ready gives leave for another to go."""
    found = shop.cluster.create("poddisruptionbudgets", budget("web", minAvailable=3))
    name = shop.cluster.all("pods", "shop", "app=web")[0]["metadata"]["name"]
    given = made("evict", f"pod:shop/{name}", uid(shop, "pods", name))
    evicting = asyncio.create_task(Ending(lambda: 0, evict=True).perform(course(api, given, 10), Ref.of(given.target)))
    await shop.server.requested(len(shop.server.requests) + 6)
    assert shop.cluster.find("pods", "shop", name) is not None
    edit(shop.cluster, "poddisruptionbudgets", found, lambda each: each["spec"].update(minAvailable=2))
    assert (await evicting).after == {}


async def test_a_pod_under_two_budgets_fails_at_once(shop: Site) -> None:
    """That is a mistake of the cluster, which waiting does not mend."""
    for name in ("web", "all"):
        shop.cluster.create(
            "poddisruptionbudgets", {**budget("web", minAvailable=1), "metadata": {"name": name, "namespace": "shop"}}
        )
    name = shop.cluster.all("pods", "shop", "app=web")[0]["metadata"]["name"]
    async with shop.actuator() as actuator:
        with pytest.raises(EffectFailed, match="more than one PodDisruptionBudget"):
            await do(actuator, "evict", f"pod:shop/{name}")


# --- drains ---


async def test_a_drain_moves_what_can_be_moved(shop: Site) -> None:
    """Afterwards only the pods of DaemonSets and of the node itself are there, and every workload is whole again."""
    mirror = pod("etcd", on="n0", annotations={"kubernetes.io/config.mirror": "x"})
    shop.cluster.create("pods", mirror)
    shop.server.settle()
    async with shop.actuator() as actuator:
        effect = await do(actuator, "drain", "node:n0")
        shop.server.settle()
    left = {each["metadata"]["name"] for each in shop.cluster.all("pods", fields="spec.nodeName=n0")}
    assert {name.partition("-")[0] for name in left} == {"agent", "etcd"}
    assert effect.undo is not None
    assert shop.cluster.get("deployments", "shop", "web")["status"]["availableReplicas"] == 3


@pytest.mark.parametrize(
    ("spec", "argument", "told"),
    [
        ({}, "force", "without a controller"),
        ({"volumes": [{"name": "tmp", "emptyDir": {}}]}, "delete_emptydir_data", "with an emptyDir"),
    ],
)
async def test_a_drain_loses_no_pod_unasked(shop: Site, spec: dict[str, Any], argument: str, told: str) -> None:
    """Nothing is done, not even the cordon, until the argument says that the pod may go."""
    loose_pod(shop, **spec)
    given = {"force": "true"} if argument != "force" else {}
    async with shop.actuator() as actuator:
        with pytest.raises(EffectFailed, match=f"nothing was done.*{told}.*: shop/loose"):
            await do(actuator, "drain", "node:n0", **given)
        assert not shop.cluster.get("nodes", "", "n0")["spec"].get("unschedulable")
        await do(actuator, "drain", "node:n0", "c2", **{"force": "true", argument: "true"})
    assert shop.cluster.find("pods", "shop", "loose") is None


async def test_a_drain_that_was_killed_goes_on(shop: Site) -> None:
    """The next actuator finds the mark on the node and evicts what is left; no pod is evicted twice."""
    shop.cluster.create("poddisruptionbudgets", budget("web", minAvailable=3))
    async with shop.actuator() as first:
        given = await command(first, "drain", "node:n0")
        draining = asyncio.create_task(first.execute(given, open_gate))
        await shop.server.asked_for("pods/eviction")
        draining.cancel()
        await asyncio.wait({draining})
    async with shop.actuator() as second:
        assert await second.observe(given) == "begun"
        shop.cluster.delete("poddisruptionbudgets", "shop", "web")
        await second.execute(given, open_gate)
    ended = [each.before["metadata"]["uid"] for each in shop.cluster.applied if each.before and each.after is None]
    assert len(ended) == len(set(ended)) > 0


async def test_a_drain_of_a_node_that_is_away_does_not_wait_for_it(shop: Site) -> None:
    """Its pods are to end, which nobody there can confirm; others take their places."""
    gone = [{"type": "Ready", "status": "Unknown"}]
    edit(
        shop.cluster, "nodes", shop.cluster.get("nodes", "", "n0"), lambda each: each["status"].update(conditions=gone)
    )
    async with shop.actuator() as actuator:
        effect = await do(actuator, "drain", "node:n0")
    pods = shop.cluster.all("pods", "shop", fields="spec.nodeName=n0")
    left = [each["metadata"] for each in pods if not each["metadata"]["name"].startswith("agent")]
    assert f"{len(left)} pods evicted" in effect.detail
    assert all("deletionTimestamp" in each for each in left)


async def test_a_drain_keeps_to_the_namespaces_of_the_configuration(shop: Site) -> None:
    """A node with pods of others is not drained."""
    shop.cluster.create("deployments", workload("theirs", 3, namespace="elsewhere"))
    shop.server.settle()
    async with shop.actuator(namespaces=("shop",)) as actuator:
        with pytest.raises(EffectFailed, match="in namespaces of others: elsewhere/theirs"):
            await do(actuator, "drain", "node:n0")
