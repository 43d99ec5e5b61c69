"""What happens in a collection is told without gaps or doubles, through all that goes wrong."""

import asyncio
from pathlib import Path

import pytest

from schemas.kubernetes import Key, key_of
from tests.cluster.kept import Record, change, in_step, reflecting, still, trouble
from tests.kubernetes_server import Cluster, Faults
from tests.kubernetes_server.objects import pod


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
    cluster, record = Cluster(), Record()
    async with still(cluster) as server, reflecting(server, tmp_path, record) as reflector:
        while reflector.lost_since_s is not None or not reflector.lists:
            await asyncio.sleep(0)
        for turn in range(30):
            cluster.create("pods", pod(f"p{turn}"))
            if turn % 3 == 0:
                await in_step(record, cluster)
            if turn % 5 == 0:
                server.disconnect()
            change(cluster, f"p{turn // 2}")
            if turn % 7 == 0:
                server.away()
                cluster.remove("pods", cluster.get("pods", "shop", f"p{turn}"))
                cluster.create("pods", pod(f"p{turn}"))
                await server.back()
        await in_step(record, cluster)
    assert record.told == history(cluster)
    assert reflector.lists == 1


async def test_what_the_server_has_forgotten_is_told_by_comparison(tmp_path: Path) -> None:
    """What is gone, new, changed, or another of the same name; what is as it was is not told again."""
    cluster, record = Cluster(), Record()
    for name in ("same", "changed", "gone", "another"):
        cluster.create("pods", pod(name))
    async with still(cluster) as server, reflecting(server, tmp_path, record) as reflector:
        await in_step(record, cluster)
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
        await in_step(record, cluster)
        told = sorted((what, key[1]) for what, key, _ in record.told)
        assert told == [
            ("gone", "another"),
            ("gone", "gone"),
            ("seen", "another"),
            ("seen", "changed"),
            ("seen", "new"),
        ]
        assert ("gone", ("shop", "another"), before) in record.told
        assert reflector.lists == 2


async def test_a_version_of_a_server_that_was_restored_is_another(tmp_path: Path) -> None:
    """What is there under a version that was told before may be something else, and is told."""
    cluster, record = Cluster(), Record()
    for name in ("same", "changed"):
        cluster.create("pods", pod(name))
    backup = cluster.copy()
    async with still(cluster) as server, reflecting(server, tmp_path, record) as reflector:
        await in_step(record, cluster)
        change(cluster, "changed")
        cluster.create("pods", pod("new"))
        await in_step(record, cluster)
        server.away()
        server.cluster = backup
        change(backup, "same")
        await server.back()
        await in_step(record, backup)
        assert reflector.lists == 2
        assert record.objects[("shop", "same")] | {"kind": "Pod", "apiVersion": "v1"} == backup.get(
            "pods", "shop", "same"
        )


async def test_a_list_that_fails_half_way_tells_nothing_twice(tmp_path: Path) -> None:
    """It begins anew, and what its first pages had is known by then."""
    cluster, record = Cluster(), Record()
    for number in range(1201):
        cluster.create("pods", pod(f"p{number:04}"))
    faults = Faults(seed=36, most=20)
    async with still(cluster, faults) as server, reflecting(server, tmp_path, record):
        await in_step(record, cluster)
        assert len(record.told) == 1201
        assert faults.happened


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_told_twice_whatever_happens(tmp_path: Path, seed: int) -> None:
    """Through changes, resets, restarts, forgetting and failed requests from a seed: no version and no end."""
    cluster, record = Cluster(), Record()
    async with still(cluster, Faults(seed=seed, most=8)) as server, reflecting(server, tmp_path, record):
        uids = await trouble(seed, server, record)
    seen = [version for what, _, version in record.told if what == "seen"]
    assert len(seen) == len(set(seen))
    ended = [uid for what, _, uid in record.told if what == "gone"]
    assert len(ended) == len(set(ended))
    assert set(ended) <= uids - {found["metadata"]["uid"] for found in cluster.all("pods")}
