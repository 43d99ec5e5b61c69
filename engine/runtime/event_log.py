"""The events of one source in the journal, appended so that none is stored twice and none is lost.

Each message is stored only directly after the one before. Where another came between, it is looked at before ours
follow: it may be our own, sent by a process that was killed before it heard that it was stored. So is what that process
stored last, for whoever pushed those events to it, and heard nothing, pushes them again.
"""

from collections.abc import Mapping, Sequence

import structlog

from engine.runtime.bus import Bus
from engine.runtime.bus_errors import TooLarge, WrongLastSequence
from engine.runtime.lookup import last
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.codec import Undecodable, decode, encode
from schemas.events import Event, Events

log = structlog.get_logger()

RETRIED_WITHIN_MS = 120_000
"""As long as the server itself tells duplicates."""


Name = tuple[str, str]


def name(event: Event) -> Name:
    """What tells an event from all others: CloudEvents' `source` and `id` together."""
    return event.source, event.id


class EventLog:
    """One source's subject. `open` it before the first `append`."""

    def __init__(self, bus: Bus, subject: str) -> None:
        self._bus = bus
        self._subject = subject
        self._newest_seq = 0
        self._last: frozenset[Name] = frozenset()
        self._last_ms = 0

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
        events = body.events if isinstance(body, Events) else ()
        self._last, self._last_ms = frozenset(map(name, events)), newest.time_ms
        return events

    async def append(self, events: Sequence[Event]) -> Mapping[Name, str]:
        """Store the events in their order, but for those that an earlier process stored last, and that just now.

        One that is larger than the server accepts is reported and left out; the result says why.
        """
        if self._last and now_ms() - self._last_ms < RETRIED_WITHIN_MS:
            events = [event for event in events if name(event) not in self._last]
        return await self._append(events)

    async def _append(self, events: Sequence[Event]) -> Mapping[Name, str]:
        refused: dict[Name, str] = {}
        while events:
            try:
                await self._publish(events)
            except TooLarge as error:
                if len(events) == 1:
                    log.error("event_too_large", subject=self._subject, id=events[0].id, error=str(error))
                    return {name(events[0]): str(error)}
                half = len(events) // 2
                refused |= await self._append(events[:half])
                events = events[half:]
            except WrongLastSequence as error:
                log.warning("event_source_shared", subject=self._subject, expected=error.expected, actual=error.actual)
                stored = {name(event) for event in await self.open()}
                events = [event for event in events if name(event) not in stored]
            else:
                break
        return refused

    async def _publish(self, events: Sequence[Event]) -> None:
        data = encode(Events(tuple(events)))
        ack = await self._bus.publish(self._subject, data, expect_last_subject_seq=self._newest_seq)
        self._newest_seq = ack.seq
