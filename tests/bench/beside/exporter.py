"""The exporter, a process of its own so that what it costs is nobody's: `python -m tests.bench.beside.exporter`."""

import time
from functools import lru_cache

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.beside import shop

CONTENT_TYPE = "text/plain; version=0.0.4"


@lru_cache(maxsize=2 * shop.TARGETS)
def _page(target: int, turn: int) -> bytes:
    return shop.page(target, turn).encode()


async def _metrics(request: Request) -> Response:
    body = _page(int(request.path_params["target"]), int(time.time()) // shop.INTERVAL_S)
    return Response(body, headers={"content-type": CONTENT_TYPE})


def main() -> None:
    """Serve on a free port until stopped."""
    app = Starlette(routes=[Route("/metrics/{target:int}", _metrics)])
    uvicorn.run(app, host="127.0.0.1", port=0, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
