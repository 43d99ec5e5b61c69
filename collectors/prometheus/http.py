"""HTTP as scrapes and discovery use it: connections kept open, authorisation, TLS, and a bound on what is read."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import httpx

from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.fields import read_secret
from collectors.prometheus.http_config import HttpConfig, TlsConfig

_TLS_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


Versions = tuple[int, ...]
"""Of the files of certificates that there are, when they were changed."""


@dataclass(frozen=True, slots=True)
class Response:
    content_type: str
    body: bytes


class HttpClient:
    """Asks in one way (`config`) any number of servers. `close` ends its connections.

    Certificates that were renewed hold for the next request. What is under way then still goes on with the old ones,
    whose client is closed when the next one is retired.
    """

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        self._versions: Versions | None = None
        self._client: httpx.AsyncClient | None = None
        self._retired: httpx.AsyncClient | None = None

    async def close(self) -> None:
        for client in (self._client, self._retired):
            if client is not None:
                await client.aclose()

    async def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Response:
        """The answer to a GET, decompressed; `limit_bytes` 0 is none. Raises `ScrapeFailed`; the caller bounds time."""
        try:
            return await self._get(url, {**headers, **_authorization(self._config)}, limit_bytes)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise ScrapeFailed(f"{type(error).__name__}: {error}") from error

    async def _get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Response:
        client = await self._current()
        server_name = self._config.tls_config.server_name
        extensions = {"sni_hostname": server_name} if server_name else {}
        async with client.stream("GET", url, headers=headers, extensions=extensions) as response:
            if response.status_code != httpx.codes.OK:
                raise ScrapeFailed(f"server returned HTTP status {response.status_code} {response.reason_phrase}")
            return Response(response.headers.get("content-type", ""), await _read(response, limit_bytes))

    async def _current(self) -> httpx.AsyncClient:
        """Made at the first use: a certificate that is not there yet is a failed scrape and not a dead agent."""
        versions = _versions(self._config.tls_config)
        if self._client is None or versions != self._versions:
            client = _client(self._config, versions)
            retired, self._retired, self._client, self._versions = self._retired, self._client, client, versions
            if retired is not None:
                await retired.aclose()
            return client
        return self._client


async def _read(response: httpx.Response, limit_bytes: int) -> bytes:
    chunks = []
    size_bytes = 0
    async for chunk in response.aiter_bytes():
        size_bytes += len(chunk)
        if 0 < limit_bytes < size_bytes:
            raise ScrapeFailed(f"the body is larger than {limit_bytes} bytes (body_size_limit)")
        chunks.append(chunk)
    return b"".join(chunks)


def _versions(tls: TlsConfig) -> Versions:
    """When the files of certificates were changed. Raises OSError where one is missing."""
    return tuple(file.stat().st_mtime_ns for file in (tls.ca_file, tls.cert_file, tls.key_file) if file)


def _client(config: HttpConfig, versions: Versions) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(
        verify=_ssl_context(config.tls_config, versions),
        follow_redirects=config.follow_redirects,
        limits=limits,
        timeout=None,  # whoever asks bounds the whole exchange, not its parts
        trust_env=False,
    )


@lru_cache
def _ssl_context(tls: TlsConfig, versions: Versions) -> ssl.SSLContext:  # noqa: ARG001 - files of other versions differ
    """Shared by all that ask alike: to load the system's authorities takes 20 ms and some memory."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    context.minimum_version = _TLS_VERSIONS[tls.min_version]
    if tls.max_version:
        context.maximum_version = _TLS_VERSIONS[tls.max_version]
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _authorization(config: HttpConfig) -> dict[str, str]:
    if basic := config.basic_auth:
        username = read_secret(None, basic.username_file) or basic.username
        pair = f"{username}:{read_secret(basic.password, basic.password_file)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if given := config.authorization:
        return {"Authorization": f"{given.type} {read_secret(given.credentials, given.credentials_file)}"}
    if config.bearer_token or config.bearer_token_file:
        return {"Authorization": f"Bearer {read_secret(config.bearer_token, config.bearer_token_file)}"}
    return {}
