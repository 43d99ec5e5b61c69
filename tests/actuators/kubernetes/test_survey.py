"""Before claims are tried on a cluster of somebody's it is known what it can show, and nothing is left there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from schemas.kubernetes import Object
from tests.actuators.kubernetes.survey import BAD, Survey, fit, survey
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import node, workload

MASTER = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


@asynccontextmanager
async def asking(server: KubernetesServer, folder: Path) -> AsyncIterator[Api]:
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="t")), encoding="utf-8")
    api = Api(await client_of(KubernetesConfig(kubeconfig=kubeconfig)), 5)
    yield api
    await api.close()


async def seen(cluster: Cluster, folder: Path) -> Survey:
    async with KubernetesServer(cluster) as server, asking(server, folder) as api:
        found = await survey(api, look_s=0.001)
    assert not [each for each in cluster.all("namespaces") if each["metadata"]["name"].startswith("reflexarc")]
    return found


def of_nodes(*nodes: Object) -> Cluster:
    cluster = Cluster()
    for each in nodes:
        cluster.create("nodes", each)
    return cluster


async def test_a_cluster_that_runs_containers_lacks_nothing(tmp_path: Path) -> None:
    """A pod becomes ready, another does not, and there is a log."""
    assert await seen(of_nodes(node("n0")), tmp_path) == Survey()


async def test_kubelets_that_only_say_that_pods_run_are_found_out(tmp_path: Path) -> None:
    """Pods are there, but nothing can ail them, and they have no logs."""
    cluster = of_nodes(node("n0"))
    cluster.runs_containers = False
    found = await seen(cluster, tmp_path)
    assert (found.pods, found.containers) == ("", f"its kubelets run no containers: nothing ails a pod of {BAD}")
    assert found.logs.startswith("its kubelets tell no logs: 500")


@pytest.mark.parametrize("change", [lambda each: each["spec"].update(unschedulable=True), None])
async def test_without_a_node_there_are_no_pods(tmp_path: Path, change: Callable[[Object], None] | None) -> None:
    """Of none at all, or none that takes any; nobody waits for them."""
    found = node("n0")
    if change:
        change(found)
    told = (await seen(of_nodes(*([found] if change else [])), tmp_path)).pods
    assert told == f"of its {1 if change else 0} nodes none is ready and takes pods"


async def test_the_only_nodes_of_a_control_plane_are_tolerated(tmp_path: Path) -> None:
    """Where there is another, the pods go there."""
    first, second = node("n0"), node("n1")
    first["spec"]["taints"] = [MASTER]
    tolerated = {"key": MASTER["key"], "operator": "Exists", "effect": "NoSchedule"}
    assert (await seen(of_nodes(first), tmp_path)).tolerations == (tolerated,)
    assert (await seen(of_nodes(first, second), tmp_path)).tolerations == ()


async def test_a_cluster_that_does_not_take_us_is_told(tmp_path: Path) -> None:
    """By its own words."""
    async with KubernetesServer() as server, asking(server, tmp_path) as api:
        server.token = "another"
        assert (await survey(api)).broken == "401 Unauthorized: Unauthorized"


def test_what_is_made_is_admitted_by_a_restricted_namespace() -> None:
    """It runs as nobody, may become nobody else, and ends soon."""
    spec = fit({"kind": "Deployment", **workload("web")})["spec"]["template"]["spec"]
    assert (spec["securityContext"]["runAsNonRoot"], spec["automountServiceAccountToken"]) == (True, False)
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
