"""A folder with a real server and the processes that run against it; nothing of it outlives the benchmark."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from engine.runtime import streams
from engine.runtime.bus import Bus
from engine.runtime.lifetime import die_with
from engine.runtime.server import EmbeddedServer

NODE = "bench"
REPOSITORY = Path(__file__).parents[2]
STOP_TIMEOUT_S = 20.0
LOG_TAIL = 2000
"""Characters."""


class Site:
    """One machine's worth of Reflexarc. Made by `open_site`."""

    def __init__(self, folder: Path, server: EmbeddedServer, bus: Bus, processes: AsyncExitStack) -> None:
        self.folder = folder
        self.server = server
        self.bus = bus
        self._processes = processes

    def start_role(self, role: str, config: Path, python: str = sys.executable) -> psutil.Process:
        """Run one role until the site closes, as `python` has it installed; it logs to `log_of(role)`."""
        options = ["--config", str(config), "--state-dir", str(self.folder)]
        # Not in the repository: what is there would be imported before what is installed.
        return self._start(role, [python, "-m", "engine.cli.main", *options, role], self.folder)

    def start_module(self, module: str) -> psutil.Process:
        """Run a part of the benchmark as a process of its own, which is told where the credentials are."""
        command = [sys.executable, "-m", f"tests.bench.{module}", str(self.server.credentials_file)]
        return self._start(module, command, REPOSITORY)

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _start(self, name: str, command: Sequence[str], cwd: Path) -> psutil.Process:
        return self._processes.enter_context(running(command, self.log_of(name), cwd))


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    """A site with all streams in a new folder. Acknowledged means synced, as it does with `reflexarc up`."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reflexarc-bench-")))
        server = EmbeddedServer(folder / "nats", node=NODE)  # where a role with this state directory looks for it
        stack.push_async_callback(server.stop)
        server.start()
        await server.wait_ready()
        assert server.credentials
        bus = await Bus.connect(*server.credentials.access("engine"), name="bench")
        stack.push_async_callback(bus.close)
        await streams.ensure(bus)
        yield Site(folder, server, bus, await stack.enter_async_context(AsyncExitStack()))


@contextmanager
def running(command: Sequence[str], log_file: Path, cwd: Path) -> Iterator[psutil.Process]:
    """A process for as long as the body lasts. When that fails, the end of its log is shown."""
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - it takes no lock and calls only the kernel
        )
    try:
        yield psutil.Process(process.pid)
    except Exception:
        sys.stderr.write(log_file.read_text()[-LOG_TAIL:])  # the folder goes, and the reason is most likely in here
        raise
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
