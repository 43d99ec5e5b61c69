"""How to probe: blackbox_exporter's modules, under its names and with its defaults.

Only the shape is here, and what of blackbox_exporter's we refuse by name, so that a module never passes because we did
not understand what it asks for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collectors.probe.fields import Address, HeaderValue, Pattern, bare_secret
from collectors.probe.needs import known_query_type, known_rcode
from collectors.prometheus.fields import DurationMs, SizeBytes, refuse
from collectors.prometheus.http_config import HttpConfig, TlsConfig
from schemas.plugins import PluginConfig

DEFAULT_BODY_SIZE_LIMIT_BYTES = 16 * 1024 * 1024
"""blackbox_exporter knows no limit here; an agent that shares its machine with others needs one."""

_UNSUPPORTED_HTTP = {
    "enable_http3", "fail_if_body_json_matches_cel", "fail_if_body_json_not_matches_cel",
    "skip_resolve_phase_with_proxy", "use_http3",
}  # fmt: skip
UNSUPPORTED = frozenset({"grpc", "icmp", "unix"})
"""Probers of blackbox_exporter."""
IpProtocol = Literal["ip4", "ip6"]


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Reaching(PluginConfig):
    """What every prober asks of the way to its target. A target without an address of the preferred protocol is asked
    at one of the other, unless `ip_protocol_fallback` is off."""

    preferred_ip_protocol: IpProtocol = "ip6"
    ip_protocol_fallback: bool = True
    source_ip_address: Address | None = None


class HeaderMatch(PluginConfig):
    header: str = Field(min_length=1)
    regexp: Pattern
    allow_missing: bool = False


class HttpModule(Reaching, HttpConfig):
    """`valid_status_codes` are by default all of 2xx. The body is text that is sent as it is, or `env:NAME` or
    `file:PATH` where it is a secret, and so are `headers`. A body in the answer of more than `body_size_limit` fails
    the probe."""

    valid_status_codes: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    valid_http_versions: tuple[Literal["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"], ...] = ()
    method: Annotated[str, BeforeValidator(_upper), Field(pattern="^[A-Z]+$")] = "GET"
    headers: Mapping[str, HeaderValue] = {}
    body: str = ""
    body_file: Path | None = None
    compression: Literal["", "identity", "gzip"] = ""
    body_size_limit_bytes: SizeBytes = Field(default=DEFAULT_BODY_SIZE_LIMIT_BYTES, alias="body_size_limit")
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False
    fail_if_body_matches_regexp: tuple[Pattern, ...] = ()
    fail_if_body_not_matches_regexp: tuple[Pattern, ...] = ()
    fail_if_header_matches: tuple[HeaderMatch, ...] = ()
    fail_if_header_not_matches: tuple[HeaderMatch, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _supported(cls, data: Any) -> Any:
        return refuse(data, _UNSUPPORTED_HTTP)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.body and self.body_file:
            raise ValueError("expected at most one of body and body_file")
        if self.fail_if_ssl and self.fail_if_not_ssl:
            raise ValueError("expected at most one of fail_if_ssl and fail_if_not_ssl")
        if bare := [name for name, value in self.headers.items() if bare_secret(name, value)]:
            raise ValueError(f"headers: expected env:NAME or file:PATH of {', '.join(bare)}, which is a secret")
        return self


class QueryResponse(PluginConfig):
    """One turn of a conversation: wait for a line in which `expect` occurs, then `send` a line, in which `${1}` is a
    group of what was found, then go on in TLS with `starttls`. `labels` are those of `probe_expect_info`, whose values
    may hold groups too."""

    expect: Pattern = ""
    labels: tuple["ExpectLabel", ...] = ()
    send: str = ""
    starttls: bool = False


class ExpectLabel(PluginConfig):
    name: str = Field(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")
    value: str


class TcpModule(Reaching):
    query_response: tuple[QueryResponse, ...] = ()
    tls: bool = False
    tls_config: TlsConfig = TlsConfig()


class RecordMatch(PluginConfig):
    """Records are matched as they are written in a zone file, with a tab between the fields."""

    fail_if_matches_regexp: tuple[Pattern, ...] = ()
    fail_if_all_match_regexp: tuple[Pattern, ...] = ()
    fail_if_not_matches_regexp: tuple[Pattern, ...] = ()
    fail_if_none_matches_regexp: tuple[Pattern, ...] = ()


class DnsModule(Reaching):
    query_name: str = Field(min_length=1)
    query_type: Annotated[str, BeforeValidator(_upper), AfterValidator(known_query_type)] = "ANY"
    query_class: Annotated[Literal["IN", "CH", "HS", "ANY"], BeforeValidator(_upper)] = "IN"
    recursion_desired: bool = True
    transport_protocol: Literal["udp", "tcp"] = "udp"
    dns_over_tls: bool = False
    tls_config: TlsConfig = TlsConfig()
    valid_rcodes: tuple[Annotated[str, BeforeValidator(_upper), AfterValidator(known_rcode)], ...] = ("NOERROR",)
    validate_answer_rrs: RecordMatch = RecordMatch()
    validate_authority_rrs: RecordMatch = RecordMatch()
    validate_additional_rrs: RecordMatch = RecordMatch()

    @model_validator(mode="after")
    def _tls_is_tcp(self) -> Self:
        if self.dns_over_tls and "transport_protocol" in self.model_fields_set and self.transport_protocol != "tcp":
            raise ValueError("dns_over_tls needs transport_protocol tcp")
        return self


class Module(PluginConfig):
    """One way to probe. Of `http`, `tcp` and `dns` only that of its `prober` is heeded."""

    prober: Literal["http", "tcp", "dns"]
    timeout_ms: DurationMs | None = Field(default=None, alias="timeout")
    http: HttpModule = HttpModule()
    tcp: TcpModule = TcpModule()
    dns: DnsModule | None = None

    @model_validator(mode="before")
    @classmethod
    def _supported(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("prober") in UNSUPPORTED:
            raise ValueError(f"prober {data['prober']} of blackbox_exporter is not supported")
        return refuse(data, UNSUPPORTED)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.prober == "dns" and self.dns is None:
            raise ValueError("dns.query_name is needed")
        return self


BUILT_IN: Mapping[str, Module] = {
    "http_2xx": Module(prober="http"),
    "tcp_connect": Module(prober="tcp"),
    "tls_connect": Module(prober="tcp", tcp=TcpModule(tls=True)),
}
"""Those that need no configuration; one of the same name takes its place."""
