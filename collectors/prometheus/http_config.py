"""How to ask a server: the part of the configuration that scrapes and HTTP discovery share."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from collectors.prometheus.fields import SecretRef, refuse
from schemas.plugins import PluginConfig

_UNSUPPORTED_HTTP = {
    "enable_http2", "http_headers", "no_proxy", "oauth2", "proxy_connect_header", "proxy_from_environment", "proxy_url",
}  # fmt: skip
_UNSUPPORTED_TLS = {"ca", "ca_ref", "cert", "cert_ref", "key", "key_ref"}


class BasicAuth(PluginConfig):
    username: str = ""
    username_file: Path | None = None
    password: SecretRef | None = None
    password_file: Path | None = None


class Authorization(PluginConfig):
    type: str = "Bearer"
    credentials: SecretRef | None = None
    credentials_file: Path | None = None


class TlsConfig(PluginConfig):
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    max_version: Literal["TLS12", "TLS13"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _supported(cls, data: Any) -> Any:
        return refuse(data, _UNSUPPORTED_TLS)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self


class HttpConfig(PluginConfig):
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    bearer_token: SecretRef | None = None
    bearer_token_file: Path | None = None
    tls_config: TlsConfig = TlsConfig()
    follow_redirects: bool = True

    @model_validator(mode="before")
    @classmethod
    def _supported_http(cls, data: Any) -> Any:
        return refuse(data, _UNSUPPORTED_HTTP)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        ways = (self.basic_auth, self.authorization, self.bearer_token, self.bearer_token_file)
        if sum(way is not None for way in ways) > 1:
            raise ValueError("expected at most one of basic_auth, authorization, bearer_token and bearer_token_file")
        return self
