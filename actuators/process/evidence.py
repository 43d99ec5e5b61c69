"""What is kept of an isolated process: read from /proc while it stands paused, with a manifest of digests.

The directory appears whole or not at all; `sha256sum -c SHA256SUMS` in it checks that nothing was touched since.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from actuators.process.processes import Process
from actuators.process.store import sync_directory, tail, write

LOG_LINES = 1000
_SECRET = re.compile(r"secret|token|password|passwd|key", re.IGNORECASE)


def redact(settings: Sequence[str]) -> str:
    """Lines of `NAME=value`, without the values of what is secret by its name."""
    return "\n".join(_redacted(*setting.partition("=")) for setting in settings)


def _redacted(name: str, equals: str, value: str) -> str:
    return f"{name}={'[redacted]' if _SECRET.search(name) else value}" if equals else name


def collect(directory: Path, members: Sequence[Process], log: Path) -> None:
    """Write the evidence of these processes and their log, unless it is there already (blocking).

    Who was cut off may still be at it when the next begins: each has its own draft, and the first that is ready counts.
    """
    if directory.exists():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{directory.name}.new-", dir=directory.parent))
    try:
        _fill(draft, members, log)
        draft.rename(directory)
    except OSError:
        if not directory.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    sync_directory(directory.parent)


def _fill(draft: Path, members: Sequence[Process], log: Path) -> None:
    for member in members:
        for name, read in _SOURCES.items():
            write(draft / f"{member.pid}.{name}", _attempt(read, member.pid).encode())
    write(draft / "log", tail(log, LOG_LINES).encode())
    _write_manifest(draft)


def _write_manifest(directory: Path) -> None:
    digests = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(directory.iterdir())
    )
    write(directory / "SHA256SUMS", "".join(digests).encode())


def _attempt(read: Callable[[int], str], pid: int) -> str:
    try:
        return read(pid)
    except (OSError, psutil.Error) as error:
        return f"not available: {error}\n"  # That it could not be read is evidence, too.


def _strings(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace").rstrip("\0").split("\0")


def _open_files(pid: int) -> str:
    files = sorted(Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name))
    return "\n".join(f"{path.name} -> {path.readlink()}" for path in files)


def _sockets(pid: int) -> str:
    return "\n".join(str(connection) for connection in psutil.Process(pid).net_connections("all"))


_SOURCES: dict[str, Callable[[int], str]] = {
    "cmdline": lambda pid: redact(_strings(pid, "cmdline")),
    "environ": lambda pid: redact(_strings(pid, "environ")),
    "status": lambda pid: Path(f"/proc/{pid}/status").read_text(),
    "maps": lambda pid: Path(f"/proc/{pid}/maps").read_text(),
    "open_files": _open_files,
    "sockets": _sockets,
}
