"""Where to listen, who may push, and how much."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from collectors.receiving.config import Address, ReceivingConfig


class RemoteWriteConfig(ReceivingConfig):
    """Needs the extra `ingest`. The path is `/api/v1/write`, so a Prometheus on the same machine sends to it by
    `remote_write: [{url: "http://127.0.0.1:9201/api/v1/write"}]`.

    A push is answered 204 when its samples are stored on the bus, so nothing that Prometheus knows to be delivered is
    lost when this agent is killed; what was not answered it sends again. At most `max_pending_requests` wait at a
    time; one more is answered 503 with `Retry-After`, and so is one that is not stored within `answer_within_s`. A push
    with a series more than `max_series` is answered 429, which Prometheus retries only with
    `queue_config: {retry_on_http_429: true}`. Exemplars and native histograms are dropped and counted, and remote write
    2.0 is answered 415. Secrets are read from their files at each request.
    """

    needed: ClassVar[Sequence[str]] = ("cramjam", "starlette", "uvicorn")

    listen: Address = "127.0.0.1:9201"
    source: str = Field(default="remote_write", min_length=1)
    body_size_limit_bytes: int = Field(default=16 * 1024 * 1024, gt=0)
    max_series: int = Field(default=1_000_000, gt=0)
