"""What processes use: CPU time with that of their children, and resident memory, over the same stretch of time."""

import asyncio
import time
from collections.abc import Mapping
from statistics import mean
from typing import NamedTuple

import psutil

SAMPLE_EVERY_S = 1.0


class Used(NamedTuple):
    """CPU seconds, and the mean resident size in bytes."""

    cpu_s: float
    rss_bytes: float


async def watch(processes: Mapping[str, psutil.Process], for_s: float) -> dict[str, Used]:
    """What each of them used in the next `for_s` seconds."""
    sizes: dict[str, list[int]] = {name: [] for name in processes}
    before = {name: cpu_s(process) for name, process in processes.items()}
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s:
        await asyncio.sleep(SAMPLE_EVERY_S)
        for name, process in processes.items():
            sizes[name].append(process.memory_info().rss)
    return {name: Used(cpu_s(process) - before[name], mean(sizes[name])) for name, process in processes.items()}


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process and of those of its children that have ended."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


async def port_of(process: psutil.Process) -> int:
    """The port that it listens on, as soon as it does."""
    while True:
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        await asyncio.sleep(0.05)
