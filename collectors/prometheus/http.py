"""HTTP as scrapes and discovery use it: connections kept open, authorisation, TLS, and a bound on what is read."""

import base64
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import h11

from collectors.prometheus.exchange import Answer, Exchange
from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.fields import read_secret
from collectors.prometheus.http_config import HttpConfig
from collectors.prometheus.tls import Versions, ssl_context, versions_of
from schemas.wording import shown

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_USER_AGENT = {"User-Agent": "reflexarc"}


@dataclass(frozen=True, slots=True)
class Response:
    content_type: str
    body: bytes


class _Origin(NamedTuple):
    """What a connection is to."""

    scheme: str
    host: str
    port: int
    versions: Versions
    """Of the certificates: those that were renewed hold for the next request."""


class HttpClient:
    """Asks in one way (`config`) any number of servers. `close` ends its connections."""

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        self._idle: dict[_Origin, list[Exchange]] = defaultdict(list)

    async def close(self) -> None:
        for idle in self._idle.values():
            for exchange in idle:
                exchange.close()
        self._idle.clear()

    async def get(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Response:
        """The answer to a GET, decompressed; `limit_bytes` 0 is none. Raises `ScrapeFailed`; the caller bounds time."""
        try:
            answer = await self._follow(url, _USER_AGENT | dict(headers) | authorization(self._config), limit_bytes)
        except (h11.ProtocolError, OSError, ValueError, zlib.error) as error:
            raise ScrapeFailed(f"{type(error).__name__}: {error}") from error
        if answer.status != 200:
            raise ScrapeFailed(f"server returned HTTP status {answer.status} {answer.reason}".rstrip())
        return Response(answer.headers.get("content-type", ""), answer.body)

    async def _follow(self, url: str, headers: dict[str, str], limit_bytes: int) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            parts = urlsplit(url)
            answer = await self._ask(parts, headers, limit_bytes)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None or not self._config.follow_redirects:
                return answer
            url = urljoin(url, location)
            if self._origin(urlsplit(url)) != self._origin(parts):
                headers.pop("Authorization", None)  # it was meant for the other one
        raise ScrapeFailed(f"redirected more than {_MOST_REDIRECTS} times")

    async def _ask(self, url: SplitResult, headers: Mapping[str, str], limit_bytes: int) -> Answer:
        origin = self._origin(url)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        exchange = self._take(origin) or await self._open(origin)
        try:
            answer = await exchange.get(path, {"Host": url.netloc.rpartition("@")[2], **headers}, limit_bytes)
        except BaseException as error:
            exchange.close()
            if not (isinstance(error, ConnectionError) and exchange.forsaken):
                raise
            return await self._ask(url, headers, limit_bytes)
        self._keep(origin, exchange)
        return answer

    def _take(self, origin: _Origin) -> Exchange | None:
        """A connection that is open and idle."""
        idle = self._idle[origin]
        while idle:
            exchange = idle.pop()
            if exchange.lives:
                return exchange
            exchange.close()
        return None

    def _keep(self, origin: _Origin, exchange: Exchange) -> None:
        if exchange.lives:
            self._idle[origin].append(exchange)
        else:
            exchange.close()

    async def _open(self, origin: _Origin) -> Exchange:
        # Made at each connection, so that a certificate that is not there yet is a failed scrape and not a dead agent.
        tls = self._config.tls_config
        context = ssl_context(tls, origin.versions) if origin.scheme == "https" else None
        return await Exchange.open(origin.host, origin.port, context, tls.server_name)

    def _origin(self, url: SplitResult) -> _Origin:
        """Raises ValueError for what no HTTP server can be, OSError where a certificate is missing."""
        if url.scheme not in _PORTS or not url.hostname:
            raise ValueError(f"expected a URL of http or https, got {shown(url.geturl())}")
        versions = versions_of(self._config.tls_config) if url.scheme == "https" else ()
        return _Origin(url.scheme, url.hostname, url.port or _PORTS[url.scheme], versions)


def authorization(config: HttpConfig) -> dict[str, str]:
    """The header by which we are known, if any. Raises OSError or ValueError where the secret cannot be had."""
    if basic := config.basic_auth:
        username = read_secret(None, basic.username_file) or basic.username
        pair = f"{username}:{read_secret(basic.password, basic.password_file)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if given := config.authorization:
        return {"Authorization": f"{given.type} {read_secret(given.credentials, given.credentials_file)}"}
    if config.bearer_token or config.bearer_token_file:
        return {"Authorization": f"Bearer {read_secret(config.bearer_token, config.bearer_token_file)}"}
    return {}
