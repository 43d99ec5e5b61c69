"""A `nats-server` that runs with the files of `deploy/nats`: only its ports and its folder are other ones."""

import os
import re
import runpy
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from engine.runtime import streams
from engine.runtime.bus import Bus
from engine.runtime.server_process import find_binary, free_port
from tests.deploy.paths import NATS

USERS: dict[str, Any] = runpy.run_path(str(NATS / "users.py"))
LOGINS = ("engine", "operator-ann", "operator-bob", "agent-web1", "actuator-web1", "agent-web2", "actuator-web2")
ENV = {USERS["password_variable"](user): f"secret-{user}" for user in LOGINS} | {"NATS_NAME": "nats-1"}


class Served:
    """The server, and whoever speaks to it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def bus(self, login: str) -> Bus:
        return await Bus.connect(self._url, login, f"secret-{login}", name=login)

    async def raw(self, login: str) -> Client:
        """A client that says what it likes, and is told of nothing that it may not."""

        async def refused(_: Exception) -> None:
            """The server goes on without what was refused."""

        inbox = f"_INBOX_{login}".encode()
        return await nats.connect(
            self._url, user=login, password=f"secret-{login}", inbox_prefix=inbox, error_cb=refused
        )


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """The server, with the streams that an engine makes."""
    port = free_port()
    config = (NATS / "nats.conf").read_text(encoding="utf-8")
    config = config.replace("127.0.0.1:4222", f"127.0.0.1:{port}").replace("127.0.0.1:8222", "127.0.0.1:-1")
    config = re.sub("/var/lib/nats", str(folder / "store"), config)
    (folder / "nats.conf").write_text(config)
    shutil.copy(NATS / "users.conf", folder)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [find_binary(), "--config", folder / "nats.conf"], env=os.environ | ENV, stdout=log, stderr=log
        )
    try:
        found = Served(f"nats://127.0.0.1:{port}")
        engine = await found.bus("engine")
        await streams.ensure(engine)
        await engine.close()
        yield found
    finally:
        server.terminate()
        server.wait()
