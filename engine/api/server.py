"""The server that the API is reached by: one socket, in the loop that is there already."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

_GRACE_S = 1
_BACKLOG = 128


class Address(NamedTuple):
    """Port 0 is a free one."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenError(Exception):
    """The address cannot be listened on; the message says which and why."""


def listen(address: Address) -> socket.socket:
    """A socket on the address. Raises `ListenError`."""
    try:
        family, *_, place = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(place[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        problem = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ListenError(f"cannot listen on {address}: {problem}") from error
    # The head of an answer goes out before its body, which must not wait for the first to be acknowledged. asyncio sees
    # to that only for listeners that it makes itself; connections inherit it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    return Address(*listening.getsockname()[:2]).url


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer until cancelled; then what is under way gets a moment to end, and the socket is closed."""
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=_GRACE_S
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Signals belong to the process, which cancels what it runs."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
