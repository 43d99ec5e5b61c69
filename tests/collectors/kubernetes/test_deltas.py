"""One collection, followed through all that goes wrong: no gap, no double."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from collectors.kubernetes.config import KubernetesConfig
from collectors.kubernetes.deltas import Deltas
from collectors.kubernetes.resources import MEASURED
from kube.api import ApiError, Reader
from kube.client import client_of
from kube.reflector import Reflector
from schemas.kubernetes import Key, Object, key_of
from tests.collectors.kubernetes.site import MortalServer, settings
from tests.kubernetes_server import GARBLED, ApiStatus, Cluster, Faults, Request
from tests.kubernetes_server.objects import pod
from tests.kubernetes_server.rbac import Rbac

PODS = MEASURED["pods"].path()


class Record:
    """A sink that writes everything down."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Key, str]] = []
        self.objects: dict[Key, Object] = {}
        self._news = asyncio.Event()

    async def seen(self, found: Object, *, listed: bool) -> None:
        self.objects[key_of(found)] = found
        self.told.append(("seen", key_of(found), found["metadata"]["resourceVersion"]))
        self._news.set()

    async def gone(self, key: Key) -> None:
        found = self.objects.pop(key)
        self.told.append(("gone", key, found["metadata"]["uid"]))
        self._news.set()

    async def complete(self, version: str) -> None:
        self._news.set()

    async def until(self, cluster: Cluster) -> None:
        """Until it knows what the cluster knows."""
        while self.versions() != versions_in(cluster):
            self._news.clear()
            await self._news.wait()

    def versions(self) -> dict[Key, str]:
        return {key: found["metadata"]["resourceVersion"] for key, found in self.objects.items()}


def versions_in(cluster: Cluster) -> dict[Key, str]:
    return {key_of(found): found["metadata"]["resourceVersion"] for found in cluster.all("pods")}


@contextlib.asynccontextmanager
async def recording(server: MortalServer, folder: Path, **given: Any) -> AsyncIterator[tuple[Record, Reflector]]:
    config = KubernetesConfig.model_validate(settings(server, folder, **given))
    api = Reader(await client_of(config.kubeconfig, None), config.request_timeout_s, config.silent_s)
    record = Record()
    follow = Reflector(api, PODS, Deltas(record), 0.001)
    task = asyncio.create_task(follow.run())
    try:
        yield record, follow
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await api.close()


def still(cluster: Cluster, **given: Any) -> MortalServer:
    """A server without controllers: only the test changes anything."""
    server = MortalServer(cluster, **given)
    server.live = False
    return server


def change(cluster: Cluster, name: str) -> None:
    found = cluster.get("pods", "shop", name)
    labels = {"turn": found["metadata"]["resourceVersion"]}
    cluster.update("pods", {**found, "metadata": {**found["metadata"], "labels": labels}})


def history(cluster: Cluster) -> list[tuple[str, Key, str]]:
    """What is told of the log when every change is told once."""
    return [
        ("gone", key_of(each.found), each.found["metadata"]["uid"])
        if each.kind == "DELETED"
        else ("seen", key_of(each.found), each.found["metadata"]["resourceVersion"])
        for each in cluster.log
        if each.resource == "pods"
    ]


async def test_a_watch_that_is_lost_goes_on_where_it_was(tmp_path: Path) -> None:
    """Every change is told once, in its order, through resets and a restart of the server; nothing is listed twice."""
    cluster = Cluster()
    async with still(cluster) as server, recording(server, tmp_path) as (record, follow):
        while follow.lost_since_s is not None or not follow.lists:
            await asyncio.sleep(0)
        for turn in range(30):
            cluster.create("pods", pod(f"p{turn}"))
            if turn % 3 == 0:
                await record.until(cluster)
            if turn % 5 == 0:
                server.disconnect()
            change(cluster, f"p{turn // 2}")
            if turn % 7 == 0:
                server.away()
                cluster.remove("pods", cluster.get("pods", "shop", f"p{turn}"))
                cluster.create("pods", pod(f"p{turn}"))
                await server.back()
        await record.until(cluster)
    assert record.told == history(cluster)
    assert follow.lists == 1


async def test_what_the_server_has_forgotten_is_told_by_comparison(tmp_path: Path) -> None:
    """What is gone, new, changed, or another of the same name; what is as it was is not told again."""
    cluster = Cluster()
    for name in ("same", "changed", "gone", "another"):
        cluster.create("pods", pod(name))
    async with still(cluster) as server, recording(server, tmp_path) as (record, follow):
        await record.until(cluster)
        before = record.objects[("shop", "another")]["metadata"]["uid"]
        server.away()
        record.told.clear()
        change(cluster, "changed")
        for name in ("gone", "another"):
            cluster.remove("pods", cluster.get("pods", "shop", name))
        cluster.create("pods", pod("another"))
        cluster.create("pods", pod("new"))
        cluster.compact()
        await server.back()
        await record.until(cluster)
        told = sorted((what, key[1]) for what, key, _ in record.told)
        assert told == [
            ("gone", "another"),
            ("gone", "gone"),
            ("seen", "another"),
            ("seen", "changed"),
            ("seen", "new"),
        ]
        assert ("gone", ("shop", "another"), before) in record.told
        assert follow.lists == 2


