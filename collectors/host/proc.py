"""What the kernel's text files say, under node_exporter's metric names: text in, metrics out.

Nothing is read here. A line that a kernel does not have yields nothing, and one that this module does not know is
passed over, so that older and newer kernels both work.
"""

import re
from collections.abc import Iterator

from collectors.series import Metric

_CPU_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_GUEST_MODES = ("user", "nice")
_STAT_NAMES = {
    "intr": "node_intr_total",
    "ctxt": "node_context_switches_total",
    "btime": "node_boot_time_seconds",
    "processes": "node_forks_total",
    "procs_running": "node_procs_running",
    "procs_blocked": "node_procs_blocked",
}

_SECTOR_BYTES = 512.0  # the kernel counts in these, whatever the device's own sectors are
_MS = 0.001
_DISK_FIELDS = (
    ("reads_completed_total", 1.0),
    ("reads_merged_total", 1.0),
    ("read_bytes_total", _SECTOR_BYTES),
    ("read_time_seconds_total", _MS),
    ("writes_completed_total", 1.0),
    ("writes_merged_total", 1.0),
    ("written_bytes_total", _SECTOR_BYTES),
    ("write_time_seconds_total", _MS),
    ("io_now", 1.0),
    ("io_time_seconds_total", _MS),
    ("io_time_weighted_seconds_total", _MS),
    ("discards_completed_total", 1.0),
    ("discards_merged_total", 1.0),
    ("discarded_sectors_total", 1.0),
    ("discard_time_seconds_total", _MS),
    ("flush_requests_total", 1.0),
    ("flush_requests_time_seconds_total", _MS),
)

_VMSTAT_FIELDS = re.compile(r"oom_kill|pgpg.*|pswp.*|pg.*fault.*")
_PRESSURE_NAMES = {"some": "waiting", "full": "stalled"}


def stat(text: str, ticks_per_second: int) -> Iterator[Metric]:
    """`/proc/stat`: times of each CPU in seconds, and the kernel's own counters."""
    for line in text.splitlines():
        name, *fields = line.split(None, 11)
        if name in _STAT_NAMES:
            yield _STAT_NAMES[name], (), float(fields[0])
        elif name.startswith("cpu") and name != "cpu":
            cpu = ("cpu", name[3:])
            seconds = [int(field) / ticks_per_second for field in fields]
            for mode, value in zip(_CPU_MODES, seconds, strict=False):
                yield "node_cpu_seconds_total", (cpu, ("mode", mode)), value
            for mode, value in zip(_GUEST_MODES, seconds[len(_CPU_MODES) :], strict=False):
                yield "node_cpu_guest_seconds_total", (cpu, ("mode", mode)), value


def loadavg(text: str) -> Iterator[Metric]:
    """`/proc/loadavg`."""
    for name, field in zip(("node_load1", "node_load5", "node_load15"), text.split(), strict=False):
        yield name, (), float(field)


def meminfo(text: str) -> Iterator[Metric]:
    """`/proc/meminfo`: sizes in bytes; the few lines without a unit are counts."""
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        number, *unit = rest.split()
        name = "node_memory_" + key.replace("(", "_").replace(")", "")
        if unit:
            yield name + "_bytes", (), float(number) * 1024
        else:
            yield name, (), float(number)


def diskstats(text: str, exclude: re.Pattern[str]) -> Iterator[Metric]:
    """`/proc/diskstats`: I/O of each block device whose name `exclude` does not match."""
    for line in text.splitlines():
        _, _, device, *fields = line.split()
        if exclude.search(device):
            continue
        for (name, unit), field in zip(_DISK_FIELDS, fields, strict=False):
            yield f"node_disk_{name}", (("device", device),), int(field) * unit


def vmstat(text: str) -> Iterator[Metric]:
    """`/proc/vmstat`: paging, swapping, faults and OOM kills."""
    for line in text.splitlines():
        field, _, number = line.partition(" ")
        if _VMSTAT_FIELDS.fullmatch(field):
            yield f"node_vmstat_{field}", (), float(number)


def file_nr(text: str) -> Iterator[Metric]:
    """`/proc/sys/fs/file-nr`: open file descriptors of the machine, and the most there may be."""
    match text.split():
        case [allocated, _, maximum]:
            yield "node_filefd_allocated", (), float(allocated)
            yield "node_filefd_maximum", (), float(maximum)


def pressure(text: str, resource: str) -> Iterator[Metric]:
    """`/proc/pressure/<resource>`: seconds that some or all tasks stood still for it."""
    for line in text.splitlines():
        share, _, rest = line.partition(" ")
        # For the CPU "full" is always 0 and node_exporter has no metric for it.
        if share in _PRESSURE_NAMES and (resource, share) != ("cpu", "full"):
            total_us = int(rest.rpartition("total=")[2])
            yield f"node_pressure_{resource}_{_PRESSURE_NAMES[share]}_seconds_total", (), total_us / 1e6
