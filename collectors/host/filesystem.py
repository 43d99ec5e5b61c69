"""How full each filesystem is, asked in such a way that one which hangs hangs nothing else.

`statvfs` on a dead NFS server or a failing disk may not return for hours, and cannot be interrupted. So each question
is put by a daemon thread of its own; who has not answered in time is reported as a device error, and is not asked
again before it has answered.
"""

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from collectors.series import Metric

_ESCAPE = re.compile(r"\\([0-7]{3})")
_TIMED_OUT = "mountpoint timeout"

Answer = os.statvfs_result | OSError
Measure = Callable[[str], os.statvfs_result]


class Mount(NamedTuple):
    """One line of `/proc/mounts`."""

    device: str
    mountpoint: str
    fstype: str
    readonly: bool


def mounts(text: str, mountpoints_exclude: re.Pattern[str], fstypes_exclude: re.Pattern[str]) -> list[Mount]:
    """The mounts of `/proc/mounts` that hold somebody's files; of several on one mountpoint, the visible one."""
    visible = {}
    for line in text.splitlines():
        device, mountpoint, fstype, options = (_unescaped(field) for field in line.split()[:4])
        visible[mountpoint] = Mount(device, mountpoint, fstype, "ro" in options.split(","))
    return [
        mount
        for mount in visible.values()
        if not mountpoints_exclude.search(mount.mountpoint) and not fstypes_exclude.search(mount.fstype)
    ]


def _unescaped(field: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)


class Filesystems:
    """Asks mounts how full they are, and remembers those that still owe an answer.

    `measure` is what asks; it blocks for as long as the filesystem does.
    """

    def __init__(self, timeout_s: float, measure: Measure = os.statvfs) -> None:
        self._timeout_s = timeout_s
        self._measure = measure
        self._asked: dict[str, asyncio.Future[Answer]] = {}

    async def scrape(self, present: Sequence[Mount]) -> list[Metric]:
        """The metrics of these mounts, after `timeout_s` at the latest."""
        owing = {mountpoint: future for mountpoint, future in self._asked.items() if not future.done()}
        fresh = {mount.mountpoint: self._ask(mount.mountpoint) for mount in present if mount.mountpoint not in owing}
        if fresh:
            await asyncio.wait(fresh.values(), timeout=self._timeout_s)
        self._asked = owing | fresh
        return [metric for mount in present for metric in _metrics(mount, self._answer(mount.mountpoint))]

    def _ask(self, mountpoint: str) -> asyncio.Future[Answer]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def ask() -> None:
            try:
                answer: Answer = self._measure(mountpoint)
            except OSError as error:
                answer = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits any more
                loop.call_soon_threadsafe(future.set_result, answer)

        threading.Thread(target=ask, name=f"statvfs {mountpoint}", daemon=True).start()
        return future

    def _answer(self, mountpoint: str) -> Answer:
        future = self._asked[mountpoint]
        return future.result() if future.done() else TimeoutError(0, _TIMED_OUT)


def _metrics(mount: Mount, answer: Answer) -> Iterator[Metric]:
    labels = (("device", mount.device), ("fstype", mount.fstype), ("mountpoint", mount.mountpoint))
    yield "node_filesystem_readonly", labels, float(mount.readonly)
    if isinstance(answer, OSError):
        yield "node_filesystem_device_error", (*labels, ("device_error", answer.strerror or str(answer))), 1.0
        return
    yield "node_filesystem_device_error", labels, 0.0
    yield "node_filesystem_size_bytes", labels, float(answer.f_blocks * answer.f_frsize)
    yield "node_filesystem_free_bytes", labels, float(answer.f_bfree * answer.f_frsize)
    yield "node_filesystem_avail_bytes", labels, float(answer.f_bavail * answer.f_frsize)
    yield "node_filesystem_files", labels, float(answer.f_files)
    yield "node_filesystem_files_free", labels, float(answer.f_ffree)
