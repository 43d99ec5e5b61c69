"""The receiver as a whole: an HTTP server within the agent's own loop, and what the receiver says of itself."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from collectors.grid import Grid
from collectors.remote_write.auth import challenge
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.counts import Counts
from collectors.remote_write.endpoint import Endpoint
from collectors.remote_write.intake import Intake
from collectors.series import SeriesCache
from schemas.plugins import CollectorContext, Reading

log = structlog.get_logger()

PATH = "/api/v1/write"
_KEEP_ALIVE_S = 300
"""Longer than a sender keeps a connection that it does not use, so that it is never closed under a request."""
_STOP_WITHIN_S = 1


def bound(listen: str) -> socket.socket:
    """A socket that listens. Raises OSError that says where."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        listener = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise OSError(f"remote_write cannot listen on {listen}: {error}") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for its own listeners only
    return listener


async def receive(
    config: RemoteWriteConfig, context: CollectorContext, listener: socket.socket
) -> AsyncGenerator[Reading, None]:
    """What is pushed to `listener`, which is closed in the end, and the receiver's own metrics now and then."""
    # Bounded by the requests that wait; None comes when the server has ended.
    readings: asyncio.Queue[Reading | None] = asyncio.Queue()
    counts = Counts()
    intake = Intake(config.source, config.max_series, context, counts, readings.put_nowait)
    serving = asyncio.create_task(_serve(config, Endpoint(config, intake, counts), listener))
    serving.add_done_callback(lambda _: readings.put_nowait(None))
    reporting = asyncio.create_task(_report(counts, config, context, readings))
    try:
        while (reading := await readings.get()) is not None:
            yield reading
        await serving
    finally:
        serving.cancel()
        reporting.cancel()
        await asyncio.gather(serving, reporting, return_exceptions=True)
        listener.close()


async def _report(
    counts: Counts, config: RemoteWriteConfig, context: CollectorContext, readings: asyncio.Queue[Reading | None]
) -> None:
    series = SeriesCache({"instance": context.node, "job": "remote_write"})
    grid = Grid(context.interval_s)
    while True:
        await grid.tick()
        readings.put_nowait(series.samples(context.now_ms(), counts.metrics(), config.source))


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the agent's."""
        yield


async def _serve(config: RemoteWriteConfig, endpoint: Endpoint, listener: socket.socket) -> None:
    tls = config.tls
    app = Starlette(routes=[Route(PATH, endpoint.write, methods=["POST"])])
    server = _Server(
        uvicorn.Config(
            app,
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
    if challenge(config) == "" and not ip_address(listener.getsockname()[0]).is_loopback:
        log.warning(
            "remote_write_open", why="whoever reaches the address may push: neither basic_auth nor bearer_token_file"
        )
    log.info("remote_write_listens", address=listener.getsockname(), path=PATH, tls=tls is not None)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        # Cancelled it would leave its connections as they are; asked to stop it ends them.
        server.should_exit = True
        await serving
