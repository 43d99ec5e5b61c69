"""The protocol over HTTP that does not depend on what is pushed: who may push, how much, and which status says what.

Whoever pushes sends again what was answered 5xx, and drops what was answered 4xx.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from collectors.receiving.auth import admits, challenge
from collectors.receiving.config import ReceivingConfig

log = structlog.get_logger()

RETRY_AFTER = {"Retry-After": "1"}
_MOST_TOLD = 100


class Refused(Exception):
    """The request is answered with `status` and why."""

    def __init__(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.headers = headers or {}


class RequestCounts:
    """Counted since the start of the agent."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        """By HTTP status."""
        self.pending = 0


class Gate:
    """Answers requests. At most `max_pending_requests` of them are in memory at a time."""

    def __init__(self, config: ReceivingConfig, counts: RequestCounts, name: str) -> None:
        self._config = config
        self._counts = counts
        self._name = name
        self._told: set[str] = set()

    async def answer(
        self, request: Request, check: Callable[[Request], None], store: Callable[[Request, bytes], Awaitable[None]]
    ) -> Response:
        """204 when `store` is done with the body, for whoever may push. What `check` and it raise is `Refused`."""
        try:
            self._admit(request)
            check(request)
            await self._pend(request, store)
        except Refused as refused:
            self._tell(refused)
            response = Response(f"{refused}\n", refused.status, refused.headers, "text/plain")
        else:
            response = Response(status_code=204)
        self._counts.answers[response.status_code] += 1
        return response

    def _admit(self, request: Request) -> None:
        try:
            admitted = admits(self._config, request.headers.get("authorization", ""))
        except (OSError, ValueError) as error:
            raise Refused(503, f"the secret cannot be read: {error}", RETRY_AFTER) from error
        if not admitted:
            raise Refused(401, "not authorised", {"WWW-Authenticate": challenge(self._config)})

    async def _pend(self, request: Request, store: Callable[[Request, bytes], Awaitable[None]]) -> None:
        if self._counts.pending >= self._config.max_pending_requests:
            raise Refused(503, f"{self._counts.pending} requests wait to be stored (max_pending_requests)", RETRY_AFTER)
        self._counts.pending += 1
        try:
            async with asyncio.timeout(self._config.answer_within_s):
                await store(request, await self._body(request))
        except TimeoutError as error:
            raise Refused(503, f"not stored within {self._config.answer_within_s:g} s", RETRY_AFTER) from error
        finally:
            self._counts.pending -= 1

    async def _body(self, request: Request) -> bytes:
        chunks, size_bytes = [], 0
        try:
            async for chunk in request.stream():
                size_bytes += len(chunk)
                check_size(size_bytes, self._config.body_size_limit_bytes)
                chunks.append(chunk)
        except ClientDisconnect as error:
            raise Refused(400, "the request is cut short") from error
        return b"".join(chunks)

    def _tell(self, refused: Refused) -> None:
        """In the log, once for each trouble: who pushes does so again and again."""
        trouble = f"{refused.status} {refused}"
        if trouble not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(trouble)
            log.warning(f"{self._name}_refused", status=refused.status, why=str(refused))


def check_size(size_bytes: int, limit_bytes: int) -> None:
    """Raises `Refused`."""
    if size_bytes > limit_bytes:
        raise Refused(413, f"the body has more than {limit_bytes} bytes (body_size_limit_bytes)")
