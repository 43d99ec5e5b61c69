"""Loopback ports for replicas. A port is kept over restarts where it is free, because the label `instance` names it."""

import random
import socket
from collections import deque

HOST = "127.0.0.1"
# Below the range that Linux takes for outgoing connections, which could otherwise snatch the port of a dead replica.
_RANGE = (20_000, 30_000)
_ATTEMPTS = 200
_REMEMBERED = 256


class Ports:
    """Chooses ports. What it chose lately it does not choose again: the replica may not listen on it yet."""

    def __init__(self) -> None:
        self._chosen: deque[int] = deque(maxlen=_REMEMBERED)

    def choose(self, preferred: int) -> int:
        """`preferred` if it is free (0 = none), else another free port. Raises `OSError` when none is found."""
        if preferred and _is_free(preferred):
            return preferred
        for _ in range(_ATTEMPTS):
            port = random.randrange(*_RANGE)
            if port not in self._chosen and _is_free(port):
                self._chosen.append(port)
                return port
        raise OSError(f"no free port found between {_RANGE[0]} and {_RANGE[1]}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do; it lets a port be taken whose last connections linger, never one that is listened on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
