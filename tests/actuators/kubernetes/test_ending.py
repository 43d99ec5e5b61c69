"""Pods that do not end by themselves: their node is away, or goes away, or is removed."""

import asyncio
from typing import Any

import pytest

from actuators.kubernetes.api import Api
from actuators.kubernetes.pods import Ending
from actuators.kubernetes.resources import Ref
from schemas.plugins import EffectFailed
from tests.actuators.kubernetes.alone import Nobody, course, uid
from tests.actuators.kubernetes.cluster import Site, command, do, made
from tests.actuators.site import open_gate
from tests.kubernetes_server.objects import budget, pod
from tests.kubernetes_server.owning import edit


def lost(shop: Site, node: str) -> None:
    """The node no longer says anything."""
    gone = [{"type": "Ready", "status": "Unknown"}]
    found = shop.cluster.get("nodes", "", node)
    edit(shop.cluster, "nodes", found, lambda each: each["status"].update(conditions=gone))


def ending_pod(shop: Site) -> dict[str, Any]:
    """A pod of a node that is away, which was deleted and does not go."""
    found = shop.cluster.get("pods", "shop", "db-0")
    lost(shop, found["spec"]["nodeName"])
    shop.cluster.delete("pods", "shop", "db-0")
    shop.server.settle()
    left = shop.cluster.get("pods", "shop", "db-0")
    assert "deletionTimestamp" in left["metadata"]
    return left


class OfAway(Nobody):
    """Knows that every node is away."""

    def is_away(self, node: str) -> bool:
        return bool(node)


@pytest.mark.parametrize("verb", ["evict", "delete_pod"])
async def test_a_pod_that_ends_for_ever_can_be_ended_at_once(shop: Site, verb: str) -> None:
    """With a shorter grace period it is asked for again though it is ending, and its place can be taken."""
    left = ending_pod(shop)
    async with shop.actuator() as actuator:
        await do(actuator, verb, "pod:shop/db-0", grace_period_s=0)
    shop.server.settle()
    assert shop.cluster.get("pods", "shop", "db-0")["metadata"]["uid"] != left["metadata"]["uid"]


async def test_a_pod_whose_node_is_away_says_so(shop: Site, api: Api) -> None:
    """It was asked to end, and cannot: the answer names what it waits for."""
    ending_pod(shop)
    given = made("delete_pod", "pod:shop/db-0", uid(shop, "pods", "db-0"))
    on_its_way = course(api, given, 0.2)
    on_its_way.knowledge = OfAway()
    with pytest.raises(EffectFailed, match=r"pod:shop/db-0 is still ending, and its node n\d is away"):
        await Ending(lambda: 0, evict=False).perform(on_its_way, Ref.of(given.target))


@pytest.mark.parametrize("verb", ["evict", "delete_pod"])
async def test_who_takes_over_tells_how_the_pod_was_before(shop: Site, api: Api, verb: str) -> None:
    """And not how it is while it is ending, which the first one has made it."""
    node = shop.cluster.get("pods", "shop", "db-0")["spec"]["nodeName"]
    lost(shop, node)
    given, ending = made(verb, "pod:shop/db-0", uid(shop, "pods", "db-0")), Ending(lambda: 0, evict=verb == "evict")
    with pytest.raises(EffectFailed, match="still ending"):
        await ending.perform(course(api, given, 0.1), Ref.of(given.target))
    second = asyncio.create_task(ending.perform(course(api, given, 5), Ref.of(given.target)))
    await shop.server.requested(len(shop.server.requests) + 5)
    back = [{"type": "Ready", "status": "True"}]
    found = shop.cluster.get("nodes", "", node)
    edit(shop.cluster, "nodes", found, lambda each: each["status"].update(conditions=back))
    assert (await second).before["phase"] == "Running"


async def test_a_node_that_goes_away_while_it_is_drained_is_not_waited_for(shop: Site) -> None:
    """Its pods are to end, and others take their places."""
    shop.cluster.create("poddisruptionbudgets", budget("web", minAvailable=3))
    async with shop.actuator() as actuator:
        draining = asyncio.create_task(actuator.execute(await command(actuator, "drain", "node:n0"), open_gate))
        await shop.server.asked_for("pods/eviction")
        lost(shop, "n0")
        shop.cluster.delete("poddisruptionbudgets", "shop", "web")
        assert "cordoned" in (await draining).detail
    left = [each["metadata"] for each in shop.cluster.all("pods", "shop", fields="spec.nodeName=n0")]
    moved = [each for each in left if not each["name"].startswith("agent")]
    assert moved
    assert all("deletionTimestamp" in each for each in moved)


async def test_a_node_that_is_removed_while_it_is_drained_ends_the_drain(shop: Site) -> None:
    """That is no conflict, since pods were evicted by then."""
    shop.cluster.create("poddisruptionbudgets", budget("web", minAvailable=3))
    async with shop.actuator() as actuator:
        draining = asyncio.create_task(actuator.execute(await command(actuator, "drain", "node:n0"), open_gate))
        await shop.server.asked_for("pods/eviction")
        shop.cluster.delete("nodes", "", "n0")
        shop.cluster.delete("poddisruptionbudgets", "shop", "web")
        with pytest.raises(EffectFailed, match="node:n0 was removed meanwhile"):
            await draining


async def test_a_pod_that_is_ending_already_is_not_lost_by_a_drain(shop: Site) -> None:
    """Of a node that is away it stays as long as the node does, and nobody could drain that."""
    shop.cluster.create("pods", pod("alone", on="n0"))
    shop.server.settle()
    lost(shop, "n0")
    async with shop.actuator() as actuator:
        with pytest.raises(EffectFailed, match=r"without a controller \(force\): shop/alone"):
            await do(actuator, "drain", "node:n0", by="b" * 32)
        shop.cluster.delete("pods", "shop", "alone")
        assert "cordoned" in (await do(actuator, "drain", "node:n0")).detail


async def test_pods_of_a_namespace_that_is_being_removed_do_not_fail_a_drain(shop: Site) -> None:
    """They may not be evicted any more, and go with it."""
    shop.cluster.create("namespaces", {"metadata": {"name": "old", "finalizers": ["kubernetes"]}})
    for name in ("alone-1", "alone-2"):
        shop.cluster.create("pods", pod(name, on="n0", namespace="old"))
    shop.server.settle()
    shop.cluster.delete("namespaces", "", "old")
    async with shop.actuator() as actuator:
        given = await command(actuator, "drain", "node:n0", force="true")
        draining = asyncio.create_task(actuator.execute(given, open_gate))
        asked_again = asyncio.create_task(shop.server.requested(len(shop.server.requests) + 30))
        await asyncio.wait((draining, asked_again), return_when=asyncio.FIRST_COMPLETED)
        for name in ("alone-1", "alone-2"):
            shop.cluster.delete("pods", "old", name)
        assert "cordoned" in (await draining).detail
