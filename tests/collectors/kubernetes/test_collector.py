"""The kubernetes collector as its host sees it: readings of a cluster that lives."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.kubernetes import collect
from collectors.kubernetes.config import KubernetesConfig
from schemas.kubernetes import Object
from schemas.plugins import Samples
from tests.collectors.contexts import context, next_samples
from tests.collectors.kubernetes.site import following, settings
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import SHOP, pod, shop, workload
from tests.kubernetes_server.rbac import Rbac

DEPLOY = Path(__file__).parents[3] / "deploy" / "kubernetes"


def changed(found: Object, **spec: Any) -> Object:
    """A copy with another spec."""
    return {**found, "metadata": {**found["metadata"]}, "spec": {**found["spec"], **spec}}


async def test_the_shop_is_told_of_and_so_is_what_changes_in_it(tmp_path: Path) -> None:
    """Each collection of each namespace is a source of its own; what ends is no more in it."""
    async with KubernetesServer(shop()) as server:
        server.settle()
        async with following(server, tmp_path, labels={"cluster": "prod"}) as told:
            await told.until_is(3, "kube_deployment_status_replicas_available", deployment="web")
            web = {"job": "kube-state-metrics", "cluster": "prod", "namespace": SHOP, "deployment": "web"}
            assert told.value("kube_deployment_spec_replicas", **web) == 3
            assert told.value("kube_node_status_condition", node="n0", condition="Ready", status="true") == 1
            found = server.cluster.get("deployments", SHOP, "web")
            server.cluster.update("deployments", changed(found, replicas=5))
            server.settle()
            await told.until_is(5, "kube_deployment_status_replicas_available", deployment="web")
            assert {"kubernetes:pods:shop", "kubernetes:nodes", "kubernetes:deployments:shop"} <= set(told.sources)
            gone = server.cluster.all("pods", SHOP)[0]["metadata"]["name"]
            server.cluster.remove("pods", server.cluster.get("pods", SHOP, gone))
            await told.until(lambda: told.value("kube_pod_created", pod=gone) is None)


async def test_no_two_readings_of_a_source_are_of_one_moment(tmp_path: Path) -> None:
    """Or what had ended with the second would go on: an engine keeps the first sample of a moment."""
    async with KubernetesServer(shop()) as server:
        given = KubernetesConfig.model_validate(settings(server, tmp_path))
        frozen = context(tmp_path, now_ms=lambda: 1_000_000)
        async with aclosing(collect(given, frozen)) as readings:
            times = [(await next_samples(readings, "kubernetes:pods:shop")).time_ms for _ in range(5)]
    assert times == sorted(set(times))


async def test_readings_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    """However slowly they are taken while the cluster changes: a series that ended must not begin again before that."""
    async with KubernetesServer(Cluster()) as server:
        names = [f"team-{number}" for number in range(100)]
        for name in names:
            server.cluster.create("deployments", workload("web", 1, namespace=name))
        server.settle()
        told: dict[str, list[int]] = {}
        async with following(server, tmp_path, resources=("deployments",), events=False) as found:
            for turn in range(1000):
                reading = await found.one()
                if isinstance(reading, Samples):
                    told.setdefault(reading.source or "", []).append(reading.time_ms)
                web = server.cluster.get("deployments", names[turn % len(names)], "web")
                server.cluster.update("deployments", changed(web, replicas=turn))
        assert len(told) > len(names)
        assert {source: times for source, times in told.items() if source and times != sorted(set(times))} == {}


async def test_a_change_is_told_at_once(tmp_path: Path) -> None:
    """Without waiting for the moment at which everything is sent, and without what has not changed."""
    async with KubernetesServer(shop()) as server:
        server.settle()
        server.cluster.create("deployments", workload("api", 1, namespace="other"))
        server.settle()
        server.live = False
        kinds = ("pods", "deployments", "replicasets")
        every = {f"kubernetes:{kind}:{namespace}" for kind in kinds for namespace in (SHOP, "other")}
        every |= {"", "kubernetes:nodes", "kubernetes:statefulsets:shop", "kubernetes:daemonsets:shop"}
        async with following(server, tmp_path, interval_s=3600) as told:
            await told.until(lambda: set(told.sources) >= every)
            told.sources.clear()
            found = server.cluster.get("nodes", "", "n1")
            server.cluster.update("nodes", changed(found, unschedulable=True))
            await told.until_is(1, "kube_node_spec_unschedulable", node="n1")
            assert set(told.sources) == {"kubernetes:nodes"}


async def test_the_last_of_a_namespace_ends_its_source(tmp_path: Path) -> None:
    """By a reading without series, which lets the host forget it."""
    async with KubernetesServer(shop()) as server:
        server.live = False
        server.cluster.create("pods", pod("only", namespace="other"))
        async with following(server, tmp_path) as told:
            await told.until(lambda: bool(told.sources.get("kubernetes:pods:other")))
            server.cluster.remove("pods", server.cluster.get("pods", "other", "only"))
            await told.until(lambda: not told.sources["kubernetes:pods:other"])


async def test_what_cannot_be_followed_any_more_ends(tmp_path: Path) -> None:
    """After `lost_s` nobody knows what holds: the series end, `up` is 0, and all is back when the server is."""
    async with KubernetesServer(shop()) as server:
        server.settle()
        async with following(server, tmp_path, lost_s=0.05) as told:
            await told.until_is(1, "up")
            await told.until_is(0, "kube_node_spec_unschedulable", node="n1")
            server.away()
            await told.until_is(0, "up")
            await told.until(lambda: told.value("kube_node_spec_unschedulable", node="n1") is None)
            await server.back()
            await told.until_is(0, "kube_node_spec_unschedulable", node="n1")
            await told.until_is(1, "up")


async def test_a_short_absence_is_bridged(tmp_path: Path) -> None:
    """A watch that is resumed in time costs no series."""
    async with KubernetesServer(shop()) as server:
        server.settle()
        async with following(server, tmp_path, lost_s=600) as told:
            await told.until_is(1, "up")
            server.away()
            await told.until_is(0, "reflexarc_kubernetes_watching", path="/api/v1/nodes")
            for _ in range(30):
                await told.one()
            assert told.value("up") == 1
            assert told.value("kube_node_spec_unschedulable", node="n1") == 0
            await server.back()


async def test_only_what_is_configured_is_asked_for(tmp_path: Path) -> None:
    """Namespaces, resources, and Events or not."""
    cluster = shop()
    cluster.create("pods", pod("elsewhere", namespace="other"))
    async with KubernetesServer(cluster) as server:
        server.settle()
        given: dict[str, Any] = {"namespaces": [SHOP, "third"], "resources": ["pods", "nodes"], "events": False}
        async with following(server, tmp_path, **given) as told:
            await told.until(lambda: told.synced)
            await told.until_is(1, "up")
        asked = {(each.resource, each.namespace) for each in server.requests}
    assert asked == {("pods", SHOP), ("pods", "third"), ("nodes", "")}
    assert told.value("kube_pod_created", pod="elsewhere") is None


async def test_where_no_cluster_is_configured_it_is_down(tmp_path: Path) -> None:
    """Until the kubeconfig is there; the agent goes on with all else."""
    missing = tmp_path / "none"
    async with KubernetesServer(shop()) as server, following(server, tmp_path, kubeconfig=missing) as told:
        await told.until_is(0, "up")
        (tmp_path / "kubeconfig").rename(missing)
        await told.until_is(1, "up")


async def test_the_shipped_rights_suffice_and_none_is_too_many(tmp_path: Path) -> None:
    """Of deploy/kubernetes/collector-rbac.yaml: every request is allowed, and every right is needed."""
    rbac = Rbac.of_files(DEPLOY / "collector-rbac.yaml")
    async with KubernetesServer(shop(), rbac=rbac) as server:
        server.settle()
        async with following(server, tmp_path) as told:
            await told.until(lambda: told.synced and told.value("up") == 1)
        assert server.forbidden == []
        assert rbac.unused(server.requests) == set()


async def test_what_is_not_permitted_is_said_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A right that is missing costs what it is for; no credential is said."""
    rbac = Rbac([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]}])
    async with (
        KubernetesServer(shop(), rbac=rbac) as server,
        following(server, tmp_path, resources=["nodes", "pods"]) as told,
    ):
        await told.until_is(0, "kube_node_spec_unschedulable", node="n1")
        await told.until(lambda: len(server.forbidden) > 1)  # The first has been told of by then.
        assert told.value("reflexarc_kubernetes_watching", path="/api/v1/pods") == 0
    said = capsys.readouterr()
    assert "forbidden" in said.out
    assert "secret-of-the-test" not in said.out + said.err


def test_a_resource_that_is_not_known_is_refused() -> None:
    """With those that are."""
    with pytest.raises(ValidationError, match=r"expected one of pods, nodes, .*, got secrets"):
        KubernetesConfig.model_validate({"resources": ["secrets"]})
