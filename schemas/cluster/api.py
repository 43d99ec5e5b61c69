"""Requests that read from the API server, and of everything that goes wrong what it means: whether there was an answer,
and what it says.

They go through the official client, as `client` makes it: a request that is cancelled or too late ends at once, which
one in a thread does not. Objects stay the JSON that they are.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from schemas.cluster.client import Client, NoCluster
from schemas.kubernetes import Object, is_event

if TYPE_CHECKING:
    from kubernetes.aio.client.rest import RESTResponse

AGENT = "reflexarc"
SILENT_S = 100.0
_QUIET = 0.9
"""Of the time without a word after which a server is taken to be away: so long a watch may be asked for. Where a server
sends bookmarks it says a word each minute, but of Events, which it does not cache, it sends none."""
_LONGEST_WATCH_S = 290
"""After which a watch is ended and resumed at the latest; the server's own limit is not much longer."""
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
_TOO_MANY = 429
_SERVER_ERRORS = 500
_NOT_ADMITTED = ("failed calling webhook", "denied the request")
"""What a server says, as an error of its own, of a webhook that it cannot ask, or that has had one itself."""
_SHOWN = 300


class RequestFailed(Exception):
    """There is no good answer. `code` is that of the server's, 0 where it said nothing."""

    code = 0
    retry_after_s = 0.0
    """When the server wants to be asked again; 0 where it does not say."""


class ApiError(RequestFailed):
    """The API server has answered that it will not: nothing was done."""

    def __init__(self, code: int, reason: str, message: str, causes: tuple[str, ...], retry_after_s: float) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
        """Reasons of the causes in its details, such as `DisruptionBudget`."""
        self.retry_after_s = retry_after_s

    @property
    def transient(self) -> bool:
        """Whether the same request may be granted later."""
        failed = self.code >= _SERVER_ERRORS and any(each in self.message for each in _NOT_ADMITTED)
        return self.code == _TOO_MANY or failed


class Unanswered(RequestFailed):
    """There was no answer that says whether the request had its effect."""


class Unreached(RequestFailed):
    """The request was not sent: there is no connection, or there are no credentials."""


class Reader:
    """One API server. `agent` is who we are to it, which its audit log keeps. A request is given up after `timeout_s`,
    and a watch after `silent_s` without a word; one that has nothing to tell is to end before, by itself.

    Everything raises `RequestFailed`; a watch does at first and from the iterator.
    """

    def __init__(self, client: Client, timeout_s: float, silent_s: float = SILENT_S, agent: str = AGENT) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._silent_s = silent_s
        self._agent = agent

    async def get(self, path: str, **query: str) -> Object:
        return json_of(await self.text(path, **query))

    async def text(self, path: str, **query: str) -> str:
        """What is not JSON, such as logs."""
        async with self._asked("GET", path, query) as response:
            return await body_of(response)

    @asynccontextmanager
    async def watch(self, path: str, version: str) -> AsyncIterator[AsyncIterator[Object]]:
        """The events of the collection after `version`, a bookmark now and then among them."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=self._silent_s)
        lasts_s = max(1, min(_LONGEST_WATCH_S, int(self._silent_s * _QUIET)))
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(lasts_s),
        }
        async with self._asked("GET", path, query, limits=limits) as response:
            yield _events(response)

    async def close(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        kind: str = "application/json",
        limits: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator["RESTResponse"]:
        """The answer, if it is a good one; for who changes something, too."""
        headers = {"Content-Type": kind, "Accept": "*/*", "User-Agent": self._agent}
        asked = path + (f"?{urlencode(query)}" if query else "")
        timeout = limits or aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=self._timeout_s / 2)
        response = None
        try:
            response = await self._client.request(method, asked, headers, body, timeout)
            if response.status >= 400:
                raise _refusal(response.status, await body_of(response), response.headers)
            yield response
        except NoCluster as error:
            raise Unreached(str(error)) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreached(_told(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(_told(error)) from error
        finally:
            if response is not None:
                response.response.close()


async def body_of(response: "RESTResponse") -> str:
    content: bytes = await response.read()
    return content.decode(errors="replace")


def json_of(text: str) -> Object:
    """Raises `Unanswered` for what is cut short or no object."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unanswered(f"no JSON: {text[:_SHOWN]!r}") from error
    if not isinstance(found, dict):
        raise Unanswered(f"no JSON object: {text[:_SHOWN]!r}")
    return found


async def _events(response: "RESTResponse") -> AsyncIterator[Object]:
    rest = b""
    async for chunk in response.response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise Unanswered(f"an event of the watch has more than {_LONGEST_LINE_BYTES} bytes")
        for line in lines:
            if line.strip():
                yield _event(json_of(line.decode(errors="replace")))


def _event(event: Object) -> Object:
    """Raises `ApiError` where it says that something is wrong, and `Unanswered` where it is no event."""
    found = event.get("object")
    if event.get("type") == "ERROR" and isinstance(found, dict):
        raise _error(found.get("code"), found)
    if not is_event(event):
        raise Unanswered(f"no event of a watch: {str(event)[:_SHOWN]}")
    return event


def _refusal(code: int, text: str, headers: Mapping[str, str]) -> ApiError:
    try:
        status = json_of(text)
    except Unanswered:
        status = {"message": text[:_SHOWN]}  # Of a proxy on the way.
    return _error(code, status, headers.get("Retry-After", ""))


def _error(code: object, status: Object, retry_after: str = "") -> ApiError:
    """What a `Status` says, and as much of it as others on the way have left."""
    details = status.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    causes = [each for each in causes if isinstance(each, dict)] if isinstance(causes, list) else []
    message = " ".join([str(status.get("message", "")), *(str(each.get("message", "")) for each in causes)])
    return ApiError(
        code if isinstance(code, int) else 0,
        str(status.get("reason", "")),
        message.strip(),
        tuple(str(each.get("reason", "")) for each in causes),
        _seconds(retry_after) or _seconds(str(details.get("retryAfterSeconds", ""))),
    )


def _seconds(text: str) -> float:
    """0 where it says nothing, or a date."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
