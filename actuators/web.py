"""HTTP as actuators speak it: to the host that was configured and no other, with secrets that stay where they are sent.

No redirect is followed and no proxy taken from the environment. What a server says is read as far as it is shown, and
redacted before it is cut, so that no half of a secret is left.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from schemas.plugins import EffectFailed
from schemas.secrets import Secrets, SecretText, SecretUnavailable

IDEMPOTENCY_KEY = "Idempotency-Key"
"""Carries the command's id, by which a server can tell that it has had it before."""

_SHOWN = 200
_LONGEST_BYTES = 65_536
_BODY_WAIT_S = 5.0
_USUAL = {"User-Agent": "reflexarc", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `retry_after_s` where it says so in seconds."""

    status: int
    body: str
    retry_after_s: float | None = None

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def shown(self, secrets: Secrets) -> str:
        """The beginning of the body, for people."""
        return " ".join(secrets.redact(self.body).split())[:_SHOWN]


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that everybody trusts; reading them takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


def client(timeout_s: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=False, verify=_trusted())


def checked_url(text: str) -> httpx.URL:
    """Raises `ValueError`, which does not say the text: it may be a secret."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise ValueError("expected a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("expected a URL with http:// or https:// and a host")
    return url


async def secret(secrets: Secrets, text: SecretText) -> str:
    """The text, resolved. Raises `EffectFailed`: without it nothing is sent."""
    try:
        return await secrets.resolve(text)
    except SecretUnavailable as error:
        raise EffectFailed(str(error)) from error


def request(method: str, url: str, headers: Mapping[str, str], body: Any = None) -> httpx.Request:
    """A request with a JSON body, none where that is None. Raises `EffectFailed` for what cannot be sent."""
    try:
        target = checked_url(url)
    except ValueError as error:
        raise EffectFailed(str(error)) from error
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise EffectFailed(f"header {name}: expected visible characters on one line")
    # Bytes, so that no header can be another client's than those here.
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
    kind = {} if body is None else {"Content-Type": "application/json"}
    return httpx.Request(method, target, headers={**_USUAL, **kind, **headers}, content=content)


async def send(through: httpx.AsyncClient, what: httpx.Request) -> Answer:
    """Send it once. Raises `httpx.HTTPError`."""
    response = await through.send(what, stream=True)
    try:
        body = await _beginning(response)
    finally:
        await response.aclose()
    after = response.headers.get("Retry-After", "")
    return Answer(
        status=response.status_code,
        body=body.decode(errors="replace"),
        retry_after_s=float(after) if after.isascii() and after.isdigit() else None,
    )


async def _beginning(response: httpx.Response) -> bytes:
    """What there is of the body; a server that is slow with the rest is not waited for, since the status has told."""
    body = bytearray()
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_BODY_WAIT_S):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) >= _LONGEST_BYTES:
                    break
    return bytes(body[:_LONGEST_BYTES])


def never_arrived(error: httpx.HTTPError) -> bool:
    """Whether what was to be sent certainly was not: there was no connection."""
    return isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
