"""A collection is kept in step through all that goes wrong, whatever store it is for."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.cluster.kept import ForInventory, Kept, Record, change, in_step, reflecting, still, trouble
from tests.kubernetes_server import GARBLED, ApiStatus, Cluster, Faults, KubernetesServer, Request
from tests.kubernetes_server.faults import Reset
from tests.kubernetes_server.objects import pod
from tests.kubernetes_server.rbac import Rbac


@pytest.fixture(params=[ForInventory, Record])
def kept(request: pytest.FixtureRequest) -> Kept:
    """The store of the actuator, and that of the collector."""
    store: Kept = request.param()
    return store


async def test_a_lost_watch_is_resumed_where_it_was(tmp_path: Path, kept: Kept) -> None:
    """Nothing is listed anew, and what happened meanwhile is known."""
    cluster = Cluster()
    cluster.create("pods", pod("a"))
    cluster.create("pods", pod("b"))
    async with still(cluster) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        server.away()
        change(cluster, "a")
        cluster.remove("pods", cluster.get("pods", "shop", "b"))
        cluster.create("pods", pod("c"))
        await server.back()
        await in_step(kept, cluster)
        assert reflector.lists == 1


async def test_a_version_that_only_a_bookmark_told_of_is_gone_on_from(tmp_path: Path, kept: Kept) -> None:
    """A quiet collection need not be listed anew because others have changed and the server forgets."""
    cluster = Cluster()
    cluster.create("pods", pod("quiet"))
    async with still(cluster) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        for number in range(20):
            cluster.create("configmaps", {"metadata": {"name": f"c{number}", "namespace": "shop"}})
        while reflector.version != str(cluster.version):
            await asyncio.sleep(0)
        cluster.compact()
        server.disconnect()
        cluster.create("pods", pod("loud"))
        await in_step(kept, cluster)
        assert reflector.lists == 1


async def test_a_forgotten_version_is_listed_anew(tmp_path: Path, kept: Kept) -> None:
    """Where the server cannot resume, what is gone meanwhile is gone from the store too."""
    cluster = Cluster()
    for name in ("same", "gone"):
        cluster.create("pods", pod(name))
    async with still(cluster) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        server.away()
        cluster.remove("pods", cluster.get("pods", "shop", "gone"))
        cluster.compact()
        await server.back()
        await in_step(kept, cluster)
        assert reflector.lists == 2


async def test_a_server_that_was_restored_is_listed_anew(tmp_path: Path, kept: Kept) -> None:
    """Its versions are behind those that were told, and it would wait in silence for them to come again."""
    cluster = Cluster()
    for name in ("same", "changed"):
        cluster.create("pods", pod(name))
    backup = cluster.copy()
    async with still(cluster) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        change(cluster, "changed")
        cluster.create("pods", pod("new"))
        await in_step(kept, cluster)
        server.cluster = backup
        server.disconnect()
        await in_step(kept, backup)
        assert reflector.lists == 2


async def test_a_watch_without_news_is_not_taken_for_lost(tmp_path: Path) -> None:
    """A server may say nothing at all while nothing happens: a watch ends, and is resumed, before that is taken for
    its end."""
    async with still(Cluster()) as server, reflecting(server, tmp_path, Record(), silent_s=1.3) as reflector:
        with structlog.testing.capture_logs() as logged:
            while sum(request.verb == "watch" for request in server.requests) < 3:
                await server.requested(len(server.requests) + 1)
        assert reflector.lists == 1
        assert not [each for each in logged if each["log_level"] == "warning"]


async def test_an_object_as_large_as_a_cluster_keeps_is_followed(tmp_path: Path, kept: Kept) -> None:
    """Over a megabyte of it is one event of the watch."""
    cluster = Cluster()
    async with still(cluster) as server, reflecting(server, tmp_path, kept) as reflector:
        await server.requested(1)
        large = pod("large")
        large["spec"]["containers"][0]["env"] = [{"name": "ALL", "value": "x" * 1_200_000}]
        cluster.create("pods", large)
        await in_step(kept, cluster)
        assert reflector.lists == 1


async def test_what_is_no_event_ends_a_watch_and_nothing_else(tmp_path: Path, kept: Kept) -> None:
    """Whatever a proxy on the way makes of it; the next watch goes on."""
    cluster = Cluster()
    async with still(cluster) as server:
        server.garbled = list(GARBLED)
        async with reflecting(server, tmp_path, kept, retry_s=1e-6) as reflector:
            while server.garbled:
                await server.requested(len(server.requests) + 1)
            cluster.create("pods", pod("b"))
            await in_step(kept, cluster)
            assert reflector.lists == 1


@pytest.mark.parametrize(
    "told", [{}, {"metadata": {}}, {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "x"}}]}]
)
async def test_what_is_no_list_empties_no_store(tmp_path: Path, kept: Kept, told: dict[str, Any]) -> None:
    """Whatever a proxy on the way answers in place of one: it is asked again."""
    cluster = Cluster()
    cluster.create("pods", pod("a"))
    async with NoList(cluster, told) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        assert (reflector.lists, server.told) == (1, [])


class NoList(KubernetesServer):
    """It answers once like this when it is asked for a list."""

    def __init__(self, cluster: Cluster, told: dict[str, Any]) -> None:
        super().__init__(cluster)
        self.told = [told]

    async def _answer(
        self, out: Any, asked: Request, query: Mapping[str, str], body: Any, headers: Mapping[str, str]
    ) -> None:
        if self.told:
            await out.json(200, self.told.pop())
        else:
            await super()._answer(out, asked, query, body, headers)


async def test_lists_are_read_by_pages_and_through_failures(tmp_path: Path, kept: Kept) -> None:
    """A list that fails half way begins anew."""
    cluster = Cluster()
    for number in range(1201):
        cluster.create("pods", pod(f"p{number:04}"))
    faults = Faults(seed=36, most=20)
    async with still(cluster, faults) as server, reflecting(server, tmp_path, kept) as reflector:
        await in_step(kept, cluster)
        assert reflector.lists == 1
        assert sum(request.verb == "list" for request in server.requests) > 5
        assert faults.happened


class Shortly(KubernetesServer):
    """It ends every watch as soon as it began."""

    async def _watch(self, out: Any, asked: Request, query: Mapping[str, str]) -> None:
        await super()._watch(out, asked, {**query, "timeoutSeconds": "0.001"})


class Breaking(KubernetesServer):
    """It resets the connection of every watch as soon as it began."""

    async def _watch(self, out: Any, asked: Request, query: Mapping[str, str]) -> None:
        await out.begin()
        raise Reset


@pytest.mark.parametrize(("kind", "pauses"), [(Shortly, 1 + 1 + 1), (Breaking, 1 + 2 + 4)])
async def test_a_watch_that_is_over_at_once_does_not_begin_at_once(
    tmp_path: Path, kind: type[KubernetesServer], pauses: int
) -> None:
    """A proxy that keeps no connection open is not asked without end, and less and less often where it breaks them."""
    async with kind(Cluster()) as server, reflecting(server, tmp_path, Record(), retry_s=0.05):
        clock = asyncio.get_running_loop().time
        await server.requested(1)
        began_s = clock()
        while sum(request.verb == "watch" for request in server.requests) < 4:
            await server.requested(len(server.requests) + 1)
        assert clock() - began_s > pauses * 0.05


async def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path, kept: Kept) -> None:
    """Not as much later as one that is away."""
    cluster = Cluster()
    cluster.create("pods", pod("a"))
    async with still(cluster) as server:
        server.rbac = BusyOnce()
        async with reflecting(server, tmp_path, kept, retry_s=600), asyncio.timeout(60):
            await in_step(kept, cluster)


class BusyOnce(Rbac):
    """Who asks first is told to come again after a second."""

    def __init__(self) -> None:
        super().__init__(())
        self._busy = True

    def allows(self, request: Request) -> bool:
        if self._busy:
            self._busy = False
            raise ApiStatus(429, "TooManyRequests", "storage is (re)initializing", retry_after="1")
        return True


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_it_knows_what_there_is(tmp_path: Path, kept: Kept, seed: int) -> None:
    """Through changes, resets, restarts, forgetting and failed requests from a seed: in the end it knows the
    cluster."""
    async with still(Cluster(), Faults(seed=seed, most=8)) as server, reflecting(server, tmp_path, kept):
        await trouble(seed, server, kept)