async def test_a_version_that_only_a_bookmark_told_of_is_gone_on_from(tmp_path: Path) -> None:
    """A quiet collection need not be listed anew because others have changed and the server forgets."""
    cluster = Cluster()
    cluster.create("pods", pod("quiet"))
    async with still(cluster) as server, recording(server, tmp_path) as (record, follow):
        await record.until(cluster)
        for number in range(20):
            cluster.create("configmaps", {"metadata": {"name": f"c{number}", "namespace": "shop"}})
        while follow.version != str(cluster.version):
            await asyncio.sleep(0)
        cluster.compact()
        server.disconnect()
        cluster.create("pods", pod("loud"))
        await record.until(cluster)
        assert follow.lists == 1


async def test_a_server_that_was_restored_is_listed_anew(tmp_path: Path) -> None:
    """Its versions are behind those that were told, and it would wait in silence for them to come again. What is there
    under a version that was told before may be another."""
    cluster = Cluster()
    for name in ("same", "changed"):
        cluster.create("pods", pod(name))
    backup = cluster.copy()
    async with still(cluster) as server, recording(server, tmp_path) as (record, follow):
        await record.until(cluster)
        change(cluster, "changed")
        cluster.create("pods", pod("new"))
        await record.until(cluster)
        server.away()
        server.cluster = backup
        change(backup, "same")
        await server.back()
        await record.until(backup)
        assert follow.lists == 2
        assert record.objects[("shop", "same")] | {"kind": "Pod", "apiVersion": "v1"} == backup.get(
            "pods", "shop", "same"
        )


async def test_a_watch_without_news_is_not_taken_for_lost(tmp_path: Path) -> None:
    """A server may say nothing at all while nothing happens: a watch ends, and is resumed, before that is taken for
    its end."""
    cluster = Cluster()
    async with still(cluster) as server, recording(server, tmp_path, silent_s=1.3) as (_, follow):
        with structlog.testing.capture_logs() as logged:
            while sum(request.verb == "watch" for request in server.requests) < 3:
                await server.requested(len(server.requests) + 1)
        assert follow.lists == 1
        assert not [each for each in logged if each["log_level"] == "warning"]


async def test_what_is_no_event_ends_a_watch_and_nothing_else(tmp_path: Path) -> None:
    """Whatever a proxy on the way makes of it; the next watch goes on."""
    cluster = Cluster()
    async with still(cluster) as server:
        server.garbled = list(GARBLED)
        async with recording(server, tmp_path) as (record, _):
            cluster.create("pods", pod("a"))
            while server.garbled:
                await server.requested(len(server.requests) + 1)
            cluster.create("pods", pod("b"))
            await record.until(cluster)
    assert record.told == history(cluster)


class Busy(Rbac):
    """Whoever asks is told to come again after seven seconds."""

    def allows(self, request: Request) -> bool:
        raise ApiStatus(429, "TooManyRequests", "storage is (re)initializing", retry_after="7")


async def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path) -> None:
    """Not earlier, and not as much later as one that is away."""
    async with still(Cluster(), rbac=Busy(())) as server:
        config = KubernetesConfig.model_validate(settings(server, tmp_path))
        api = Reader(await client_of(config.kubeconfig, None), 5)
        with pytest.raises(ApiError) as told:
            await api.get(PODS)
        await api.close()
    assert told.value.retry_after_s == 7


async def test_lists_are_read_by_pages_and_through_failures(tmp_path: Path) -> None:
    """A list that fails half way begins anew, and tells nothing twice."""
    cluster = Cluster()
    for number in range(1201):
        cluster.create("pods", pod(f"p{number:04}"))
    faults = Faults(seed=36, most=20)
    async with still(cluster, faults=faults) as server, recording(server, tmp_path) as (record, _):
        await record.until(cluster)
        assert len(record.told) == 1201
        assert sum(request.verb == "list" for request in server.requests) > 5
        assert faults.happened


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_it_knows_what_there_is(tmp_path: Path, seed: int) -> None:
    """Through changes, resets, restarts, forgetting and failed requests from a seed: in the end it knows the cluster,
    and was told of no version and of no end twice."""
    draws = random.Random(seed)
    cluster = Cluster()
    server = still(cluster, faults=Faults(seed=seed, most=8))
    uids = set()
    async with server, recording(server, tmp_path) as (record, _):
        for turn in range(60):
            names = [found["metadata"]["name"] for found in cluster.all("pods")]
            match draws.choice(
                ["create", "create", "change", "change", "remove", "reset", "restart", "forget", "wait"]
            ):
                case "create":
                    cluster.create("pods", pod(f"p{turn % 12}" if f"p{turn % 12}" not in names else f"q{turn}"))
                case "change" if names:
                    change(cluster, draws.choice(names))
                case "remove" if names:
                    cluster.remove("pods", cluster.get("pods", "shop", draws.choice(names)))
                case "reset":
                    server.disconnect()
                case "restart":
                    server.away()
                    await server.back()
                case "forget":
                    cluster.compact()
                case "wait":
                    await record.until(cluster)
            uids |= {found["metadata"]["uid"] for found in cluster.all("pods")}
        await record.until(cluster)
        seen = [version for what, _, version in record.told if what == "seen"]
        assert len(seen) == len(set(seen))
        ended = [uid for what, _, uid in record.told if what == "gone"]
        assert len(ended) == len(set(ended))
        assert set(ended) <= uids - {found["metadata"]["uid"] for found in cluster.all("pods")}
