"""What the actuator knows of a cluster: every object once, as it is."""

import asyncio
from collections import Counter
from typing import Any

from actuators.kubernetes.actuator import KubernetesActuator
from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from engine.core.services import count_hosted
from schemas.inventory import Inventory
from schemas.plugins import ActuatorContext
from tests.actuators.kubernetes.cluster import FAST, Site, attributes, do
from tests.kubernetes_server import controllers
from tests.kubernetes_server.objects import pod, workload
from tests.kubernetes_server.owning import edit
from tests.kubernetes_server.rbac import Rbac

PATIENCE_S = 10
FOLLOWED = 7
"""Collections."""


async def until(actuator: KubernetesActuator, target: str, **wanted: Any) -> None:
    """Wait for news until the inventory says so; `wanted` empty: until there is no such target."""
    async with asyncio.timeout(PATIENCE_S):
        async for _ in actuator.changes():
            known = {each.id: each.attributes for each in await actuator.inventory()}.get(target, {})
            if wanted.items() <= known.items() and bool(known) == bool(wanted):
                return


def lists_of(shop: Site) -> int:
    """How often a collection was listed; to ask for its version is to ask for one object."""
    asked = zip(shop.server.requests, shop.server.queries, strict=True)
    return sum(request.verb == "list" and query.get("limit") != "1" for request, query in asked)


async def test_every_target_says_what_limits_and_conditions_need(shop: Site) -> None:
    """Replicas wanted and ready, service, owner, revision; a pod has the lock of its workload."""
    async with shop.actuator() as actuator:
        targets = {each.id: each for each in await actuator.inventory()}
        pods = [each for each in targets.values() if each.owner == "deployment:shop/web"]
        web = targets["deployment:shop/web"]
    wanted = {"generation": 1, "replicas": 3, "ready_replicas": 3, "revision": "1", "previous_revision": None}
    assert wanted.items() <= web.attributes.items()
    assert (web.service, web.replicas, web.healthy) == ("shop/web", 3, 3)
    about = {(pod.lock, pod.service, pod.replicas, pod.healthy, pod.attributes["ready"]) for pod in pods}
    assert (len(pods), about) == (3, {(web.lock, web.service, 1, 1, True)})
    assert {each for each in targets if each.startswith("node:")} == {"node:n0", "node:n1", "node:n2"}
    assert "replicaset:shop/solo" in targets
    assert sum(each.startswith("replicaset:") for each in targets) == 1  # those of deployments are not scaled


async def test_what_a_drain_would_take_of_each_service_is_known(shop: Site) -> None:
    """The pods that it would evict say on which node they are; those of DaemonSets, of the node itself and those that
    have ended do not, and a pod that nobody counts as a replica counts for nothing."""
    shop.cluster.create("pods", pod("etcd", on="n0", annotations={"kubernetes.io/config.mirror": "x"}))
    shop.cluster.create("pods", pod("loose", on="n0"))
    shop.server.settle()
    web = {each["metadata"]["name"]: each for each in shop.cluster.all("pods", "shop", "app=web")}
    ended = next(iter(web))
    edit(shop.cluster, "pods", web[ended], lambda found: found["status"].update(phase="Failed", conditions=[]))
    shop.server.live = False
    async with shop.actuator() as actuator:
        targets = await actuator.inventory()
    on = {each.id: each.on for each in targets}
    assert [name for name in web if not on[f"pod:shop/{name}"]] == [ended]
    assert {each.on for each in targets if each.owner == "daemonset:shop/agent" or each.id == "pod:shop/etcd"} == {""}
    assert {each.id for each in targets if each.hosts} == {f"node:n{n}" for n in range(3)}
    hosted = count_hosted({"kubernetes/c1": Inventory(actuator="kubernetes", scope="c1", targets=tuple(targets))})
    counted = Counter(
        (each["spec"]["nodeName"], f"shop/{each['metadata']['labels']['app']}")
        for each in shop.cluster.all("pods", "shop")
        if each["metadata"]["labels"]["app"] in ("web", "db", "solo") and each["metadata"]["name"] != ended
    )
    assert {(f"n{n}", service): count for n in range(3) for service, count in hosted[_node(n)].items()} == counted


def _node(number: int) -> tuple[str, str]:
    return "kubernetes/c1", f"node:n{number}"


async def test_until_everything_is_listed_it_is_not_known_what_a_node_hosts(shop: Site) -> None:
    """Pods whose workloads nobody has told of yet count for nothing, so nothing is claimed of their nodes."""
    rules = [{"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list", "watch"]}]
    shop.server.rbac = Rbac(rules)
    context = ActuatorContext(scope="c1", state_dir=shop.folder, now_ms=lambda: 0, evidence=shop.shelf)
    config = KubernetesConfig(kubeconfig=shop.kubeconfig, **FAST)
    actuator = KubernetesActuator(config, context, Api(await client_of(config), config.request_timeout_s))
    opening = asyncio.create_task(actuator.open())
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for _ in actuator.changes():
                found = {each.id: each.hosts for each in await actuator.inventory()}
                if "node:n0" in found and any(name.startswith("pod:") for name in found):
                    break
        assert [hosts for name, hosts in found.items() if name.startswith("node:")] == [False] * 3
    finally:
        opening.cancel()
        await actuator.close()


async def test_a_change_in_the_cluster_is_news(shop: Site) -> None:
    """What others do is known by a watch, without asking again."""
    async with shop.actuator() as actuator:
        lists = lists_of(shop)
        shop.cluster.create("deployments", workload("new", 1))
        shop.server.settle()
        await until(actuator, "deployment:shop/new", ready_replicas=1, available_replicas=1)
        shop.cluster.delete("deployments", "shop", "new")
        shop.server.settle()
        await until(actuator, "deployment:shop/new")
        assert lists_of(shop) == lists


async def test_an_effect_is_in_the_inventory_at_once(shop: Site) -> None:
    """Before the outcome goes out the inventory is as the act left it, whatever the watches have told yet."""
    async with shop.actuator() as actuator:
        effect = await do(actuator, "restart", "deployment:shop/web")
        assert (await attributes(actuator, "deployment:shop/web"))["generation"] == effect.after["generation"]
        cordoned = await do(actuator, "cordon", "node:n0", "c2")
        assert (await attributes(actuator, "node:n0"))["cordoned_by"] == "c2" == cordoned.after["cordoned_by"]


async def test_what_is_protected_says_so(shop: Site) -> None:
    """By its annotation, or by its namespace."""
    web = shop.cluster.get("deployments", "shop", "web")
    edit(
        shop.cluster,
        "deployments",
        web,
        lambda each: each["metadata"]["annotations"].update({"reflexarc.io/protected": "true"}),
    )
    shop.cluster.create("deployments", workload("dns", 1, namespace="kube-system"))
    controllers.settle(shop.cluster)
    async with shop.actuator() as actuator:
        protected = {
            each.id for each in await actuator.inventory() if each.protected and each.id.startswith("deployment:")
        }
    assert protected == {"deployment:shop/web", "deployment:kube-system/dns"}


async def test_only_the_named_namespaces_are_asked_for(shop: Site) -> None:
    """With an allow list nothing else is even listed, but for nodes, which have no namespace."""
    async with shop.actuator(namespaces=("other",)) as actuator:
        kinds = {each.id.partition(":")[0] for each in await actuator.inventory()}
    assert kinds == {"node"}
    assert {each.namespace for each in shop.server.requests if each.resource != "nodes"} == {"other"}
