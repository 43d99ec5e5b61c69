"""Sockets and HTTP of the stand-in: connections are kept, watched, reset and left without an answer as in a real
network.

It speaks HTTP/1.1 by h11 itself, because no web framework lets one reset a connection after the effect.
"""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import h11

from tests.kubernetes_server import controllers
from tests.kubernetes_server.authority import AS_DATA
from tests.kubernetes_server.faults import NO_FAULTS, Fault, Faults, Reset, spoil_before
from tests.kubernetes_server.handlers import answer, is_selected
from tests.kubernetes_server.paths import Request, understood
from tests.kubernetes_server.rbac import Rbac
from tests.kubernetes_server.state import Cluster
from tests.kubernetes_server.statuses import ApiStatus, told

BOOKMARK_S = 0.5
WITHOUT_BOOKMARKS = ("events",)
"""What an API server watches in its store and not in its cache. Of the others, too, it tells no version twice: where
nothing happens a watch is silent until its end."""


class KubernetesServer:
    """`async with KubernetesServer() as server`: on a free port of loopback until the end.

    `cluster` is its state; after each request its controllers take a step, unless `live` is False. `requests` are all
    that were answered. With `rbac` a request that no rule allows is answered by 403, and is in `forbidden`.
    """

    def __init__(self, cluster: Cluster | None = None, faults: Faults = NO_FAULTS, rbac: Rbac | None = None) -> None:
        self.cluster = cluster or Cluster()
        self.faults = faults
        self.rbac = rbac
        self.live = True
        self.requests: list[Request] = []
        self.queries: list[Mapping[str, str]] = []
        """The query of each of the requests."""
        self.agents: list[str] = []
        """The `User-Agent` of each of the requests."""
        self.garbled: list[Any] = []
        """What watches tell at first, one after the other, in place of what has happened; then each ends."""
        self.managers: set[str] = set()
        """Who has changed anything, as the fields of an object say: the `fieldManager`, or else the `User-Agent`."""
        self.forbidden: list[Request] = []
        self.credentials: list[str] = []
        """The `Authorization` of each of the requests."""
        self.token: str | None = None
        """The one that is taken; None takes any."""
        self.url = ""
        self._last = ""
        self._arrived = asyncio.Event()
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        # Whether it answers or not the port is its own, so that nobody else does.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}"
        await self.back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._port.close()

    async def back(self) -> None:
        """Answer, at the address that it always had."""
        port = self._port.getsockname()[1]
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port, reuse_port=True)

    async def stop(self) -> None:
        """Answer nobody any more."""
        self._server.close()
        ended = [each for each in self._connections if each is not asyncio.current_task()]
        for connection in ended:
            connection.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    def away(self) -> None:
        """Answer nobody until it is `back`, with the same state."""
        self._server.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Reset every connection, watches too; new ones are accepted."""
        for writer in list(self._connections.values()):
            writer.transport.abort()

    def stop_after(self, verb: str) -> None:
        """Answer nobody any more once a request of this verb has had its effect, not even that one."""
        self._last = verb

    async def requested(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.requests) < count:
            await self._arrived.wait()

    async def asked_for(self, what: str) -> None:
        """Wait until a resource, such as `pods/eviction`, is asked for."""
        while self.requests[-1].what != what:
            await self._arrived.wait()

    def settle(self) -> None:
        """Let the controllers work until they have nothing left to do."""
        controllers.settle(self.cluster)

    def kubeconfig(self, token: str = "") -> dict[str, Any]:
        """A kubeconfig for it."""
        user: dict[str, Any] = {"token": token} if token else {}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "stand-in",
            "clusters": [{"name": "c", "cluster": {"server": self.url, "certificate-authority-data": AS_DATA}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "stand-in", "context": {"cluster": "c", "user": "u"}}],
        }

    # --- HTTP ---

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        wire = h11.Connection(h11.SERVER)
        try:
            while await self._exchange(wire, reader, writer):
                wire.start_next_cycle()
        except (Reset, ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            del self._connections[task]
            writer.close()

    async def _exchange(self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the client is gone."""
        request: h11.Request | None = None
        body = b""
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        assert request is not None
        await self._respond(_Out(wire, writer), request, body)
        return wire.our_state is h11.DONE and wire.their_state is h11.DONE

    async def _respond(self, out: "_Out", request: h11.Request, body: bytes) -> None:
        headers = {name.decode(): value.decode() for name, value in request.headers}
        found = understood(request.method.decode(), request.target.decode())
        if found is None:
            await out.json(404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": "no such path"})
            return
        asked, query = found
        self.requests.append(asked)
        self.queries.append(query)
        self._arrived.set()
        self._arrived = asyncio.Event()
        self.agents.append(headers.get("user-agent", ""))
        self.credentials.append(headers.get("authorization", ""))
        try:
            self._authorise(asked, headers.get("authorization", ""))
            if asked.verb == "watch":
                await self._watch(out, asked, query)
                return
            content = json.loads(body) if body else {}
            await self._answer(out, asked, query, content, headers)
        except ApiStatus as status:
            await out.json(status.code, status.body, status.retry_after)

    def _authorise(self, asked: Request, credentials: str) -> None:
        if self.token is not None and credentials != f"Bearer {self.token}":
            raise ApiStatus(401, "Unauthorized", "Unauthorized")
        if self.rbac is not None and not self.rbac.allows(asked):
            self.forbidden.append(asked)
            about = told(asked.resource, asked.name) if asked.name else asked.resource
            right = f'cannot {asked.verb} resource "{asked.what}" in API group "{asked.group}"'
            message = f'{about} is forbidden: User "system:serviceaccount:reflexarc:tests" {right}'
            raise ApiStatus(403, "Forbidden", message)

    async def _answer(
        self, out: "_Out", asked: Request, query: Mapping[str, str], body: Any, headers: Mapping[str, str]
    ) -> None:
        kind, agent = headers.get("content-type", ""), headers.get("user-agent", "")
        fault: Fault = self.faults.draw(asked)
        spoil_before(fault)
        if fault != "silence before":
            count = len(self.cluster.applied)
            content = answer(self.cluster, asked, query, body, kind)
            if asked.verb in ("create", "patch", "update"):
                self.managers.add(query.get("fieldManager") or agent.partition("/")[0])
            self.cluster.applied[count:] = [replace(each, agent=agent) for each in self.cluster.applied[count:]]
            if self.live:
                controllers.step(self.cluster)
        if asked.verb == self._last:
            await self.stop()
            raise Reset
        match fault:
            case "reset after":
                raise Reset
            case "error after":
                raise ApiStatus(504, "Timeout", "request did not complete within the allotted timeout")
            case "silence after" | "silence before":
                await asyncio.Event().wait()
        if isinstance(content, str):
            await out.text(content)
        else:
            await out.json(201 if asked.verb == "create" else 200, content)

    async def _watch(self, out: "_Out", asked: Request, query: Mapping[str, str]) -> None:
        version = int(query.get("resourceVersion") or self.cluster.version)
        ends = asyncio.get_running_loop().time() + float(query.get("timeoutSeconds") or 3600)
        await out.begin()
        marked = version
        if self.garbled:
            await out.line(self.garbled.pop())
            ends = 0.0
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            changed = self.cluster.changed
            try:
                changes = self.cluster.since(version, asked.resource, asked.namespace)
            except ApiStatus as status:
                await out.line({"type": "ERROR", "object": status.body})
                break
            for change in changes:
                await out.line({"type": change.kind, "object": change.found}, when=is_selected(change.found, query))
            version = max(version, self.cluster.version)
            if version > marked and asked.resource not in WITHOUT_BOOKMARKS and query.get("allowWatchBookmarks"):
                marked = version
                meta = {"resourceVersion": str(version)}
                await out.line({"type": "BOOKMARK", "object": {"metadata": meta}}, when=not changes)
            try:
                async with asyncio.timeout(min(left, BOOKMARK_S)):
                    await changed.wait()
            except TimeoutError:
                continue
        await out.end()


class _Out:
    """The answer's side of one exchange."""

    def __init__(self, wire: h11.Connection, writer: asyncio.StreamWriter) -> None:
        self._wire = wire
        self._writer = writer

    async def json(self, status: int, content: Any, retry_after: str = "") -> None:
        extra = [("Retry-After", retry_after)] if retry_after else []
        await self._whole(status, json.dumps(content).encode(), "application/json", extra)

    async def text(self, content: str) -> None:
        await self._whole(200, content.encode(), "text/plain", [])

    async def begin(self) -> None:
        await self._send(h11.Response(status_code=200, headers=[("Content-Type", "application/json")]))

    async def line(self, content: Any, *, when: bool = True) -> None:
        if when:
            await self._send(h11.Data(data=json.dumps(content).encode() + b"\n"))

    async def end(self) -> None:
        await self._send(h11.EndOfMessage())

    async def _whole(self, status: int, body: bytes, kind: str, extra: Sequence[tuple[str, str]]) -> None:
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *extra]
        await self._send(h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage())

    async def _send(self, *events: Any) -> None:
        for event in events:
            self._writer.write(self._wire.send(event) or b"")
        await self._writer.drain()
