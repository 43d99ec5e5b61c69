"""What can be seen of processes: who they are, what they talk to, what they hold open. Reading only, from /proc.

Of an environment only names are told, and of a command line no value that is secret by its name. What may not be read,
as by a user who is not root, is left out of a record or told in its place.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil

from actuators.process.evidence import redact

_ASKED = ("pid", "ppid", "name", "exe", "cwd", "username", "create_time", "status", "cpu_times", "memory_info")


def everything() -> list[int]:
    """The pids of this node, in order."""
    return sorted(psutil.pids())


def processes(pids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Who they are; `ppid` makes the tree. Times in seconds, Unix or of CPU."""
    for process in _living(pids):
        try:
            found = process.as_dict(_ASKED)
            words = redact(process.cmdline()).split("\n")
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            words = None
        cpu, memory = found["cpu_times"], found["memory_info"]
        yield {
            **{name: found[name] for name in ("pid", "ppid", "name", "exe", "cwd", "status")},
            "cmdline": words,
            "user": found["username"],
            "created_s": found["create_time"],
            "cpu_s": round(cpu.user + cpu.system, 2) if cpu else None,
            "rss_bytes": memory.rss if memory else None,
        }


def connections(pids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Their sockets, those of the Unix family too."""
    for process in _living(pids):
        try:
            found = process.net_connections("all")
        except psutil.Error as error:
            yield _not_available(process.pid, error)
            continue
        yield from sorted((_connection(each, process.pid) for each in found), key=lambda each: each["fd"])


def node_connections() -> Iterator[dict[str, Any]]:
    """The Internet sockets of this node; whose they are is told where it may be known."""
    found = (_connection(each, each.pid) for each in psutil.net_connections("inet"))
    yield from sorted(found, key=lambda each: (each["local"], each["remote"], each["pid"] or 0, each["fd"]))


def files(pids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """What they hold open, by descriptor."""
    for pid in pids:
        try:
            found = sorted(Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name))
        except OSError as error:
            yield _not_available(pid, error)
            continue
        for path in found:
            try:
                yield {"pid": pid, "fd": int(path.name), "target": str(path.readlink())}
            except OSError:
                continue  # closed since


def environment(pids: Iterable[int]) -> Iterator[dict[str, Any]]:
    """The names of what is in their environment."""
    for pid in pids:
        try:
            found = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError as error:
            yield _not_available(pid, error)
            continue
        settings = found.decode(errors="replace").split("\0")
        yield {
            "pid": pid,
            "names": sorted({name for name, equals, _ in (s.partition("=") for s in settings) if equals}),
        }


def end_of(path: Path, limit_bytes: int) -> tuple[bytes, bool]:
    """The last bytes of a regular file, and whether there is more before them. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        start = max(0, status.st_size - limit_bytes)
        file.seek(start)
        return file.read(limit_bytes), start > 0


def _living(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        try:
            yield psutil.Process(pid)
        except psutil.NoSuchProcess:
            continue


def _connection(found: Any, pid: int | None) -> dict[str, Any]:
    return {
        "pid": pid,
        "fd": found.fd,
        "family": found.family.name,
        "type": found.type.name,
        "local": _address(found.laddr),
        "remote": _address(found.raddr),
        "status": found.status,
    }


def _address(address: Any) -> str:
    return address if isinstance(address, str) else ":".join(map(str, address))


def _not_available(pid: int, error: Exception) -> dict[str, Any]:
    return {"pid": pid, "not_available": str(error)}  # That it could not be read is evidence, too.
