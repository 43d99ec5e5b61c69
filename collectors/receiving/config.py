"""Where to listen, who may push, and how much."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.plugins import PluginConfig
from schemas.wording import shown


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"expected host:port, got {shown(text)}")
    return text


Address = Annotated[str, AfterValidator(_address)]


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


class ReceivingConfig(PluginConfig):
    """Base of the configuration of a collector that listens. `needed` are the modules of the extra that it imports."""

    needed: ClassVar[Sequence[str]] = ("starlette", "uvicorn")

    listen: Address
    tls: Tls | None = None
    basic_auth: BasicAuth | None = None
    bearer_token_file: Path | None = None
    body_size_limit_bytes: int = Field(gt=0)
    max_pending_requests: int = Field(default=100, gt=0)
    answer_within_s: float = Field(default=25.0, gt=0)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.basic_auth and self.bearer_token_file:
            raise ValueError("expected at most one of basic_auth and bearer_token_file")
        return self

    @model_validator(mode="after")
    def _installed(self) -> Self:
        check_installed(self.needed)
        return self
