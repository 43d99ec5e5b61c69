"""Where to listen, who may push, and how much."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.plugins import PluginConfig
from schemas.wording import shown

NEEDED = ("cramjam", "starlette", "uvicorn")


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"expected host:port, got {shown(text)}")
    return text


def check_installed(modules: Sequence[str]) -> None:
    """Raises ValueError that names the extra where one of them is missing."""
    if missing := [module for module in modules if find_spec(module) is None]:
        raise ValueError(f"{', '.join(missing)} is not installed: install reflexarc[ingest]")


class BasicAuth(PluginConfig):
    username: str = Field(min_length=1)
    password_file: Path


class Tls(PluginConfig):
    cert_file: Path
    key_file: Path


class RemoteWriteConfig(PluginConfig):
    """Needs the extra `ingest`. The path is `/api/v1/write`, so a Prometheus on the same machine sends to it by
    `remote_write: [{url: "http://127.0.0.1:9201/api/v1/write"}]`.

    A push is answered 204 when its samples are stored on the bus, so nothing that Prometheus knows to be delivered is
    lost when this agent is killed; what was not answered it sends again. At most `max_pending_requests` wait at a
    time; one more is answered 503 with `Retry-After`, and so is one that is not stored within `answer_within_s`. A push
    with a series more than `max_series` is answered 429, which Prometheus retries only with
    `queue_config: {retry_on_http_429: true}`. Exemplars and native histograms are dropped and counted, and remote write
    2.0 is answered 415. Secrets are read from their files at each request.
    """

    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:9201"
    source: str = Field(default="remote_write", min_length=1)
    tls: Tls | None = None
    basic_auth: BasicAuth | None = None
    bearer_token_file: Path | None = None
    body_size_limit_bytes: int = Field(default=16 * 1024 * 1024, gt=0)
    max_series: int = Field(default=1_000_000, gt=0)
    max_pending_requests: int = Field(default=100, gt=0)
    answer_within_s: float = Field(default=25.0, gt=0)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.basic_auth and self.bearer_token_file:
            raise ValueError("expected at most one of basic_auth and bearer_token_file")
        return self

    @model_validator(mode="after")
    def _installed(self) -> Self:
        check_installed(NEEDED)
        return self
