"""An inbox of one's own: a flow of messages that belongs together, which breaks off visibly.

A reader that gets `Lost` starts anew where it was; nothing here knows where that is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import nats.errors
from nats.aio.msg import Msg

from engine.runtime.bus_errors import Lost
from engine.runtime.connection import Connection


class Inbox:
    """Messages in the order of their arrival. Made by `open_inbox`."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._messages: list[Msg] = []
        self._wake = asyncio.Event()
        self._broken = False

    def put(self, msg: Msg) -> None:
        self._messages.append(msg)
        self._wake.set()

    def break_off(self) -> None:
        self._broken = True
        self._wake.set()

    async def take(self, silence_s: float) -> list[Msg]:
        """All that arrived since the last call; waits for the first of them.

        Raises `Lost` after `silence_s` without any, or when the connection broke meanwhile.
        """
        if not self._messages and not self._broken:
            try:
                async with asyncio.timeout(silence_s):
                    await self._wake.wait()
            except TimeoutError:
                raise Lost(f"nothing was heard for {silence_s} s") from None
        self._wake.clear()
        messages, self._messages = self._messages, []
        if not messages:
            raise Lost("the connection broke")
        return messages


@asynccontextmanager
async def open_inbox(connection: Connection) -> AsyncIterator[Inbox]:
    """An inbox that no message of an earlier one can reach."""
    inbox = Inbox(connection.nc.new_inbox())
    subscription = await connection.subscribe(inbox.subject, inbox.put)
    forget = connection.on_loss(inbox.break_off)
    try:
        yield inbox
    finally:
        forget()
        with suppress(nats.errors.Error):  # closed meanwhile
            await subscription.unsubscribe()
