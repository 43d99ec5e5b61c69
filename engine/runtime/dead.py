"""What cannot be decoded, or believed, goes to DEAD with its reason and its bytes, is counted, and the loop goes on."""

import structlog

from engine.runtime.bus import Bus
from engine.runtime.metrics import DEAD
from schemas import subjects

HEADER_REASON = "Reflexarc-Reason"
HEADER_ORIGIN = "Reflexarc-Origin"

_MAX_REASON_CHARS = 1000
_HEADERS_BYTES = 4096

log = structlog.get_logger()


async def bury(bus: Bus, stream: str, seq: int, subject: str, data: bytes, reason: str) -> None:
    """Store the message `seq` of `stream` in DEAD, once however often it is found to be nothing that we can use.

    One that leaves no room for the reason beside it is cut off at its end.
    """
    log.warning("buried", stream=stream, seq=seq, subject=subject, reason=reason)
    DEAD.labels(kind=subject.split(".")[1]).inc()
    # A header is one line of ASCII; a reason may quote anything.
    headers = {HEADER_REASON: ascii(reason)[1:-1][:_MAX_REASON_CHARS], HEADER_ORIGIN: f"{stream}.{seq}"}
    kept = data[: bus.nc.max_payload - _HEADERS_BYTES]
    await bus.publish(subjects.dead(subject), kept, msg_id=f"dead.{stream}.{seq}", headers=headers)
