"""The host collector on the machine that runs the tests."""

import asyncio
import contextlib
import os
import re
import threading
from pathlib import Path

from collectors.host import HostConfig, collect
from collectors.host.filesystem import Filesystems, Mount
from collectors.series import Metric, SeriesCache
from schemas.labels import METRIC_NAME, canonical
from tests.collectors.contexts import NODE, by_text, context, next_samples

ROOT = Mount("/dev/root", "/", "ext4", readonly=False)
DEAD = Mount("nas:/export", "/mnt/nas", "nfs4", readonly=False)


def device_errors(metrics: list[Metric]) -> dict[str, float]:
    """By mountpoint."""
    return {dict(labels)["mountpoint"]: value for name, labels, value in metrics if name.endswith("device_error")}


async def test_a_scrape_has_what_published_rules_select(tmp_path: Path) -> None:
    """The metrics that node rules are written on are there, each with job and instance."""
    nothing = re.compile("$^")  # a container may have none of the file systems that are watched by default
    config = HostConfig(fs_types_exclude=nothing, mount_points_exclude=nothing)
    async with contextlib.aclosing(collect(config, context(tmp_path, now_ms=lambda: 5000))) as readings:
        scrape = await next_samples(readings)
    assert scrape.time_ms == 5000
    values = by_text(scrape)
    assert values[f'up{{instance="{NODE}", job="node"}}'] == 1
    assert values[f'node_time_seconds{{instance="{NODE}", job="node"}}'] == 5
    assert {
        "node_boot_time_seconds",
        "node_context_switches_total",
        "node_cpu_seconds_total",
        "node_filefd_allocated",
        "node_filesystem_avail_bytes",
        "node_load1",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_netstat_Tcp_CurrEstab",
        "node_network_receive_bytes_total",
        "node_network_up",
        "node_sockstat_TCP_inuse",
        "node_uname_info",
        "node_vmstat_pgmajfault",
    } <= {dict(series)[METRIC_NAME] for series in scrape.series}
    assert all(series == canonical(dict(series)) for series in scrape.series)
    assert len(set(scrape.series)) == len(scrape.series) == len(scrape.values)


async def test_label_sets_are_built_once(tmp_path: Path) -> None:
    """The same series is the same object in the next scrape, which is what makes a scrape cheap."""
    async with contextlib.aclosing(collect(HostConfig(), context(tmp_path))) as readings:
        first, second = await next_samples(readings), await next_samples(readings)
    known = {id(series) for series in first.series}
    assert sum(id(series) in known for series in second.series) > 0.9 * len(second.series)


def test_series_that_end_are_forgotten() -> None:
    """A machine on which devices come and go does not grow; a series measured twice is one, with its last value."""
    cache = SeriesCache({"job": "node"})
    cache.samples(0, [("a", (("device", "x"),), 1.0), ("b", (), 2.0)])
    scrape = cache.samples(1, [("b", (), 3.0), ("b", (), 4.0)])
    assert by_text(scrape) == {'b{job="node"}': 4.0}


async def test_a_mount_that_hangs_hangs_nothing_else() -> None:
    """It is reported as a device error, not asked again while it owes an answer, and comes back when it answers."""
    released = threading.Event()
    asked: list[str] = []

    def statvfs(mountpoint: str) -> os.statvfs_result:
        asked.append(mountpoint)
        if mountpoint == DEAD.mountpoint:
            released.wait()
        return os.statvfs("/")

    filesystems = Filesystems(timeout_s=0.3, measure=statvfs)
    for _ in range(2):
        assert device_errors(await filesystems.scrape([ROOT, DEAD])) == {"/": 0.0, "/mnt/nas": 1.0}
    assert asked.count(DEAD.mountpoint) == 1
    released.set()
    for thread in threading.enumerate():
        if thread.name.startswith("statvfs"):
            thread.join()
    await asyncio.sleep(0)  # what the thread left for the loop to do
    assert device_errors(await filesystems.scrape([ROOT, DEAD])) == {"/": 0.0, "/mnt/nas": 0.0}


async def test_a_mount_that_cannot_be_asked_is_a_device_error(tmp_path: Path) -> None:
    """Errors of the filesystem are data."""
    gone = Mount("/dev/sdz", str(tmp_path / "gone"), "ext4", readonly=True)
    metrics = {name: (dict(labels), value) for name, labels, value in await Filesystems(1.0).scrape([gone])}
    assert metrics.keys() == {"node_filesystem_readonly", "node_filesystem_device_error"}
    labels, value = metrics["node_filesystem_device_error"]
    assert (labels["device_error"], value) == ("No such file or directory", 1.0)
