"""The HTTP prober: one request, its redirects followed, judged as the module says.

Every probe opens its own connections: that a server still accepts is part of what is asked. The address is resolved by
us, so that how long that takes is known and the preferred protocol is kept to.
"""

import asyncio
import ssl
import zlib

import httpx

from collectors.probe.answer import Answer, judge, timestamp
from collectors.probe.fields import resolved
from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.modules import HttpModule
from collectors.probe.phases import Phases
from collectors.probe.resolve import Resolver
from collectors.probe.tls import describe
from collectors.prometheus.http import authorization
from collectors.prometheus.tls import ssl_context, versions_of

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEPS_METHOD = {307, 308}
_MOST_REDIRECTS = 10
_GZIP = 31
"""zlib's name for its format with gzip's header."""
_GAUGES = (
    "probe_http_status_code",
    "probe_http_version",
    "probe_http_ssl",
    "probe_http_redirects",
    "probe_http_content_length",
    "probe_http_uncompressed_body_length",
)


class HttpProber:
    """Probes in the way of one module."""

    def __init__(self, module: HttpModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver

    async def probe(self, instance: str, found: Findings) -> None:
        """Raises `ProbeFailed`; the caller bounds time."""
        for name in _GAUGES:
            found.put(name, 0.0)
        phases = Phases(found)
        try:
            answer = await self._follow(instance, found, phases)
        except httpx.LocalProtocolError as error:
            # It would quote the header, which may be a secret.
            raise ProbeFailed("a header of the request holds what HTTP does not allow") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, zlib.error) as error:
            raise ProbeFailed(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        judge(answer, self._module)

    async def _follow(self, instance: str, found: Findings, phases: Phases) -> Answer:
        module = self._module
        url = httpx.URL(instance if "://" in instance else f"http://{instance}")
        headers = {name: resolved(value) for name, value in module.headers.items()} | authorization(module)
        headers = {name.lower(): value for name, value in headers.items()}
        method, body = module.method, self._body()
        for redirects in range(_MOST_REDIRECTS + 1):
            found.put("probe_http_redirects", float(redirects))
            request = _request(method, url, headers, body, module.compression)
            answer = await self._ask(request, found, phases)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None or not module.follow_redirects:
                return answer
            before, url = url, url.join(location)
            if (url.scheme, url.host, url.port) != (before.scheme, before.host, before.port):
                headers = {}  # they were meant for the other one
            if answer.status not in _KEEPS_METHOD and method != "HEAD":
                method, body = "GET", b""
        raise ProbeFailed(f"redirected more than {_MOST_REDIRECTS} times")

    def _body(self) -> bytes:
        if self._module.body_file is not None:
            return self._module.body_file.read_bytes()
        return resolved(self._module.body).encode()

    async def _ask(self, request: httpx.Request, found: Findings, phases: Phases) -> Answer:
        module, url = self._module, request.url
        if url.scheme not in ("http", "https") or not url.host:
            raise ProbeFailed(f"expected a URL of http or https, got {url}")
        start_s = asyncio.get_running_loop().time()
        address = await self._resolver.resolve(url.host, module, found)
        phases.resolved(start_s)
        tls = url.scheme == "https"
        context = ssl_context(module.tls_config, versions_of(module.tls_config)) if tls else None
        name = module.tls_config.server_name or httpx.URL(f"https://{request.headers['host']}").host
        request.extensions = {"trace": phases.trace, "sni_hostname": name if tls else None}
        request.url = url.copy_with(host=address)
        async with _client(context, module.source_ip_address) as client:
            response = await client.send(request, stream=True)
            try:
                return await self._read(response, found, phases)
            finally:
                await response.aclose()

    async def _read(self, response: httpx.Response, found: Findings, phases: Phases) -> Answer:
        tls = response.extensions["network_stream"].get_extra_info("ssl_object")
        version = response.extensions["http_version"].decode()
        found.put("probe_http_status_code", float(response.status_code))
        found.put("probe_http_version", float(version.removeprefix("HTTP/")))
        found.put("probe_http_ssl", float(tls is not None))
        found.put("probe_http_content_length", float(response.headers.get("content-length", -1)))
        if (modified := timestamp(response.headers.get("last-modified", ""))) is not None:
            found.put("probe_http_last_modified_timestamp_seconds", modified)
        if tls is not None:
            describe(tls, found)
        body = await self._content(response)
        phases.transferred()
        found.put("probe_http_uncompressed_body_length", float(len(body)))
        return Answer(response.status_code, version, tls is not None, response.headers, body)

    async def _content(self, response: httpx.Response) -> bytes:
        limit = self._module.body_size_limit_bytes
        packed = self._module.compression == "gzip" and response.headers.get("content-encoding") == "gzip"
        unpacking = zlib.decompressobj(_GZIP) if packed else None
        content = bytearray()
        async for chunk in response.aiter_raw():
            most = limit - len(content) + 1 if limit else 0  # 0 is all there is
            content += unpacking.decompress(chunk, most) if unpacking else chunk
            if 0 < limit < len(content):
                raise ProbeFailed(f"the body is larger than {limit} bytes (body_size_limit)")
        return bytes(content)


def _request(method: str, url: httpx.URL, headers: dict[str, str], body: bytes, compression: str) -> httpx.Request:
    given = {"user-agent": "reflexarc", "accept": "*/*", "accept-encoding": compression or "identity", **headers}
    encoded = [(name.encode(), value.encode()) for name, value in given.items()]
    return httpx.Request(method, url, headers=encoded, content=body or None)


def _client(context: ssl.SSLContext | None, source: str | None) -> httpx.AsyncClient:
    # Certificates are loaded only where there is one to check, and proxies are not for us.
    transport = httpx.AsyncHTTPTransport(verify=context or False, trust_env=False, local_address=source)
    return httpx.AsyncClient(transport=transport, trust_env=False, timeout=None, follow_redirects=False)
