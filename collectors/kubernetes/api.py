"""Reading from the API server: lists page by page and watches line by line, and nothing that changes anything.

Connections and credentials are as `schemas.cluster` makes them. Objects stay the JSON that they are.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp

from collectors.kubernetes.config import KubernetesConfig
from schemas import cluster
from schemas.kubernetes import Object, is_event

if TYPE_CHECKING:
    from kubernetes.aio.client.rest import RESTResponse

PAGE = "500"
WATCH_S = 290
"""After which a watch is ended and resumed at the latest; the server's own limit is not much longer."""
_QUIET = 0.9
"""Of the time without a word after which a server is taken to be away: so long a watch may be asked for. Where a server
sends bookmarks it says a word each minute, but of Events, which it does not cache, it sends none."""
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
_GONE = 410
_SHOWN = 200


class Expired(Exception):
    """The server knows no more, or not yet, the version that was to be followed from: all is to be listed anew."""


class Unreadable(Exception):
    """There is no answer, or none that is of use; the message says why. After `after_s` the server wants to be asked
    again; 0 where it says nothing."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


async def client_of(config: KubernetesConfig) -> "Api":
    """Raises `Unreadable` where the configuration does not say how to reach a cluster."""
    try:
        client = await cluster.client_of(config.kubeconfig, config.context)
    except cluster.NoCluster as error:
        raise Unreadable(str(error)) from error
    return Api(client, config.request_timeout_s, config.silent_s)


class Api:
    """One API server."""

    def __init__(self, client: cluster.Client, timeout_s: float, silent_s: float) -> None:
        self._client = client
        self._list = aiohttp.ClientTimeout(total=timeout_s)
        self._watch = aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=silent_s)
        self._watch_s = max(1, min(WATCH_S, int(silent_s * _QUIET)))

    async def close(self) -> None:
        await self._client.close()

    async def pages(self, path: str) -> AsyncIterator[Object]:
        """A list, by pages of some hundred objects. Raises `Expired` and `Unreadable`."""
        rest = ""
        while True:
            about = {"limit": PAGE} | ({"continue": rest} if rest else {})
            async with self._asked(path, about, self._list) as response:
                page = _json(await response.read())
            yield page
            rest = str((page.get("metadata") or {}).get("continue") or "")
            if not rest:
                return

    async def version(self, path: str) -> str:
        """That of the collection now. Raises `Expired` and `Unreadable`."""
        async with self._asked(path, {"limit": "1"}, self._list) as response:
            page = _json(await response.read())
        return str((page.get("metadata") or {}).get("resourceVersion") or "")

    @asynccontextmanager
    async def watch(self, path: str, version: str) -> AsyncIterator[AsyncIterator[Object]]:
        """What changes after `version`. Raises `Expired` and `Unreadable`, at first and from the iterator."""
        about = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(self._watch_s),
        }
        async with self._asked(path, about, self._watch) as response:
            yield _lines(response)

    @asynccontextmanager
    async def _asked(
        self, path: str, query: Mapping[str, str], limits: aiohttp.ClientTimeout
    ) -> AsyncIterator["RESTResponse"]:
        headers = {"Accept": "application/json", "User-Agent": "reflexarc"}
        response = None
        try:
            response = await self._client.request("GET", f"{path}?{urlencode(query)}", headers, None, limits)
            if response.status >= 400:
                raise _failure(response.status, await response.read(), response.headers)
            yield response
        except cluster.NoCluster as error:
            raise Unreadable(str(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        finally:
            if response is not None:
                response.response.close()


async def _lines(response: "RESTResponse") -> AsyncIterator[Object]:
    rest = b""
    async for chunk in response.response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise Unreadable(f"an object of more than {_LONGEST_LINE_BYTES} bytes")
        for line in lines:
            if line.strip():
                yield _event(_json(line))


def _event(event: Object) -> Object:
    """Raises `Expired` or `Unreadable` where the server says that something is wrong, or something is."""
    found = event.get("object")
    if event.get("type") == "ERROR" and isinstance(found, dict):
        raise _status(int(found.get("code") or 0), found)
    if not is_event(event):
        raise Unreadable(f"no event of a watch: {str(event)[:_SHOWN]}")
    return event


def _failure(code: int, body: bytes, headers: Mapping[str, str]) -> Exception:
    after = headers.get("Retry-After", "")
    after_s = float(after) if after.isascii() and after.isdigit() else 0.0
    try:
        return _status(code, _json(body), after_s)
    except Unreadable:
        return _status(code, {"message": body[:_SHOWN].decode(errors="replace")}, after_s)  # Of a proxy on the way.


def _status(code: int, status: Object, after_s: float = 0.0) -> Exception:
    why = f"{code} {status.get('reason', '')}: {status.get('message', '')}"
    return Expired(why) if code == _GONE else Unreadable(why, after_s)


def _json(text: bytes) -> Object:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"no JSON: {text[:_SHOWN]!r}") from error
    if not isinstance(found, dict):
        raise Unreadable(f"no JSON object: {text[:_SHOWN]!r}")
    return found
