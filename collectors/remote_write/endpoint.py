"""The protocol over HTTP: who may push, what is understood, and which status says what to the sender.

Prometheus sends again what was answered 5xx, drops what was answered 4xx, and after 429 does as it is configured.
"""

import asyncio

import cramjam
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from collectors.remote_write.auth import admits, challenge
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.counts import Counts
from collectors.remote_write.intake import Intake
from collectors.remote_write.known import TooManySeries
from collectors.remote_write.protobuf import Malformed
from schemas.wording import shown

log = structlog.get_logger()

_MEDIA_TYPE = "application/x-protobuf"
_MESSAGE = "prometheus.WriteRequest"
_RETRY_AFTER = {"Retry-After": "1"}


class Refused(Exception):
    """The request is answered with `status` and why."""

    def __init__(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.headers = headers or {}


class Endpoint:
    """Answers pushes. At most `max_pending_requests` of them are in memory at a time."""

    def __init__(self, config: RemoteWriteConfig, intake: Intake, counts: Counts) -> None:
        self._config = config
        self._intake = intake
        self._counts = counts
        self._told: set[str] = set()

    async def write(self, request: Request) -> Response:
        """One push."""
        try:
            self._check(request)
            await self._pend(request)
        except Refused as refused:
            self._tell(refused)
            response = Response(f"{refused}\n", refused.status, refused.headers, "text/plain")
        else:
            response = Response(status_code=204)
        self._counts.answers[response.status_code] += 1
        return response

    def _check(self, request: Request) -> None:
        """What can be said before the body is read."""
        try:
            admitted = admits(self._config, request.headers.get("authorization", ""))
        except (OSError, ValueError) as error:
            raise Refused(503, f"the secret cannot be read: {error}", _RETRY_AFTER) from error
        if not admitted:
            raise Refused(401, "not authorised", {"WWW-Authenticate": challenge(self._config)})
        check_understood(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
        if self._counts.pending >= self._config.max_pending_requests:
            raise Refused(
                503, f"{self._counts.pending} requests wait to be stored (max_pending_requests)", _RETRY_AFTER
            )

    async def _pend(self, request: Request) -> None:
        self._counts.pending += 1
        try:
            async with asyncio.timeout(self._config.answer_within_s):
                await self._intake.store(decompressed(await self._body(request), self._config.body_size_limit_bytes))
        except Malformed as error:
            raise Refused(400, str(error)) from error
        except TooManySeries as error:
            raise Refused(429, str(error), _RETRY_AFTER) from error
        except TimeoutError as error:
            raise Refused(503, f"not stored within {self._config.answer_within_s:g} s", _RETRY_AFTER) from error
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
        if trouble not in self._told and len(self._told) < 100:
            self._told.add(trouble)
            log.warning("remote_write_refused", status=refused.status, why=str(refused))


def check_understood(content_type: str, encoding: str) -> None:
    """Raises `Refused` for what is not remote write 1.0, so that a sender of 2.0 knows to fall back."""
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    message = next((part.removeprefix("proto=") for part in parameters if part.startswith("proto=")), _MESSAGE)
    # Early senders leave both out.
    if media_type.lower() not in ("", _MEDIA_TYPE) or message != _MESSAGE:
        raise Refused(415, f"expected Content-Type {_MEDIA_TYPE};proto={_MESSAGE}, got {shown(content_type)}")
    if encoding.lower() not in ("", "snappy"):
        raise Refused(415, f"expected Content-Encoding snappy, got {shown(encoding)}")


def decompressed(body: bytes, limit_bytes: int) -> bytes:
    """A block of snappy, unpacked. Raises `Malformed`, and `Refused` for one that would be too large."""
    try:
        check_size(cramjam.snappy.decompress_raw_len(body), limit_bytes)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise Malformed(f"expected a block of snappy: {error}") from error


def check_size(size_bytes: int, limit_bytes: int) -> None:
    """Raises `Refused`."""
    if size_bytes > limit_bytes:
        raise Refused(413, f"the body has more than {limit_bytes} bytes (body_size_limit_bytes)")
