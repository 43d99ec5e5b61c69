"""A server on loopback that counts its effects and fails as it is told."""

import json
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple

from actuators.http import SPEC
from actuators.http.actuator import HttpActuator, build
from actuators.http.config import HttpConfig
from schemas.commands import Command
from schemas.plugins import ActuatorContext
from schemas.secrets import Secrets
from tests.actuators.site import Shelf, command

Fault = Literal["500 before", "500 after", "429", "reset before", "reset after", "silent before", "silent after", "302"]
FAULTS: tuple[Fault, ...] = (
    "500 before",
    "500 after",
    "429",
    "reset before",
    "reset after",
    "silent before",
    "silent after",
    "302",
)


class Received(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Server(ThreadingHTTPServer):
    """`effects` counts them by command. With `dedups` a command that it has had is answered and has no further effect.

    Each fault is of one request, in their order; after them all is well. `echo` answers with what was sent.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.effects: Counter[str] = Counter()
        self.dedups = False
        self.faults: deque[Fault] = deque()
        self.received: list[Received] = []
        self.echo = False
        self.patience = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def act(self, key: str) -> None:
        if not (self.dedups and self.effects[key]):
            self.effects[key] += 1


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path.startswith("/done/"):
            return self._answer(200 if self.server.effects[self.path.removeprefix("/done/")] else 404)
        return self.do_POST()

    def do_POST(self) -> None:
        server, key = self.server, self.headers["Idempotency-Key"]
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(content) if content else None
        server.received.append(Received(self.command, self.path, dict(self.headers), body))
        fault = server.faults.popleft() if server.faults else None
        if fault is None or fault.endswith("after"):
            server.act(key)
        match fault:
            case None:
                said = json.dumps({"headers": dict(self.headers), "body": body}) if server.echo else "done"
                self._answer(202, said)
            case "429":
                self._answer(429, "slow down", {"Retry-After": "0"})
            case "302":
                self._answer(302, "", {"Location": f"{server.url}/elsewhere"})
            case "500 before" | "500 after":
                self._answer(500, f"no such token: {self.headers.get('Authorization', '')}")
            case "reset before" | "reset after":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            case "silent before" | "silent after":
                server.patience.wait()
                self.close_connection = True

    def do_PUT(self) -> None:
        self.do_POST()

    def _answer(self, status: int, body: str = "", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body.encode())), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True  # The connection was reset, by the client or by a fault.

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server names it
        """Tests are quiet."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.patience.set()
        server.shutdown()
        thread.join()
        server.server_close()


@asynccontextmanager
async def calling(folder: Path, secrets: Secrets | None = None, **endpoint: Any) -> AsyncIterator[HttpActuator]:
    """The actuator with the one endpoint `hook`."""
    config = HttpConfig.model_validate({"endpoints": {"hook": endpoint}})
    context = ActuatorContext(
        scope="n1", state_dir=folder, now_ms=lambda: 0, evidence=Shelf(), secrets=secrets or Secrets()
    )
    actuator = await build(config, context)
    yield actuator
    await actuator.close()


def call(*, by: str = "c1", condition: dict[str, Any] | None = None, **params: Any) -> Command:
    """A command to call the endpoint."""
    (verb,) = SPEC.verbs
    return command(verb.name, "endpoint:hook", condition or {}, by=by, endpoint="hook", **params)
