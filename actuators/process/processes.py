"""Processes of the operating system, told apart for certain.

A pid alone names whoever has it now. Here a process is its pid, its start time and the boot that both belong to. Linux
only (/proc). Looking is all that is done in here; what acts on processes is in `signals`.
"""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

_PROC = Path("/proc")


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """`start_ticks` is field 22 of /proc/PID/stat: clock ticks between the boot and the start of the process."""

    pid: int
    start_ticks: int
    boot: str


class _Stat(NamedTuple):
    pid: int
    state: str
    session: int
    start_ticks: int


def _parse_stat(text: str) -> _Stat:
    # The command's name stands in parentheses and may itself hold spaces and parentheses.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return _Stat(int(head.split()[0]), fields[0], int(fields[3]), int(fields[19]))


def _stat(pid: int) -> _Stat | None:
    try:
        return _parse_stat((_PROC / str(pid) / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


@cache
def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def parse(line: str) -> Process:
    """The process that wrote "<boot id> <its /proc/PID/stat>"."""
    boot, _, stat = line.partition(" ")
    parsed = _parse_stat(stat)
    return Process(pid=parsed.pid, start_ticks=parsed.start_ticks, boot=boot)


def created_s(process: Process) -> float:
    """Start time in Unix seconds, computed as psutil does."""
    return process.start_ticks / os.sysconf("SC_CLK_TCK") + psutil.boot_time()


def state(process: Process) -> str:
    """Its state letter (`R`, `S`, `D`, `T` paused …), or "" when it is dead. A zombie is dead, and reaped if ours."""
    found = _stat(process.pid)
    if found is None or found.start_ticks != process.start_ticks or process.boot != boot_id():
        return ""
    if found.state in "ZX":
        _reap(process.pid)
        return ""
    return found.state


def alive(process: Process | None) -> bool:
    return process is not None and state(process) != ""


def _reap(pid: int) -> None:
    # Where an earlier actuator was its parent, init reaps it.
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def session(leader: Process) -> tuple[Process, ...]:
    """The living processes of the session that `leader` leads, itself first; none when it is dead.

    Without its leader a session is not looked for: nothing would prove that the number still means the same one.
    """
    if not alive(leader):
        return ()
    found = (_stat(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit())
    return leader, *(
        Process(pid=stat.pid, start_ticks=stat.start_ticks, boot=leader.boot)
        for stat in found
        if stat and stat.session == leader.pid != stat.pid and stat.state not in "ZX"
    )
