"""The bus: publishing that returns only when stored, and requests that are asked until answered.

A server that is killed and comes back is felt as a delay and nothing else. How streams are read, and what a key or an
object is, belongs to the modules built on this one.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from engine.runtime.answers import WRONG_LAST_SEQUENCE, AckReply, ApiReply, read_ack, read_any, read_api, refuse
from engine.runtime.bus_errors import PermissionDenied, WrongLastSequence
from engine.runtime.connection import Connection, Request
from engine.runtime.metrics import BUS_REPEATED

log = structlog.get_logger(__name__)

MSG_ID = "Nats-Msg-Id"
EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"

_RETRY_PAUSE_S = 0.02
_MAX_RETRY_PAUSE_S = 1.0
_PATIENCE_S = 4.0


class Message(msgspec.Struct, frozen=True):
    """What is to be published.

    Messages with the same `msg_id` are stored once within the stream's duplicate window (two minutes); where none is
    given the bus makes one up, so that its own retries are not stored twice. With `expect_last_subject_seq` it is
    stored only while the newest message on its subject has that sequence (0: there is none).
    """

    subject: str
    data: bytes
    msg_id: str | None = None
    headers: Mapping[str, str] = {}
    expect_last_subject_seq: int | None = None


class PubAck(NamedTuple):
    """The message is stored under `seq`; `duplicate` says that it was already."""

    seq: int
    duplicate: bool


class _Answered(NamedTuple):
    value: Any
    attempts: int


class Bus:
    """One connection and what is said over it. Made by `Bus.connect`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._own_ids = connection.nc.new_inbox()
        self._counter = itertools.count()

    @classmethod
    async def connect(
        cls, url: str, user: str | None = None, password: str | None = None, *, name: str, timeout_s: float = 10.0
    ) -> Self:
        """Connect, and stay connected for ever after. `name` is what the server's monitoring shows.

        A role's replies come to `_INBOX_<user>.>`, so that no other role can read them. Raises `BusUnavailable` when
        there is no connection within `timeout_s` or the credentials are refused.
        """
        connection = Connection(f"_INBOX_{user}" if user else "_INBOX")
        await connection.open(url, user, password, name, timeout_s)
        return cls(connection)

    async def close(self) -> None:
        """Let go of the connection. Whoever still waits on it gets `BusClosed`."""
        await self.connection.close()

    @property
    def nc(self) -> Client:
        """The client itself, for what is not stored: request-reply between live roles."""
        return self.connection.nc

    def new_name(self) -> str:
        """A name that nothing else has, such as for a consumer."""
        return self.nc.new_inbox().rpartition(".")[2]

    async def publish(
        self,
        subject: str,
        data: bytes,
        *,
        msg_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        expect_last_subject_seq: int | None = None,
        timeout_s: float | None = None,
    ) -> PubAck:
        """Store one message; see `publish_many`."""
        message = Message(subject, data, msg_id, headers or {}, expect_last_subject_seq)
        return (await self.publish_many([message], timeout_s=timeout_s))[0]

    async def publish_many(self, messages: Sequence[Message], *, timeout_s: float | None = None) -> list[PubAck]:
        """Store all of them, sent in this order; one round trip. Returns when every one is stored.

        What is not answered is sent again under the same id until it is, or until `timeout_s` has passed
        (`TimeoutError`: the fate of the unanswered is not known). A refused message does not hold back those after it;
        when all are answered the first refusal is raised: `WrongLastSequence`, `StoreFull`, `PermissionDenied` or
        `ApiError`. `TooLarge` is raised before any is sent.
        """
        requests = [self._publication(message) for message in messages]
        async with asyncio.timeout(timeout_s):
            answers = await self._ask(requests, read_ack)
            return [
                await self._acknowledged(request, answered) for request, answered in zip(requests, answers, strict=True)
            ]

    def _publication(self, message: Message) -> Request:
        headers = {**message.headers, MSG_ID: message.msg_id or f"{self._own_ids}.{next(self._counter)}"}
        if message.expect_last_subject_seq is not None:
            headers[EXPECTED_LAST] = str(message.expect_last_subject_seq)
        return Request(message.subject, message.data, headers)

    async def _acknowledged(self, request: Request, answered: _Answered) -> PubAck:
        reply: AckReply = answered.value
        if reply.error is None:
            return PubAck(reply.seq, reply.duplicate)
        if reply.error.err_code != WRONG_LAST_SEQUENCE:
            refuse(request.subject, reply.error)
        actual = int(reply.error.description.rpartition(" ")[2])
        # The server compares sequences before it looks at ids, so what bars our retry may be our own first attempt.
        if answered.attempts > 1 and await self._is_ours(reply.stream, request):
            return PubAck(actual, duplicate=True)
        assert request.headers is not None
        raise WrongLastSequence(request.subject, int(request.headers[EXPECTED_LAST]), actual)

    async def _is_ours(self, stream: str, request: Request) -> bool:
        newest = await self.request(f"$JS.API.DIRECT.GET.{stream}.{request.subject}")
        assert request.headers is not None
        return (newest.headers or {}).get(MSG_ID) == request.headers[MSG_ID]

    async def request(self, subject: str, data: bytes = b"", *, timeout_s: float | None = None) -> Msg:
        """Ask until answered. Only for questions that may be asked twice."""
        async with asyncio.timeout(timeout_s):
            (answered,) = await self._ask([Request(subject, data)], read_any)
        msg: Msg = answered.value
        return msg

    async def api(self, verb: str, body: Mapping[str, Any] | None = None, *, timeout_s: float | None = None) -> Any:
        """The decoded answer to a JetStream API request, such as `STREAM.INFO.JOURNAL`.

        Raises `ApiError`, `StoreFull` or `PermissionDenied`.
        """
        request = Request(f"$JS.API.{verb}", msgspec.json.encode(body) if body else b"")
        async with asyncio.timeout(timeout_s):
            (answered,) = await self._ask([request], read_api)
        reply: ApiReply = answered.value
        if reply.error:
            refuse(verb, reply.error)
        return reply.content

    async def _ask(self, requests: Sequence[Request], read: Callable[[Msg], Any]) -> list[_Answered]:
        """Ask until each is answered. `read` gives what a reply says, None where it says "not now"."""
        answers: dict[int, _Answered] = {}
        pause_s = _RETRY_PAUSE_S
        clock = asyncio.get_running_loop().time
        start_s = clock()
        for attempt in itertools.count(1):
            missing = [index for index in range(len(requests)) if index not in answers]
            replies = await self.connection.exchange([requests[index] for index in missing])
            for index, reply in zip(missing, replies, strict=True):
                if isinstance(reply, PermissionDenied):
                    raise reply
                if reply is not None and (value := read(reply)) is not None:
                    answers[index] = _Answered(value, attempt)
            if len(answers) == len(requests):
                break
            BUS_REPEATED.inc(len(requests) - len(answers))
            # Silence that lasts is for a person to see: a server whose disk is full answers nothing.
            report = log.warning if clock() - start_s > _PATIENCE_S else log.debug
            report("bus.unanswered", subject=requests[missing[0]].subject, attempts=attempt)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_RETRY_PAUSE_S)
        return [answers[index] for index in range(len(requests))]
