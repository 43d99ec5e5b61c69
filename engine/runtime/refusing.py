"""What becomes of a message that is no command of ours: it is counted, kept in DEAD, reported for the audit, and leaves
the queue.

Whoever may publish on COMMANDS can send any number of such messages. Each is counted; the first ones, and then one now
and then, are kept and reported before they leave the queue, and the others are in the next report by their number. So
neither DEAD nor the audit grows faster than the rate that is set here.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import structlog

from engine.runtime.bus import Bus
from engine.runtime.dead import bury
from engine.runtime.metrics import REFUSED
from engine.runtime.trust import Refusal
from engine.runtime.workqueue import Delivery
from schemas import subjects
from schemas.codec import encode
from schemas.commands import HEADER_KEY_ID
from schemas.reasons import Reason
from schemas.refusals import Refusals, Refused

log = structlog.get_logger()

MOST_KEPT_BYTES = 16_384
MOST_DETAIL = 200
MOST_SUBJECT = 300


class Rate(NamedTuple):
    """So many reports at once, and one more each `every_s` seconds."""

    burst: int
    every_s: float = 10.0


USUAL_RATE = Rate(burst=20)


class Refuser:
    """Refuses messages of one actuator. `run` must be running, so that what is not reported at once is later.

    `clock_s` is any clock that runs evenly.
    """

    def __init__(
        self, bus: Bus, actuator: str, scope: str, executor: str, clock_s: Callable[[], float], rate: Rate
    ) -> None:
        self._bus = bus
        self._empty = Refusals(actuator=actuator, scope=scope, executor=executor, refused=())
        self._clock_s = clock_s
        self._rate = rate
        self._left = float(self._rate.burst)
        self._filled_s = clock_s()
        self._pending: dict[Reason, Refused] = {}
        self._waiting = asyncio.Event()

    async def __call__(self, delivery: Delivery, refusal: Refusal) -> None:
        """Refuse one message for good."""
        REFUSED.labels(reason=refusal.reason).inc()
        self._note(delivery, refusal)
        if self._may_report():
            kept = delivery.data[:MOST_KEPT_BYTES]
            reason = f"{refusal.reason}: {refusal.detail}"
            await bury(self._bus, subjects.COMMANDS, delivery.seq, delivery.subject, kept, reason)
            await self._report()
        else:
            self._waiting.set()
        await delivery.term(refusal.reason)

    async def run(self) -> None:
        """Report what was not reported at once, as often as may be, until cancelled."""
        while True:
            await self._waiting.wait()
            while not self._may_report():
                await asyncio.sleep(self._rate.every_s / 4)
            await self._report()

    def _note(self, delivery: Delivery, refusal: Refusal) -> None:
        before = self._pending.get(refusal.reason)
        self._pending[refusal.reason] = Refused(
            reason=refusal.reason,
            count=(before.count if before else 0) + 1,
            subject=_plain(delivery.subject, MOST_SUBJECT),
            seq=delivery.seq,
            key=_plain(delivery.headers.get(HEADER_KEY_ID, ""), MOST_DETAIL),
            detail=_plain(refusal.detail, MOST_DETAIL),
        )

    def _may_report(self) -> bool:
        now_s = self._clock_s()
        self._left = min(self._left + (now_s - self._filled_s) / self._rate.every_s, self._rate.burst)
        self._filled_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def _report(self) -> None:
        refused, self._pending = tuple(self._pending.values()), {}
        self._waiting.clear()
        if not refused:  # somebody else's report had it
            return
        for each in refused:
            log.warning("command_refused", **msgspec.structs.asdict(each))
        report = msgspec.structs.replace(self._empty, refused=refused)
        await self._bus.publish(subjects.outcomes(report.actuator, report.scope), encode(report))


def _plain(text: str, most: int) -> str:
    """What a stranger wrote as printable ASCII, cut off: it ends up in logs and on terminals."""
    return ascii(text[:most])[1:-1]
