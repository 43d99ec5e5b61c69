"""What is told about the process itself."""

from importlib.metadata import version

import prometheus_client
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from engine.api import body
from engine.api.form import Form
from engine.api.jobs import Job
from engine.api.source import Source

_SPOKEN = "3.5.0"
"""The version of Prometheus whose API this is: clients decide by it what they may ask."""


def build_info(_: Source, __: Form) -> Job:
    """`/api/v1/status/buildinfo`."""
    told = {
        "version": _SPOKEN,
        "revision": f"reflexarc-{version('reflexarc')}",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }
    return Job(0, lambda: body.success(told))


async def healthy(_: Request) -> Response:
    """`/-/healthy`: somebody answers."""
    return PlainTextResponse("Reflexarc is Healthy.\n")


async def metrics(request: Request) -> Response:
    """`/metrics`: of this process, in the format that the scraper prefers."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(prometheus_client.REGISTRY), headers={"content-type": content_type})
