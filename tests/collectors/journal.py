"""A journal of our own: a real systemd-journald that keeps it below a temporary folder, and all else of its as it is.

It runs in a mount namespace of its own, where `/run` is that folder, so neither the machine's journal nor its sockets
are touched. That takes the right to make one.
"""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.peers import installed

_JOURNALD = Path("/lib/systemd/systemd-journald")
_SCRIPT = 'mount --bind "$0" /run && exec "$@"'


class Journal:
    """A journal that is written to by `write` and read by `journalctl --directory`."""

    def __init__(self, run: Path, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.directory = run / "log" / "journal"
        self._folder = os.open(run / "systemd" / "journal", os.O_PATH)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def write(self, message: str | bytes = "", identifier: str = "test", **fields: str | bytes | list[str]) -> None:
        """An entry, in journald's native protocol."""
        self._socket.sendto(
            b"".join(_lines({"MESSAGE": message, "SYSLOG_IDENTIFIER": identifier, **fields})), self._at()
        )

    def rotate(self) -> None:
        """Soon, what was written so far is in a file of the past."""
        self._process.send_signal(signal.SIGUSR2)

    def past(self) -> list[Path]:
        """The files that were rotated."""
        return list(self.directory.glob("*/*@*.journal"))

    def close(self) -> None:
        self._socket.close()
        os.close(self._folder)

    def _at(self) -> str:
        """Names of sockets are short, those of temporary folders are not."""
        return f"/proc/self/fd/{self._folder}/socket"


def _lines(fields: Mapping[str, str | bytes | list[str]]) -> Iterator[bytes]:
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            content = value.encode() if isinstance(value, str) else value
            yield name.encode() + b"\n" + struct.pack("<Q", len(content)) + content + b"\n"


@contextlib.contextmanager
def journald(run: Path) -> Iterator[Journal]:
    """A journal at `run`, as long as the block lasts. Skips the test where there can be none."""
    installed("journalctl", "systemd")
    unshare = shutil.which("unshare")
    for folder in ("systemd/journal", "log/journal"):
        (run / folder).mkdir(parents=True)
    if not unshare or not _may_mount(unshare, run):
        pytest.skip("a mount namespace, in which a journald can have a /run of its own, is not allowed here")
    with _ready(run) as environment:
        command = _in_namespace(unshare, run, str(_JOURNALD))
        process = subprocess.Popen(command, env=os.environ | environment)
    journal = Journal(run, process)
    try:
        yield journal
    finally:
        journal.close()
        process.terminate()
        process.wait(timeout=10)


def _in_namespace(unshare: str, run: Path, program: str) -> list[str]:
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return [unshare, *user, "--mount", "--propagation=private", "sh", "-c", _SCRIPT, str(run), program]


def _may_mount(unshare: str, run: Path) -> bool:
    return subprocess.run(_in_namespace(unshare, run, "true"), capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def _ready(run: Path) -> Iterator[Mapping[str, str]]:
    """The environment of a service that says when it is ready; the block ends when it has."""
    folder = os.open(run, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.settimeout(30)
        told.bind(f"/proc/self/fd/{folder}/notify")
        yield {"NOTIFY_SOCKET": "/run/notify"}
        while b"READY=1" not in told.recv(4096):
            pass
    os.close(folder)
