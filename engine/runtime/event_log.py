"""The events of one source in the journal, appended so that none is stored twice and none is lost.

Each message is stored only directly after the one before. Where another came between, it is looked at before ours
follow: it may be our own, sent by a process that was killed before it heard that it was stored.
"""

from collections.abc import Sequence

import structlog

from engine.runtime.bus import Bus
from engine.runtime.bus_errors import TooLarge, WrongLastSequence
from engine.runtime.lookup import last
from schemas import subjects
from schemas.codec import Undecodable, decode, encode
from schemas.events import Event, Events

log = structlog.get_logger()


class EventLog:
    """One source's subject. `open` it before the first `append`."""

    def __init__(self, bus: Bus, subject: str) -> None:
        self._bus = bus
        self._subject = subject
        self._newest_seq = 0

    async def open(self) -> Sequence[Event]:
        """The events of the newest message, none where there is no message or nobody can read it."""
        newest = await last(self._bus, subjects.JOURNAL, self._subject)
        if newest is None:
            return ()
        self._newest_seq = newest.seq
        try:
            body = decode(newest.subject, newest.data)
        except Undecodable:
            return ()
        return body.events if isinstance(body, Events) else ()

    async def append(self, events: Sequence[Event]) -> None:
        """Store the events in their order. One that is larger than the server accepts is reported and left out."""
        while events:
            try:
                await self._publish(events)
            except TooLarge as error:
                if len(events) == 1:
                    log.error("event_too_large", subject=self._subject, id=events[0].id, error=str(error))
                    return
                half = len(events) // 2
                await self.append(events[:half])
                events = events[half:]
            except WrongLastSequence as error:
                log.warning("event_source_shared", subject=self._subject, expected=error.expected, actual=error.actual)
                stored = {event.id for event in await self.open()}
                events = [event for event in events if event.id not in stored]
            else:
                return

    async def _publish(self, events: Sequence[Event]) -> None:
        data = encode(Events(tuple(events)))
        ack = await self._bus.publish(self._subject, data, expect_last_subject_seq=self._newest_seq)
        self._newest_seq = ack.seq
