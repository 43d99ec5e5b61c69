"""An HTTP server within the agent's own loop, and what a receiver says of itself."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from collectors.grid import Grid
from collectors.receiving.auth import challenge
from collectors.receiving.config import ReceivingConfig
from collectors.series import Metric, SeriesCache
from schemas.plugins import CollectorContext, Reading

log = structlog.get_logger()

_KEEP_ALIVE_S = 300
"""Longer than a sender keeps a connection that it does not use, so that it is never closed under a request."""
_STOP_WITHIN_S = 1

Readings = asyncio.Queue[Reading | None]
"""Bounded by the requests that wait; None comes when the server has ended."""


def bound(listen: str, name: str) -> socket.socket:
    """A socket that listens, for the collector `name`. Raises OSError that says where."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        listener = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OSError(f"{name} cannot listen on {listen}: {error}") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for its own listeners only
    return listener


class Receiver:
    """What a collector that listens is run by: it serves POST at the paths of `routes`, each by its own function."""

    def __init__(self, name: str, config: ReceivingConfig, listener: socket.socket, routes: Mapping[str, Any]) -> None:
        self._name = name
        self._config = config
        self._listener = listener
        self._app = Starlette(routes=[Route(path, answer, methods=["POST"]) for path, answer in routes.items()])
        self._paths = sorted(routes)

    async def run(
        self, readings: Readings, context: CollectorContext, source: str, metrics: Callable[[], Iterable[Metric]]
    ) -> AsyncGenerator[Reading, None]:
        """What comes into `readings`, and now and then the receiver's own metrics. Closes the listener in the end."""
        serving = asyncio.create_task(self._serve())
        serving.add_done_callback(lambda _: readings.put_nowait(None))
        reporting = asyncio.create_task(self._report(readings, context, source, metrics))
        try:
            while (reading := await readings.get()) is not None:
                yield reading
            await serving
        finally:
            serving.cancel()
            reporting.cancel()
            await asyncio.gather(serving, reporting, return_exceptions=True)
            self._listener.close()

    async def _report(
        self, readings: Readings, context: CollectorContext, source: str, metrics: Callable[[], Iterable[Metric]]
    ) -> None:
        series = SeriesCache({"instance": context.node, "job": self._name})
        grid = Grid(context.interval_s)
        while True:
            await grid.tick()
            readings.put_nowait(series.samples(context.now_ms(), metrics(), source))

    async def _serve(self) -> None:
        tls = self._config.tls
        server = _Server(
            uvicorn.Config(
                self._app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_STOP_WITHIN_S,
                ssl_certfile=tls.cert_file if tls else None,
                ssl_keyfile=tls.key_file if tls else None,
            )
        )
        address = self._listener.getsockname()
        if challenge(self._config) == "" and not ip_address(address[0]).is_loopback:
            why = "whoever reaches the address may push: neither basic_auth nor bearer_token_file"
            log.warning(f"{self._name}_open", why=why)
        log.info(f"{self._name}_listens", address=address, paths=self._paths, tls=tls is not None)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        try:
            await asyncio.shield(serving)
        finally:
            # Cancelled it would leave its connections as they are; asked to stop it ends them.
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the agent's."""
        yield
