"""Requests to the API server: JSON out, JSON in, and of everything that goes wrong whether the request had its effect.

They go through the official client, in its asynchronous form, as `schemas.cluster` makes it: a request that is
cancelled or too late ends at once, which one in a thread does not. Objects stay the JSON that they are: what is changed
is a few fields, and those that this client does not know are not lost.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from schemas.cluster import Client, NoCluster
from schemas.kubernetes import Object
from schemas.plugins import EffectFailed

if TYPE_CHECKING:
    from kubernetes.aio.client.rest import RESTResponse

JSON_PATCH = "application/json-patch+json"
AGENT = "reflexarc"
"""Who we are to the server, and the manager of the fields that we change: untold, the server takes the `User-Agent`
with its command for one, and an object that was acted on ten times has ten."""
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERRORS = 500
_NOT_ADMITTED = ("failed calling webhook", "denied the request")
"""What a server says, as an error of its own, of a webhook that it cannot ask, or that has had one itself."""
_SHOWN = 300


class ApiError(Exception):
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


class Unanswered(Exception):
    """There was no answer that says whether the request had its effect."""


class Unreached(Exception):
    """The request was not sent: there is no connection, or there are no credentials."""


class Api:
    """One API server. `agent` names what the requests are for; the server's own audit log keeps it."""

    def __init__(self, client: Client, timeout_s: float, agent: str = "") -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._agent = f"{AGENT} ({agent})" if agent else AGENT

    def on_behalf_of(self, command: str) -> "Api":
        """The same server, asked for this command."""
        return Api(self._client, self._timeout_s, f"command {command}")

    async def get(self, path: str, **query: str) -> Object:
        return json_of(await self.text(path, **query))

    async def text(self, path: str, **query: str) -> str:
        """What is not JSON, such as logs."""
        async with self._asked("GET", path, query) as response:
            return await _body(response)

    async def patch(self, path: str, operations: list[Object]) -> Object:
        return await self._change("PATCH", path, operations, JSON_PATCH)

    async def post(self, path: str, body: Object) -> Object:
        return await self._change("POST", path, body)

    async def delete(self, path: str, options: Object) -> Object:
        return await self._change("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})

    @asynccontextmanager
    async def watch(self, path: str, silent_s: float, **query: str) -> AsyncIterator[AsyncIterator[Object]]:
        """The events of a watch; it ends by itself, or with `Unanswered` when nothing was heard for `silent_s`."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=silent_s)
        async with self._asked("GET", path, {**query, "watch": "1"}, limits=limits) as response:
            yield _events(response)

    async def close(self) -> None:
        await self._client.close()

    async def _change(self, method: str, path: str, body: Any, kind: str = "application/json") -> Object:
        query = {} if method == "DELETE" else {"fieldManager": AGENT}
        try:
            async with self._asked(method, path, query, body, kind) as response:
                return json_of(await _body(response))
        except ApiError as error:
            # A time-out of the server's own may come after the effect; admission comes before it.
            if error.code >= _SERVER_ERRORS and not error.transient:
                raise Unanswered(str(error)) from error
            raise

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
        """The answer, if it is a good one. Raises `ApiError`, `Unanswered` and `Unreached`."""
        headers = {"Content-Type": kind, "Accept": "*/*", "User-Agent": self._agent}
        asked = path + (f"?{urlencode(query)}" if query else "")
        timeout = limits or aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=self._timeout_s / 2)
        response = None
        try:
            response = await self._client.request(method, asked, headers, body, timeout)
            if response.status >= 400:
                raise _error(response.status, await _body(response), response.headers)
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


async def exists_already(sent: Awaitable[Object], wanted: Object) -> Object:
    """The answer to a creation, where that it is there already is as good: its name is that of the command. Raises
    `EffectFailed` where there is no such namespace (any more)."""
    try:
        return await sent
    except ApiError as error:
        if error.reason == "AlreadyExists":
            return wanted
        if error.code == _NOT_FOUND:
            raise EffectFailed(str(error)) from error
        raise


async def absent_already(sent: Awaitable[Object]) -> Object:
    """The answer to a deletion, where that there is nothing is as good."""
    try:
        return await sent
    except ApiError as error:
        if error.code == _NOT_FOUND:
            return {}
        raise


async def _body(response: "RESTResponse") -> str:
    content: bytes = await response.read()
    return content.decode(errors="replace")


async def _events(response: "RESTResponse") -> AsyncIterator[Object]:
    try:
        async for line in response.response.content:
            if line.strip():
                yield json_of(line.decode(errors="replace"))
    except ValueError as error:  # Longer than the client reads at once.
        raise Unanswered(f"an event of the watch is too long: {error}") from error


def json_of(text: str) -> Object:
    """Raises `Unanswered` for what is cut short or no object."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unanswered(f"no JSON: {text[:_SHOWN]!r}") from error
    if not isinstance(found, dict):
        raise Unanswered(f"no JSON object: {text[:_SHOWN]!r}")
    return found


def _error(code: int, text: str, headers: Mapping[str, str]) -> ApiError:
    try:
        status = json_of(text)
    except Unanswered:
        status = {}  # Of a proxy on the way.
    details = status.get("details") or {}
    causes = details.get("causes") or ()
    message = " ".join([str(status.get("message", text[:_SHOWN])), *(str(each.get("message", "")) for each in causes)])
    after = headers.get("Retry-After", "")
    retry_after_s = float(after) if after.isdigit() else float(details.get("retryAfterSeconds") or 0)
    reasons = tuple(str(each.get("reason", "")) for each in causes)
    return ApiError(code, str(status.get("reason", "")), message.strip(), reasons, retry_after_s)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
