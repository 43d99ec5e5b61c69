"""The host collector: one machine, under node_exporter's metric names and labels, so that published rules work on it.

Each file of the kernel is read once a scrape and handed to a pure parser. psutil is not used here: it reads the same
files several times over, and its figures do not have the names and the detail that those rules ask for. Linux only.
"""

import os
import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from collectors.grid import Grid
from collectors.host import network, proc
from collectors.host.filesystem import Filesystems, mounts
from collectors.series import Metric, SeriesCache
from schemas.plugins import CollectorContext, CollectorSpec, PluginConfig, Reading

_PROC = Path("/proc")
_DEVICES = Path("/sys/class/net")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class HostConfig(PluginConfig):
    """What to leave out is node_exporter's default."""

    interval_s: Annotated[float, Field(gt=0)] | None = None
    mount_timeout_s: float = Field(default=2.0, gt=0)
    mount_points_exclude: re.Pattern[str] = re.compile(
        r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
    )
    fs_types_exclude: re.Pattern[str] = re.compile(
        r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs"
        r"|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$"
    )
    disks_exclude: re.Pattern[str] = re.compile(r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$")


async def collect(config: HostConfig, context: CollectorContext) -> AsyncGenerator[Reading, None]:
    """One scrape of the machine on every moment of the grid."""
    series = SeriesCache({"instance": context.node, "job": "node"})
    filesystems = Filesystems(config.mount_timeout_s)
    grid = Grid(config.interval_s or context.interval_s)
    while True:
        await grid.tick()
        time_ms = context.now_ms()
        present = mounts(_mounts_text(), config.mount_points_exclude, config.fs_types_exclude)
        yield series.samples(time_ms, [*_metrics(config, time_ms), *await filesystems.scrape(present)])


def _metrics(config: HostConfig, time_ms: int) -> Iterator[Metric]:
    yield "up", (), 1.0
    yield "node_time_seconds", (), time_ms / 1000
    yield _uname()
    yield from proc.stat(_text(_PROC / "stat"), _TICKS_PER_SECOND)
    yield from proc.loadavg(_text(_PROC / "loadavg"))
    yield from proc.meminfo(_text(_PROC / "meminfo"))
    yield from proc.diskstats(_text(_PROC / "diskstats"), config.disks_exclude)
    yield from proc.vmstat(_text(_PROC / "vmstat"))
    yield from proc.file_nr(_text(_PROC / "sys/fs/file-nr"))
    for resource in ("cpu", "io", "memory"):
        yield from proc.pressure(_text(_PROC / "pressure" / resource), resource)
    yield from _network_metrics()


def _network_metrics() -> Iterator[Metric]:
    counters = _text(_PROC / "net/dev")
    yield from network.device_counters(counters)
    for device in network.devices(counters):
        state = _DEVICES / device
        yield from network.device_state(
            device, _text(state / "operstate"), _text(state / "carrier"), _text(state / "speed")
        )
    yield from network.snmp(_text(_PROC / "net/snmp"))
    yield from network.snmp(_text(_PROC / "net/netstat"))
    yield from network.snmp6(_text(_PROC / "net/snmp6"))
    for name in ("sockstat", "sockstat6"):
        yield from network.sockstat(_text(_PROC / "net" / name), _PAGE_BYTES)
    for name in ("nf_conntrack_count", "nf_conntrack_max"):
        yield from network.conntrack(name, _text(_PROC / "sys/net/netfilter" / name))


def _uname() -> Metric:
    uname = os.uname()
    domainname = _text(_PROC / "sys/kernel/domainname").strip()
    fields = ("sysname", "release", "version", "machine", "nodename")
    return "node_uname_info", (("domainname", domainname), *((field, getattr(uname, field)) for field in fields)), 1.0


def _mounts_text() -> str:
    # Ours may be a private view (a hardened unit, a container); the first process has the machine's, if we may look.
    return _text(_PROC / "1/mounts") or _text(_PROC / "self/mounts")


def _text(path: Path) -> str:
    """The file's text; nothing where this kernel, or our permissions, have no such file."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


SPEC = CollectorSpec(
    name="host",
    summary="CPU, memory, disks, filesystems and network of this machine, named as node_exporter names them.",
    config=HostConfig,
    collect=collect,
    example="host: {interval_s: 5}",
)
