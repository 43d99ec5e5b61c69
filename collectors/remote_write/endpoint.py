"""The protocol of remote write: what is understood, and which status says what to the sender.

Prometheus sends again what was answered 5xx, drops what was answered 4xx, and after 429 does as it is configured.
"""

import cramjam
from starlette.requests import Request
from starlette.responses import Response

from collectors.receiving.gate import RETRY_AFTER, Gate, Refused, check_size
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.counts import Counts
from collectors.remote_write.intake import Intake
from collectors.remote_write.known import TooManySeries
from collectors.remote_write.protobuf import Malformed
from schemas.wording import shown

_MEDIA_TYPE = "application/x-protobuf"
_MESSAGE = "prometheus.WriteRequest"


class Endpoint:
    """Answers pushes."""

    def __init__(self, config: RemoteWriteConfig, intake: Intake, counts: Counts) -> None:
        self._limit_bytes = config.body_size_limit_bytes
        self._intake = intake
        self._gate = Gate(config, counts, "remote_write")

    async def write(self, request: Request) -> Response:
        """One push."""
        return await self._gate.answer(request, self._check, self._store)

    @staticmethod
    def _check(request: Request) -> None:
        """What can be said before the body is read."""
        check_understood(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))

    async def _store(self, _: Request, body: bytes) -> None:
        try:
            await self._intake.store(decompressed(body, self._limit_bytes))
        except Malformed as error:
            raise Refused(400, str(error)) from error
        except TooManySeries as error:
            raise Refused(429, str(error), RETRY_AFTER) from error


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
