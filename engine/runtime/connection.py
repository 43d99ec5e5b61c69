"""One connection to NATS that outlives the server, and request-reply over it with a single inbox.

What an answer means, and when to ask again, is the bus' business; nothing here knows of JetStream.
"""

import asyncio
import itertools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import nats.errors
import structlog
from nats.aio.client import Client, Server
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from engine.runtime.bus_errors import BusClosed, BusUnavailable, PermissionDenied, TooLarge
from engine.runtime.metrics import BUS_DISCONNECTS

log = structlog.get_logger(__name__)

_ANSWER_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 2
_PING_INTERVAL_S = 10
_FIRST_RECONNECT_S = 0.1
_MAX_RECONNECT_S = 1.0
_HEADER_OVERHEAD_BYTES = 16
_DENIED = re.compile(r'permissions violation for publish to "(?P<subject>[^"]+)"')


class Request(NamedTuple):
    subject: str
    data: bytes
    headers: Mapping[str, str] | None = None


def mapped_api(subject: str) -> str:
    """What the accounts of `server_config` map a subject of JetStream's API to; others as they are. By this name the
    server refuses it."""
    return re.sub(r"^\$JS\.API\.", "REFLEXARC.API.", subject)


Answer = Msg | PermissionDenied | None
"""None: no answer came, whether or not the request arrived."""


