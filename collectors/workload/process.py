"""What the operating system knows of a replica's process: whether it lives, and what it uses."""

from collections.abc import Iterator

import psutil

from collectors.series import Metric, Pairs
from schemas.workloads import ReplicaStatus

CREATED_TOLERANCE_S = 2.0
"""Two readers may round the machine's boot time differently; no pid comes round again this soon."""

_ENDED = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


class Processes:
    """The processes of replicas, each identified once.

    A start time seen by the wall clock moves when that clock is set. It is compared only when a replica is first seen;
    from then on psutil recognises the process by what never moves.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], psutil.Process] = {}

    def metrics(self, replica: ReplicaStatus, labels: Pairs) -> Iterator[Metric]:
        """`up`, and while it is 1 what the process uses."""
        usage: list[Metric] = []
        process = self._find(replica)
        if process is not None:
            try:
                usage = list(_usage(process, labels))
            except psutil.NoSuchProcess:
                usage = []
        yield "up", labels, float(bool(usage))
        yield from usage

    def keep(self, replicas: list[ReplicaStatus]) -> None:
        """Forget the processes of all other replicas."""
        present = {(replica.pid, replica.created_s) for replica in replicas}
        self._known = {key: process for key, process in self._known.items() if key in present}

    def _find(self, replica: ReplicaStatus) -> psutil.Process | None:
        key = replica.pid, replica.created_s
        if key not in self._known:
            process = _identify(replica)
            if process is None:
                return None
            self._known[key] = process
        return self._known[key] if self._known[key].is_running() else None


def _identify(replica: ReplicaStatus) -> psutil.Process | None:
    """The process that bears the replica's pid, if it is the one that was started as the replica."""
    try:
        process = psutil.Process(replica.pid)
        created_s = process.create_time()
    except (psutil.NoSuchProcess, ValueError):
        return None
    return process if abs(created_s - replica.created_s) <= CREATED_TOLERANCE_S else None


def _usage(process: psutil.Process, labels: Pairs) -> Iterator[Metric]:
    """Nothing for a process that has ended, even if nobody has waited for it yet."""
    with process.oneshot():
        if process.status() in _ENDED:
            return
        times = process.cpu_times()
        yield "process_cpu_seconds_total", labels, times.user + times.system
        yield "process_resident_memory_bytes", labels, float(process.memory_info().rss)
        yield "process_start_time_seconds", labels, process.create_time()
        try:
            yield "process_open_fds", labels, float(process.num_fds())
        except psutil.AccessDenied:
            return  # only its owner may look
