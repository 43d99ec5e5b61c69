"""The example workload: a small shop that can be made to misbehave. Standard library only.

    GET  /              an answer
    GET  /healthz       200, or what the present fault makes of it
    POST /fault/NAME    crash | hang | leak | errors | ok

`FAULT` sets the fault it starts with, which is how workloads.yaml makes v2 the bad version. Where `SHOP_STARTS` names a
file, every start appends one line to it: the shop's own count of how often it was started, and by which command.
"""

import json
import os
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("crash", "hang", "leak", "errors", "ok")
LEAK_STEP_BYTES = 4 << 20
LEAK_STEP_S = 0.1
LEAK_LIMIT_BYTES = 256 << 20
VERSION = os.environ.get("REFLEXARC_VERSION", "")


class Shop(ThreadingHTTPServer):
    """Serves, and misbehaves as told."""

    def __init__(self, port: int, fault: str) -> None:
        self.well = threading.Event()
        self.fault = ""
        super().__init__(("127.0.0.1", port), Handler)
        self.suffer(fault)

    def server_bind(self) -> None:
        # HTTPServer's own would ask the resolver for our name, and may wait for it.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def suffer(self, fault: str) -> None:
        """Have this fault from now on; `ok` ends every other."""
        self.fault = fault
        self.well.clear()
        if fault == "crash":
            os._exit(1)
        if fault == "ok":
            self.well.set()
        if fault == "leak":
            threading.Thread(target=self._leak, daemon=True).start()

    def _leak(self) -> None:
        leaked = bytearray()
        while self.fault == "leak" and len(leaked) < LEAK_LIMIT_BYTES:
            leaked += b"x" * LEAK_STEP_BYTES
            self.well.wait(LEAK_STEP_S)


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        if self.server.fault == "hang":
            self.server.well.wait()
        if self.server.fault == "errors":
            self._answer(500, {"error": "the shop is out of order"})
        elif self.path == "/healthz":
            self._answer(200, {"status": "ok"})
        else:
            self._answer(200, {"shop": "open", "version": VERSION, "pid": os.getpid()})

    def do_POST(self) -> None:
        fault = self.path.removeprefix("/fault/")
        if fault not in FAULTS:
            self._answer(404, {"error": f"expected /fault/ and one of {', '.join(FAULTS)}"})
            return
        self._answer(200, {"fault": fault})
        self.wfile.flush()
        self.server.suffer(fault)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def note_start(path: str) -> None:
    """Append the line of this start: one write, so that lines of several replicas never mix."""
    marks = ("COMMAND", "WORKLOAD", "REPLICA", "GENERATION", "VERSION")
    line: dict[str, Any] = {"time": time.time(), "pid": os.getpid()}
    line |= {mark.lower(): os.environ.get(f"REFLEXARC_{mark}", "") for mark in marks}
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, json.dumps(line).encode() + b"\n")
    os.fsync(file)
    os.close(file)


def main() -> None:
    if starts := os.environ.get("SHOP_STARTS"):
        note_start(starts)
    shop = Shop(int(os.environ["PORT"]), os.environ.get("FAULT", "ok"))
    sys.stderr.write(f"shop {VERSION} listens on port {shop.server_port}\n")
    shop.serve_forever()


if __name__ == "__main__":
    main()