class _Waiting:
    """A request that has no answer yet."""

    __slots__ = ("answer", "subject", "token")

    def __init__(self, token: str, subject: str) -> None:
        self.token = token
        self.subject = subject
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def settle(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class _AnySubject(Client):
    """Whoever may publish may do so on a subject that is no UTF-8, at which the client would stop reading for good."""

    def _build_message(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
    ) -> Msg:
        if not subject.isascii():
            subject = subject.decode(errors="backslashreplace").encode()
        built: Msg = super()._build_message(sid, subject, reply, data, headers)
        return built


class Connection:
    """Reconnects for ever, within a second of the server's return."""

    def __init__(self, inbox_prefix: str) -> None:
        self.nc = _AnySubject()
        self._inbox_prefix = inbox_prefix
        self._replies_to = ""
        self._tokens = itertools.count()
        self._waiting: dict[str, _Waiting] = {}
        self._up = asyncio.Event()
        self._refused: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._on_loss: set[Callable[[], None]] = set()

    async def open(self, url: str, user: str | None, password: str | None, name: str, timeout_s: float) -> None:
        """Connect. Raises `BusUnavailable` when that takes longer than `timeout_s` or the server refuses us."""
        connecting: asyncio.Future[object] = asyncio.create_task(self._connect(url, user, password, name))
        await asyncio.wait([connecting, self._refused], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting})
            await self.nc.close()
            why = self._refused.result() if self._refused.done() else self.nc.last_error or "no answer"
            raise BusUnavailable(f"cannot connect to {url} as {user or 'anybody'}: {why}")
        connecting.result()
        self._replies_to = self.nc.new_inbox() + "."
        await self.nc.subscribe(self._replies_to + "*", cb=self._on_reply)
        self._up.set()

    async def _connect(self, url: str, user: str | None, password: str | None, name: str) -> None:
        await self.nc.connect(
            url,
            user=user,
            password=password,
            name=name,
            inbox_prefix=self._inbox_prefix,
            connect_timeout=_CONNECT_TIMEOUT_S,
            reconnect_to_server_handler=_next_attempt,
            max_reconnect_attempts=-1,
            ping_interval=_PING_INTERVAL_S,
            pending_size=0,  # while disconnected nothing is buffered: we send again ourselves, in order
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
            closed_cb=self._on_close,
        )

    async def close(self) -> None:
        """Let go. Whoever waits on the connection gets `BusClosed`."""
        await self.nc.close()
        await self._on_close()

    async def up(self) -> None:
        """Wait until connected. Raises `BusClosed` when that will not be."""
        await self._up.wait()
        if self.nc.is_closed:
            raise BusClosed("the connection to the bus is closed")

    def on_loss(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called whenever the connection breaks; returns what ends that."""
        self._on_loss.add(callback)
        return lambda: self._on_loss.discard(callback)

    async def subscribe(self, subject: str, on_message: Callable[[Msg], None]) -> Subscription:
        """Have `on_message` called for every message on `subject`, until unsubscribed, across reconnects."""

        async def receive(msg: Msg) -> None:
            on_message(msg)

        await self.up()
        return await self.nc.subscribe(subject, cb=receive, pending_bytes_limit=0)

    async def send(self, subject: str, data: bytes, *, reply: str) -> None:
        """Ask for answers to come to `reply`. Whether the question arrives is for the asker to find out."""
        await self.up()
        with suppress(nats.errors.OutboundBufferLimitError):  # the connection broke this moment
            await self.nc.publish(subject, data, reply)

    async def exchange(self, requests: Sequence[Request], *, timeout_s: float = _ANSWER_TIMEOUT_S) -> list[Answer]:
        """Send all of them in order, in one go, and wait for one answer to each.

        Raises `TooLarge`, before anything is sent, and `BusClosed`.
        """
        await self.up()
        self._check_sizes(requests)
        waiting = [self._expect(request.subject) for request in requests]
        timer = asyncio.get_running_loop().call_later(timeout_s, _give_up, waiting)
        try:
            await self._send(requests, waiting)
            return [await each.answer for each in waiting]
        finally:
            timer.cancel()
            for each in waiting:
                self._waiting.pop(each.token, None)

    def _check_sizes(self, requests: Sequence[Request]) -> None:
        # The server closes the connection of whoever exceeds its limit, so nobody may.
        for subject, data, headers in requests:
            size = len(data) + _headers_size(headers or {})
            if size > self.nc.max_payload:
                raise TooLarge(f"{subject}: {size} bytes are more than the server's limit of {self.nc.max_payload}")

    def _expect(self, subject: str) -> _Waiting:
        waiting = _Waiting(str(next(self._tokens)), subject)
        self._waiting[waiting.token] = waiting
        return waiting

    async def _send(self, requests: Sequence[Request], waiting: Sequence[_Waiting]) -> None:
        try:
            for request, each in zip(requests, waiting, strict=True):
                headers = dict(request.headers) if request.headers else None
                await self.nc.publish(request.subject, request.data, self._replies_to + each.token, headers)
        except nats.errors.OutboundBufferLimitError:  # the connection broke this moment
            _give_up(waiting)

    async def _on_reply(self, msg: Msg) -> None:
        waiting = self._waiting.get(msg.subject[len(self._replies_to) :])
        if waiting:
            waiting.settle(msg)

    async def _on_error(self, error: Exception) -> None:
        text = str(error).lower()
        if denied := _DENIED.search(text):
            self._deny(denied["subject"])
        elif "authorization violation" in text and not self._refused.done():
            self._refused.set_result("the server does not accept the credentials")
        log.debug("bus.error", error=str(error))

    def _deny(self, subject: str) -> None:
        # The server names the subject, nats-py puts it in lower case.
        for waiting in self._waiting.values():
            if subject in (waiting.subject.lower(), mapped_api(waiting.subject).lower()):
                waiting.settle(PermissionDenied(f"this role may not publish on {waiting.subject}"))

    async def _on_disconnect(self) -> None:
        self._up.clear()
        _give_up(list(self._waiting.values()))
        for callback in list(self._on_loss):
            callback()
        if not self.nc.is_closed:
            BUS_DISCONNECTS.inc()
            log.info("bus.disconnected")

    async def _on_reconnect(self) -> None:
        self._up.set()
        log.info("bus.reconnected")

    async def _on_close(self) -> None:
        _give_up(list(self._waiting.values()))
        self._up.set()  # they wake, and find it closed


def _give_up(waiting: Sequence[_Waiting]) -> None:
    for each in waiting:
        each.settle(None)


def _headers_size(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value.encode()) + 4 for name, value in headers.items()) + _HEADER_OVERHEAD_BYTES


def _next_attempt(servers: list[Server], _info: dict[str, object]) -> tuple[Server, float]:
    """The server tried least, after a pause that grows and differs between clients."""
    server = min(servers, key=lambda server: server.reconnects)
    pause_s = min(_MAX_RECONNECT_S, _FIRST_RECONNECT_S * 2**server.reconnects)
    return server, pause_s * random.uniform(0.5, 1.0)
