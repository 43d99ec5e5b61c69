"""Asking a live role: the other side of `live`."""

from typing import Any

import msgspec
import nats.errors

from engine.runtime.bus import Bus
from schemas import subjects

ANSWER_TIMEOUT_S = 5.0


class NobodyAnswersError(Exception):
    """No process of the role is running, or it is too busy to answer."""


async def ask(bus: Bus, role: str, what: str, request: bytes = b"") -> Any:
    """The answer of a live role, decoded. Raises `NobodyAnswersError`."""
    try:
        reply = await bus.nc.request(subjects.requests(role, what), request, timeout=ANSWER_TIMEOUT_S)
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError) as error:
        raise NobodyAnswersError(f"no {role} answers") from error
    return msgspec.json.decode(reply.data)
