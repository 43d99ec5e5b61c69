"""What cannot be decoded goes to DEAD with its reason and its bytes, is counted, and the loop goes on."""

import structlog

from engine.runtime.bus import Bus
from engine.runtime.metrics import DEAD
from schemas import subjects

HEADER_REASON = "Reflexarc-Reason"
HEADER_ORIGIN = "Reflexarc-Origin"

log = structlog.get_logger()


async def bury(bus: Bus, stream: str, seq: int, subject: str, data: bytes, reason: str) -> None:
    """Store the message `seq` of `stream` in DEAD, once however often it is found undecodable."""
    log.warning("undecodable", stream=stream, seq=seq, subject=subject, reason=reason)
    DEAD.labels(kind=subject.split(".")[1]).inc()
    # A header is one line of ASCII; a reason may quote anything.
    headers = {HEADER_REASON: ascii(reason)[1:-1], HEADER_ORIGIN: f"{stream}.{seq}"}
    await bus.publish(subjects.dead(subject), data, msg_id=f"dead.{stream}.{seq}", headers=headers)
