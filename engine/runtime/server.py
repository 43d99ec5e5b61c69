"""The embedded server: a real `nats-server` with JetStream on loopback, for one machine that needs no other.

It owns a directory: the store, the credentials, the log. Whatever speaks NATS is elsewhere; this only starts the
process, tells when it is ready and why it is not, and ends it.
"""

import asyncio
import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import psutil

from engine.runtime import credentials as creds
from engine.runtime.credentials import Credentials
from engine.runtime.lifetime import die_with
from engine.runtime.server_config import ACCOUNT, render
from engine.runtime.server_log import ServerLog
from engine.runtime.server_process import HOST, ServerError, find_binary, free_port, is_free

__all__ = ["EmbeddedServer", "PortInUse", "ServerError", "StoreFailed"]

_POLL_S = 0.02
_WATCH_S = 0.1
_STOP_TIMEOUT_S = 10.0


class PortInUse(ServerError):
    """Somebody else listens on the port."""


class StoreFailed(ServerError):
    """JetStream is not, or no longer, able to store."""


class EmbeddedServer:
    """One server and its directory. `port` 0 takes a free one, and keeps it: the next start has the same URL.

    Start it from the main thread: when the thread that started it ends, however it ends, the server does too.
    """

    def __init__(self, directory: Path, *, node: str, port: int = 0, binary: Path | None = None) -> None:
        self.directory = directory
        self.store = directory / "jetstream"
        self.credentials_file = directory / "credentials.json"
        self.log_file = directory / "nats-server.log"
        self._config_file = directory / "nats-server.conf"
        self._pid_file = directory / "nats-server.pid"
        self._node = node
        self._port = port
        self._binary = binary or find_binary()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = ServerLog(self.log_file)
        self.credentials: Credentials | None = None

    @property
    def url(self) -> str:
        assert self.credentials, "start() first"
        return self.credentials.url

    @property
    def pid(self) -> int:
        assert self._process, "start() first"
        return self._process.pid

    def start(self) -> None:
        """Start it, after ending one that a dead owner left behind. Raises `ServerError`, such as `PortInUse`."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._end_leftover()
        self._move_store()
        self.credentials = self._credentials()
        port = urlsplit(self.credentials.url).port
        assert port
        config = render(
            port=port, directory=self.directory, pid_file=self._pid_file, node=self._node, credentials=self.credentials
        )
        creds.write_private(self._config_file, config)
        with self.log_file.open("ab") as log:
            self._log = ServerLog(self.log_file, log.tell())
            self._process = subprocess.Popen(
                [self._binary, "--config", self._config_file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for its owner, who stops it last
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock and calls only the kernel
            )

    async def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until it serves with its store recovered. One that will not is ended: `ServerError` or `StoreFailed`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await self._serves():
                    self.check()
                    await asyncio.sleep(_POLL_S)
            self.check()
        except TimeoutError:
            await self.stop()
            raise ServerError(f"nats-server was not ready within {timeout_s} s: {self._log}") from None
        except ServerError:
            await self.stop()
            raise

    def check(self) -> None:
        """Raise `StoreFailed` when it runs without its store, `ServerError` when it does not run."""
        assert self._process, "start() first"
        self._log.read()
        if self._log.store_failure:
            free_bytes = shutil.disk_usage(self.directory).free
            raise StoreFailed(f"{self.store}: {self._log.store_failure} ({free_bytes} bytes free)")
        if self._process.poll() is not None:
            raise ServerError(f"nats-server ended with {self._process.returncode}: {self._log}")

    async def watch(self) -> NoReturn:
        """For whoever keeps it running: raises what `check` does, as soon as it does."""
        while True:
            self.check()
            await asyncio.sleep(_WATCH_S)

    async def wait(self) -> int:
        """Wait until it ends by itself; its exit status, negative for a signal."""
        assert self._process, "start() first"
        while self._process.poll() is None:
            await asyncio.sleep(_POLL_S)
        return self._process.returncode

    async def stop(self) -> None:
        """End it: politely, and after ten seconds not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self.wait()
        except TimeoutError:
            self._process.kill()
            await self.wait()

    def _credentials(self) -> Credentials:
        """Those of the last start where they still fit, kept for the next one."""
        stored = creds.load(self.credentials_file) if self.credentials_file.exists() else None
        url = f"nats://{HOST}:{self._choose_port(stored)}"
        credentials = Credentials(url, stored.roles) if stored else creds.generate(url)
        if credentials != stored:
            creds.save(self.credentials_file, credentials)
        return credentials

    def _choose_port(self, stored: Credentials | None) -> int:
        if self._port:
            if not is_free(self._port):
                raise PortInUse(f"port {self._port} on {HOST} is in use by another program: choose another port")
            return self._port
        last = urlsplit(stored.url).port if stored else None
        return last if last and is_free(last) else free_port()

    def _move_store(self) -> None:
        """A store from before there were accounts is in the server's nameless one."""
        before, now = self.store / "$G", self.store / ACCOUNT
        if before.is_dir() and not now.exists():
            before.rename(now)

    def _end_leftover(self) -> None:
        """End the server of this very directory that an owner killed at the wrong instant may have left, and with it
        what it wrote down of its ports.
        """
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            leftover = psutil.Process(int(self._pid_file.read_text()))
            if str(self._config_file) in leftover.cmdline():
                leftover.terminate()
                _, alive = psutil.wait_procs([leftover], timeout=_STOP_TIMEOUT_S)
                for process in alive:
                    process.kill()
                psutil.wait_procs(alive)
        for ports in self.directory.glob("*.ports"):
            ports.unlink()

    async def _serves(self) -> bool:
        """Whether it greets with JetStream; it listens only when its streams are recovered."""
        parts = urlsplit(self.url)
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            greeting = await reader.readline()
            writer.close()
            await writer.wait_closed()
        except OSError:
            return False
        return greeting.startswith(b"INFO ") and bool(json.loads(greeting[5:]).get("jetstream"))
