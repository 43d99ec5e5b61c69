"""What JetStream's answers say: done, refused, or not now.

A `read_*` function gives the answer, and None for "not now": then the question is asked again.
"""

from typing import Any, NamedTuple, NoReturn

import msgspec
import structlog
from nats.aio.msg import Msg

from engine.runtime.bus_errors import ApiError, StoreFull

log = structlog.get_logger(__name__)

NO_RESPONDERS = "503"
NOT_FOUND = "404"

# JetStream's error codes (server/errors.json).
WRONG_LAST_SEQUENCE = 10071
_UNDECIDED_LAST = 10164  # a message on the subject is still being replicated
_STORE_FULL = frozenset({10023, 10047, 10077})  # no resources, no storage, the store's own write error
_UNAVAILABLE = 503


class JetStreamError(msgspec.Struct, frozen=True):
    code: int
    err_code: int = 0
    description: str = ""


class AckReply(msgspec.Struct, frozen=True):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: JetStreamError | None = None


class ApiReply(NamedTuple):
    content: dict[str, Any]
    error: JetStreamError | None


_decode_ack = msgspec.json.Decoder(AckReply).decode


def status(msg: Msg) -> str:
    """The status of a reply without content, such as `404`; empty for any other message."""
    return (msg.headers or {}).get("Status", "")


def read_any(msg: Msg) -> Msg | None:
    return None if status(msg) == NO_RESPONDERS else msg


def read_ack(msg: Msg) -> AckReply | None:
    if status(msg) == NO_RESPONDERS:
        return None
    reply = _decode_ack(msg.data)
    return None if reply.error and _is_passing(reply.error) else reply


def read_api(msg: Msg) -> ApiReply | None:
    if status(msg) == NO_RESPONDERS:
        return None
    content = msgspec.json.decode(msg.data)
    error = msgspec.convert(content["error"], JetStreamError) if "error" in content else None
    return None if error and _is_passing(error) else ApiReply(content, error)


def _is_passing(error: JetStreamError) -> bool:
    return (error.code == _UNAVAILABLE and error.err_code not in _STORE_FULL) or error.err_code == _UNDECIDED_LAST


def refuse(subject: str, error: JetStreamError) -> NoReturn:
    if error.err_code in _STORE_FULL:
        log.error("bus.store_full", subject=subject, reason=error.description)
        raise StoreFull(f"{subject}: the server cannot store it: {error.description}")
    raise ApiError(subject, error.err_code, error.description)
