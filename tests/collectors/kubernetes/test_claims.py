"""What a cluster is said to be: on the stand-in, or on the one of the kubeconfig that `REFLEXARC_KUBECONFIG` names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from actuators.kubernetes.resources import DEPLOYMENTS, EVENTS, NODES
from tests.actuators.kubernetes.ground import BAD, IMAGE, REAL, Ground, ground
from tests.collectors.kubernetes.site import FAST, Told, collecting
from tests.kubernetes_server.objects import event


@asynccontextmanager
async def place(folder: Path, **given: Any) -> AsyncIterator[tuple[Ground, Told]]:
    """A namespace of its own, and the collector that follows it."""
    async with ground(folder) as found:
        kubeconfig = REAL or folder / "kubeconfig"
        given = {"kubeconfig": kubeconfig, "namespaces": [found.namespace], **FAST, **given}
        async with collecting(folder, None, given) as told:
            await told.until(lambda: told.synced)
            yield found, told


async def test_a_deployment_is_followed_as_it_grows_and_fails(tmp_path: Path) -> None:
    """By its replicas, its pods, and the reason for which one does not start."""
    async with place(tmp_path) as (cluster, told):
        web = {"namespace": cluster.namespace, "deployment": "web"}
        await cluster.deploy("web", 2)
        await told.until_is(2, "kube_deployment_status_replicas_available", **web)
        for pod in await cluster.pods("web"):
            name = pod["metadata"]["name"]
            await told.until_is(1, "kube_pod_status_phase", pod=name, phase="Running")
        await cluster.patch(DEPLOYMENTS, "web", "/spec/replicas", 3)
        await cluster.available("web", 3)
        await told.until_is(3, "kube_deployment_status_replicas_available", **web)
        cluster.needs(cluster.seen.containers)
        await cluster.patch(DEPLOYMENTS, "web", IMAGE, BAD)
        await cluster.until(lambda: reason(cluster), "a pod that cannot start")
        names = [pod["metadata"]["name"] for pod in await cluster.pods("web")]
        waiting = "kube_pod_container_status_waiting"
        await told.until(lambda: any(told.value(waiting, pod=name) == 1 for name in names))


async def reason(cluster: Ground) -> str:
    """Why a pod of `web` waits."""
    states = [
        each for pod in await cluster.pods("web") for each in pod.get("status", {}).get("containerStatuses") or ()
    ]
    found = [each["state"].get("waiting", {}).get("reason") for each in states]
    return next((each for each in found if each in ("ErrImagePull", "ImagePullBackOff")), "")


async def test_an_event_is_told_once(tmp_path: Path) -> None:
    """As it is written, with the version at which it was."""
    async with place(tmp_path, resources=["pods"]) as (cluster, told):
        about = {"kind": "Pod", "metadata": {"namespace": cluster.namespace, "name": "web-1", "uid": "u"}}
        manifest = event(about, "Planted", "by a test")
        manifest["involvedObject"]["namespace"] = cluster.namespace
        made = await cluster.make(EVENTS, {**manifest, "apiVersion": "v1", "kind": "Event"})
        last = await cluster.make(EVENTS, {**manifest, "apiVersion": "v1", "kind": "Event", "reason": "Last"})
        name = f"{last['metadata']['uid']}:{last['metadata']['resourceVersion']}"
        await told.until(lambda: name in [each.id for each in told.events])
    planted = [each for each in told.events if each.data["reason"] == "Planted"]
    assert [each.id for each in planted] == [f"{made['metadata']['uid']}:{made['metadata']['resourceVersion']}"]
    assert planted[0].subject == f"pod:{cluster.namespace}/web-1"


async def test_every_node_says_whether_it_is_ready(tmp_path: Path) -> None:
    """Whatever else it says."""
    async with place(tmp_path, resources=["nodes"]) as (cluster, told):
        for node in (await cluster.api.get(NODES.path()))["items"]:
            ready = [each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready"] == ["True"]
            about = {"node": node["metadata"]["name"], "condition": "Ready", "status": "true"}
            await told.until_is(ready, "kube_node_status_condition", **about)
