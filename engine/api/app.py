"""The addresses, and what answers at each."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.api import form, metadata, queries, rules, series, status
from engine.api.desk import Desk
from engine.api.errors import ApiError
from engine.api.jobs import Job, planned
from engine.api.responses import refusal, reply
from engine.api.source import Source

V1 = "/api/v1"

Answer = Callable[..., Job]
Endpoint = Callable[[Request], Awaitable[Response]]

_READ = ("GET",)
_READ_OR_FORM = ("GET", "POST")
_ANSWERS: tuple[tuple[str, tuple[str, ...], Answer], ...] = (
    ("/query", _READ_OR_FORM, queries.instant),
    ("/query_range", _READ_OR_FORM, queries.over_range),
    ("/query_exemplars", _READ_OR_FORM, queries.exemplars),
    ("/format_query", _READ_OR_FORM, queries.layout),
    ("/series", _READ_OR_FORM, series.series),
    ("/labels", _READ_OR_FORM, series.label_names),
    ("/label/{label}/values", _READ, series.label_values),
    ("/rules", _READ, rules.groups),
    ("/alerts", _READ, rules.alerts),
    ("/metadata", _READ, metadata.metadata),
    ("/status/buildinfo", _READ, status.build_info),
)


def application(source: Source, desk: Desk) -> Starlette:
    """The API as an ASGI application."""
    routes = [
        Route(V1 + path, _endpoint(source, desk, answer), methods=list(methods)) for path, methods, answer in _ANSWERS
    ]
    routes += [
        Route("/-/healthy", status.healthy),
        Route("/-/ready", _ready(source)),
        Route("/metrics", status.metrics),
    ]
    return Starlette(routes=routes, exception_handlers={ApiError: _refused, HTTPException: _not_here, Exception: _bug})


def _endpoint(source: Source, desk: Desk, answer: Answer) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if not source.ready():
            raise ApiError("unavailable", "the engine still reads what happened while it was away")
        asked = await form.read(request)
        expressions = (*asked.every("query"), *asked.every("match[]"))
        return reply(desk, planned(expressions, lambda: answer(source, asked, **request.path_params)))

    return endpoint


def _ready(source: Source) -> Endpoint:
    async def ready(_: Request) -> Response:
        if source.ready():
            return PlainTextResponse("Reflexarc is Ready.\n")
        return PlainTextResponse("Service Unavailable\n", 503)

    return ready


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return refusal(error)


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == ApiError("not_found", "").status and request.url.path.startswith(V1):
        return refusal(ApiError("not_found", f"{request.url.path} is not part of this API"))
    return PlainTextResponse(error.detail, error.status_code, error.headers)


async def _bug(_: Request, error: Exception) -> Response:
    return refusal(ApiError("internal", f"{type(error).__name__}: {error}"))
