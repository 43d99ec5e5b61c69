"""The HTTP side of the probes: what both sides scrape, and the Alertmanager that Prometheus tells."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.beside.configs import target
from tests.bench.beside.exporter import CONTENT_TYPE
from tests.bench.beside.probes import Probe

OURS, THEIRS = "ours", "Prometheus"
METRIC = "bench_probe_up"


def ward(probes: Sequence[Probe]) -> Starlette:
    """The application; probe `n` is at `/metrics/n`."""

    async def metrics(request: Request) -> Response:
        side = OURS if request.headers["user-agent"].startswith("reflexarc") else THEIRS
        value = probes[request.path_params["target"]].show(side)
        return Response(f"{METRIC} {value}\n", headers={"content-type": CONTENT_TYPE})

    async def alerts(request: Request) -> Response:
        for alert in msgspec.json.decode(await request.body()):
            fires = datetime.fromisoformat(alert["endsAt"]) > datetime.now(UTC)
            probes[target(alert["labels"])].tell(THEIRS, fires=fires)
        return Response()

    routes = [Route("/metrics/{target:int}", metrics), Route("/api/v2/alerts", alerts, methods=["POST"])]
    return Starlette(routes=routes)


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[int]:
    """Serve on loopback while the body lasts; the port."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for its own listeners only
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
