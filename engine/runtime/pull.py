"""A pull consumer's near side: requests are kept outstanding, so that a message comes the moment it is stored.

One `Pull` is one incarnation of it. When it is `Lost` (the connection broke, the consumer is gone, its heartbeat
stopped) whoever uses it makes another; which consumer, and from where, is not known here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from nats.aio.msg import Msg

from engine.runtime.answers import status
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Lost
from engine.runtime.connection import Connection
from engine.runtime.inbox import Inbox, open_inbox

_NS = 1_000_000_000
_EXPIRES_S = 60
_HEARTBEAT_S = 1
_SILENCE_S = 2.5 * _HEARTBEAT_S

MOST_ASKED = 1000
"""A server that passes on our requests between accounts remembers each for as long as the inbox lives."""

_HEARTBEAT = "100"
_EXPIRED = "408"


class Pull:
    """At most `batch` messages are under way or untaken at any time. Made by `open_pull`."""

    def __init__(self, connection: Connection, inbox: Inbox, stream: str, consumer: str, batch: int) -> None:
        self._connection = connection
        self._inbox = inbox
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._batch = batch
        self._asked_for = 0
        self._asked = 0

    async def next(self) -> list[Msg]:
        """The messages that have come, at least one. Raises `Lost`."""
        while True:
            await self._keep_asking()
            messages = [msg for msg in await self._inbox.take(_SILENCE_S) if not self._is_notice(msg)]
            self._asked_for -= len(messages)
            if messages:
                return messages

    async def _keep_asking(self) -> None:
        if self._asked_for > self._batch // 2:
            return
        if self._asked >= MOST_ASKED:
            if self._asked_for == 0:
                raise Lost("its inbox has served its time")
            return  # what was asked for comes first
        self._asked += 1
        wanted = self._batch - self._asked_for
        body = {"batch": wanted, "expires": _EXPIRES_S * _NS, "idle_heartbeat": _HEARTBEAT_S * _NS}
        await self._connection.send(self._subject, msgspec.json.encode(body), reply=self._inbox.subject)
        self._asked_for = self._batch

    def _is_notice(self, msg: Msg) -> bool:
        match status(msg):
            case "":
                return False
            case code if code == _HEARTBEAT:
                return True
            case code if code == _EXPIRED:
                assert msg.headers is not None
                self._asked_for -= int(msg.headers["Nats-Pending-Messages"])
                return True
            case code:
                raise Lost(f"the consumer answered {code}")


@asynccontextmanager
async def open_pull(bus: Bus, stream: str, consumer: str, batch: int) -> AsyncIterator[Pull]:
    async with open_inbox(bus.connection) as inbox:
        yield Pull(bus.connection, inbox, stream, consumer, batch)
