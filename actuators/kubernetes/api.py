"""Requests that change something, and of everything that goes wrong whether they had their effect.

What is changed is a few fields of the JSON that objects are, and those that this client does not know are not lost.
"""

from collections.abc import Awaitable
from typing import Any

from schemas.cluster.api import AGENT, ApiError, Reader, Unanswered, body_of, json_of
from schemas.cluster.client import Client
from schemas.kubernetes import Object
from schemas.plugins import EffectFailed

JSON_PATCH = "application/json-patch+json"
_NOT_FOUND = 404
_SERVER_ERRORS = 500


class Api(Reader):
    """One API server. `agent` names what the requests are for."""

    def __init__(self, client: Client, timeout_s: float, agent: str = "") -> None:
        super().__init__(client, timeout_s, agent=f"{AGENT} ({agent})" if agent else AGENT)

    def on_behalf_of(self, command: str) -> "Api":
        """The same server, asked for this command."""
        return Api(self._client, self._timeout_s, f"command {command}")

    async def patch(self, path: str, operations: list[Object]) -> Object:
        return await self._change("PATCH", path, operations, JSON_PATCH)

    async def post(self, path: str, body: Object) -> Object:
        return await self._change("POST", path, body)

    async def delete(self, path: str, options: Object) -> Object:
        return await self._change("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})

    async def _change(self, method: str, path: str, body: Any, kind: str = "application/json") -> Object:
        # Untold, the server takes the `User-Agent` with its command for the manager of the fields that we change, and
        # an object that was acted on ten times has ten.
        query = {} if method == "DELETE" else {"fieldManager": AGENT}
        try:
            async with self._asked(method, path, query, body, kind) as response:
                return json_of(await body_of(response))
        except ApiError as error:
            # A time-out of the server's own may come after the effect; admission comes before it.
            if error.code >= _SERVER_ERRORS and not error.transient:
                raise Unanswered(str(error)) from error
            raise


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
