"""What streams hold now, looked up without a consumer. Reading on as messages come is `journal`'s."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from engine.runtime.answers import NOT_FOUND, status
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Lost
from engine.runtime.inbox import open_inbox
from engine.runtime.received import Received, looked_up

log = structlog.get_logger(__name__)

_PAGE = 256
_PAGE_SILENCE_S = 5.0
_PAGE_END = "204"


class StreamState(msgspec.Struct, frozen=True):
    """What a stream holds. An empty stream has `first_seq` = `last_seq` + 1, or both 0 when it never held any."""

    first_seq: int
    last_seq: int
    messages: int
    bytes: int


async def last(bus: Bus, stream: str, subject: str) -> Received | None:
    """The newest message on `subject`, which may hold no wildcards. Of several replicas any may answer."""
    msg = await bus.request(f"$JS.API.DIRECT.GET.{stream}.{subject}")
    return None if status(msg) == NOT_FOUND else looked_up(msg)


async def get(bus: Bus, stream: str, seq: int) -> Received | None:
    """The message with this sequence, None when the stream does not (any longer) hold it."""
    msg = await bus.request(f"$JS.API.DIRECT.GET.{stream}", msgspec.json.encode({"seq": seq}))
    return None if status(msg) == NOT_FOUND else looked_up(msg)


async def scan(
    bus: Bus, stream: str, subject: str = ">", *, start_seq: int = 1, start_ms: int | None = None
) -> AsyncGenerator[Sequence[Received]]:
    """What the stream holds now on `subject` (which may have wildcards), in order, and then it ends.

    It begins with `start_seq`, or with the first message that was stored at `start_ms` (Unix) or later.
    """
    more = True
    start: dict[str, int | str] = {"seq": start_seq}
    if start_ms is not None:
        start = {"start_time": datetime.fromtimestamp(start_ms / 1000, UTC).isoformat()}
    while more:
        try:
            page, more = await _page(bus, stream, subject, start)
        except Lost as why:
            log.debug("lookup.scan_restarts", stream=stream, start=start, reason=str(why))
            continue
        if page:
            start = {"seq": page[-1].seq + 1}
            yield page


async def _page(bus: Bus, stream: str, subject: str, start: Mapping[str, int | str]) -> tuple[list[Received], bool]:
    """One batch, and whether there is more."""
    body = msgspec.json.encode({**start, "next_by_subj": subject, "batch": _PAGE})
    page: list[Received] = []
    async with open_inbox(bus.connection) as inbox:
        await bus.connection.send(f"$JS.API.DIRECT.GET.{stream}", body, reply=inbox.subject)
        while True:
            for msg in await inbox.take(_PAGE_SILENCE_S):
                match status(msg):
                    case "":
                        page.append(looked_up(msg))
                    case code if code == NOT_FOUND:
                        return page, False
                    case code if code == _PAGE_END:
                        assert msg.headers is not None
                        return page, int(msg.headers["Nats-Num-Pending"]) > 0
                    case code:
                        raise Lost(f"the server answered {code}")


async def stream_state(bus: Bus, stream: str) -> StreamState:
    """What `stream` holds now. Raises `ApiError` when there is no such stream."""
    state = (await bus.api(f"STREAM.INFO.{stream}"))["state"]
    return msgspec.convert(state, StreamState)
