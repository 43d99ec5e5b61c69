"""Kubernetes' Events: each change of one is told once, in its order, whatever dies."""

import random
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Event
from tests.collectors.kubernetes.site import Told, following
from tests.kubernetes_server import Cluster, KubernetesServer
from tests.kubernetes_server.objects import event, pod

ONLY_EVENTS: dict[str, Any] = {"resources": []}


def happen(cluster: Cluster, message: str) -> None:
    """A Warning about the pod `web`."""
    about = cluster.find("pods", "shop", "web") or cluster.create("pods", pod("web"))
    made = event(about, "BackOff", message)
    made["involvedObject"]["namespace"] = "shop"
    cluster.create("events", made)


def again(cluster: Cluster, name: str) -> None:
    """It has happened once more."""
    found = cluster.get("events", "shop", name)
    cluster.update("events", {**found, "metadata": {**found["metadata"]}, "count": found["count"] + 1})


def ids(cluster: Cluster) -> list[str]:
    """What is told of the log when each change is told once."""
    changes = [each.found["metadata"] for each in cluster.log if each.resource == "events" and each.kind != "DELETED"]
    return [f"{meta['uid']}:{meta['resourceVersion']}" for meta in changes]


async def test_an_event_says_what_kubernetes_says(tmp_path: Path) -> None:
    """Under its own names, with what it is about as actuators call it, and not what was before we came."""
    cluster = Cluster()
    happen(cluster, "before")
    async with KubernetesServer(cluster) as server, following(server, tmp_path, labels={"cluster": "prod"}) as told:
        await told.until(lambda: told.synced)
        happen(cluster, "Back-off restarting failed container")
        await told.until(lambda: bool(told.events))
    (found,) = told.events
    meta = cluster.all("events")[-1]["metadata"]
    assert found.id == f"{meta['uid']}:{meta['resourceVersion']}"
    assert found.type == "kubernetes.event.warning"
    assert found.subject == "pod:shop/web"
    assert found.time == "2026-01-01T00:00:00Z"
    assert (found.product, found.service) == ("kubernetes", "event")
    assert found.data["reason"] == "BackOff"
    assert found.data["message"] == "Back-off restarting failed container"
    assert found.data["involvedObject"]["name"] == "web"
    assert (found.data["cluster"], found.data["namespace"], found.data["pod"]) == ("prod", "shop", "web")


async def test_one_that_happens_again_is_told_again(tmp_path: Path) -> None:
    """For its count has changed; that it is forgotten is not told."""
    cluster = Cluster()
    async with KubernetesServer(cluster) as server, following(server, tmp_path, **ONLY_EVENTS) as told:
        await told.until(lambda: told.synced)
        happen(cluster, "a")
        name = cluster.all("events")[0]["metadata"]["name"]
        again(cluster, name)
        cluster.remove("events", cluster.get("events", "shop", name))
        happen(cluster, "b")
        await told.until(lambda: len(told.events) == 3)
    assert [(each.data["message"], each.data["count"]) for each in told.events] == [("a", 1), ("a", 2), ("b", 1)]


@pytest.mark.parametrize("seed", range(10))
async def test_each_is_told_once_through_restarts_of_agent_and_server(tmp_path: Path, seed: int) -> None:
    """An agent that starts goes on after its last event in the journal; nothing is told twice or left out."""
    draws = random.Random(seed)
    cluster = Cluster()
    all_told: list[Event] = []
    async with KubernetesServer(cluster) as server:
        server.live = False
        async with following(server, tmp_path, **ONLY_EVENTS) as told:
            await told.until(lambda: told.synced)
            happen(cluster, "first")
            await told.until(lambda: bool(told.events))
            all_told += told.events
        for _ in range(6):
            for _ in range(draws.randrange(4)):
                happen(cluster, "while the agent is away")
            async with following(server, tmp_path, last=all_told[-1], **ONLY_EVENTS) as told:
                for _ in range(draws.randrange(8)):
                    await trouble(draws, cluster, server, told)
                all_told += told.events
        async with following(server, tmp_path, last=all_told[-1], **ONLY_EVENTS) as told:
            expected = ids(cluster)
            await told.until(lambda: len(all_told) + len(told.events) >= len(expected))
            all_told += told.events
    assert [each.id for each in all_told] == expected


async def trouble(draws: random.Random, cluster: Cluster, server: KubernetesServer, told: Told) -> None:
    match draws.choice(["happen", "again", "reset", "restart", "read"]):
        case "happen":
            happen(cluster, "while the agent listens")
        case "again":
            again(cluster, draws.choice(cluster.all("events"))["metadata"]["name"])
        case "reset":
            server.disconnect()
        case "restart":
            server.away()
            await server.back()
        case "read":
            await told.one()


async def test_what_the_server_has_forgotten_is_told_from_its_list(tmp_path: Path) -> None:
    """What happened while the agent was away is told once, in its order, and what it has told before is not."""
    cluster = Cluster()
    async with KubernetesServer(cluster) as server:
        async with following(server, tmp_path, **ONLY_EVENTS) as told:
            await told.until(lambda: told.synced)
            happen(cluster, "told")
            await told.until(lambda: bool(told.events))
            last = told.events[-1]
        for message in "cab":
            happen(cluster, message)
        again(cluster, cluster.all("events")[1]["metadata"]["name"])
        expected = sorted(cluster.all("events"), key=lambda each: int(each["metadata"]["resourceVersion"]))[1:]
        cluster.compact()
        async with following(server, tmp_path, last=last, **ONLY_EVENTS) as told:
            await told.until(lambda: len(told.events) == 3)
            happen(cluster, "after")
            await told.until(lambda: len(told.events) == 4)
    assert [each.data["message"] for each in told.events] == [*(each["message"] for each in expected), "after"]


async def test_another_cluster_is_not_taken_for_the_one_before(tmp_path: Path) -> None:
    """One whose versions are behind those that were told, restored from a backup or made anew, is followed from now."""
    cluster = Cluster()
    happen(cluster, "before")
    other = Event(id="x", source="kubernetes", type="kubernetes.event.normal", file="999999")
    async with KubernetesServer(cluster) as server, following(server, tmp_path, last=other, **ONLY_EVENTS) as told:
        await told.until(lambda: told.synced)
        happen(cluster, "after")
        await told.until(lambda: bool(told.events))
    assert [each.data["message"] for each in told.events] == ["after"]
