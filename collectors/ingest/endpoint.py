"""Which path takes what, and which status says what to whoever pushes.

Alertmanager and most senders of CloudEvents send again what was answered 5xx and drop what was answered 4xx.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from collectors.ingest import alertmanager, cloudevents, falco
from collectors.ingest.config import IngestConfig
from collectors.ingest.counts import Counts
from collectors.ingest.generic import reader
from collectors.ingest.intake import Full, Intake
from collectors.ingest.pushed import Malformed
from collectors.receiving.gate import RETRY_AFTER, Gate, Refused
from schemas.events import Event
from schemas.plugins import NotStored
from schemas.wording import shown

Answer = Callable[[Request], Awaitable[Response]]
_Read = Callable[[Request, bytes], list[Event]]


def routes(config: IngestConfig, intake: Intake, counts: Counts) -> Mapping[str, Answer]:
    """What answers, by path."""
    gate = Gate(config, counts, "ingest")

    def route(source: str, read: _Read, check: Callable[[Request], None] = _check) -> Answer:
        async def store(request: Request, body: bytes) -> None:
            await _store(intake, source, read, request, body)

        async def answer(request: Request) -> Response:
            return await gate.answer(request, check, store)

        return answer

    def plain(source: str, read: Callable[[bytes], list[Event]]) -> Answer:
        return route(source, lambda _, body: read(body))

    return {
        "/cloudevents": route("cloudevents", _cloud_events, _check_mode),
        "/falco": plain(falco.SOURCE, falco.read),
        "/alertmanager": plain(alertmanager.SOURCE, alertmanager.read),
        **{f"/json/{name}": plain(name, reader(name, source)) for name, source in config.sources.items()},
    }


async def _store(intake: Intake, source: str, read: _Read, request: Request, body: bytes) -> None:
    try:
        await intake.store(source, read(request, body))
    except Malformed as error:
        raise Refused(400, f"nothing is stored, for there are mistakes:\n{error}") from error
    except NotStored as error:
        raise Refused(413, f"an event is larger than the bus takes: {error}") from error
    except Full as error:
        raise Refused(503, str(error), RETRY_AFTER) from error


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _cloud_events(request: Request, body: bytes) -> list[Event]:
    return cloudevents.read(_media_type(request), request.headers, body)


def _check(request: Request) -> None:
    """What can be said before the body is read."""
    encoding = request.headers.get("content-encoding", "")
    if encoding.lower() not in ("", "identity"):
        raise Refused(415, f"expected a body that is not compressed, got Content-Encoding {shown(encoding)}")


def _check_mode(request: Request) -> None:
    _check(request)
    if not cloudevents.is_understood(_media_type(request), request.headers):
        modes = f"{cloudevents.STRUCTURED}, {cloudevents.BATCHED}, or headers such as ce-id"
        raise Refused(415, f"expected {modes}, got Content-Type {shown(request.headers.get('content-type', ''))}")
