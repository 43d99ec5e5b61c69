"""Work in a forked copy of this process: what it reads stands still, and the loop goes on.

The fork costs a few milliseconds, and the kernel copies what changes meanwhile. The copy has the memory and one end of
a pipe: no sockets, so that nothing stays open with it, and no loop. What the work is, nobody here knows.
"""

import asyncio
import gc
import math
import os
import signal
import traceback
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

Work = Callable[[], Iterable[bytes]]

_STDERR = 2
_PIPE = 3
_NICE = 10


class ChildFailedError(Exception):
    """The copy died before its work was done."""


class Child:
    """A copy at work. `output` gives what the work yields, as bytes without bounds, and then ends."""

    def __init__(self, pid: int, output: asyncio.StreamReader) -> None:
        self.pid = pid
        self.output = output
        self._waited_for = False

    async def ended(self) -> None:
        """Wait for its end, after all output was read. Raises `ChildFailedError`."""
        _, status = await asyncio.shield(self._wait())
        if status:
            raise ChildFailedError(f"exit status {os.waitstatus_to_exitcode(status)}")

    def stop(self) -> None:
        """End it, if it was not waited for."""
        if not self._waited_for:
            os.kill(self.pid, signal.SIGKILL)
            self._wait()

    def _wait(self) -> asyncio.Future[tuple[int, int]]:
        self._waited_for = True
        return asyncio.get_running_loop().run_in_executor(None, os.waitpid, self.pid, 0)


@asynccontextmanager
async def forked(work: Work, most_s: float) -> AsyncIterator[Child]:
    """A copy of this process as it is when the context is entered, which does `work` and is ended with the context.

    Should this process die, the copy ends at the latest after `most_s`. Raises OSError where there cannot be another
    process.
    """
    pid, pipe = _fork(work, most_s)
    output = asyncio.StreamReader()
    child = Child(pid, output)
    try:
        with os.fdopen(pipe, "rb", buffering=0) as file:
            protocol = asyncio.StreamReaderProtocol(output)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, file)
            try:
                yield child
            finally:
                transport.close()
    finally:
        child.stop()


def _fork(work: Work, most_s: float) -> tuple[int, int]:
    """The copy's pid, and where its output is read."""
    here, there = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(here)
        os.close(there)
        raise
    if pid:
        os.close(there)
        return pid, here
    code = 1
    try:
        _leave_the_loop(there, most_s)
        with os.fdopen(_PIPE, "wb") as output:
            output.writelines(work())
        code = 0
    except BrokenPipeError:  # nobody reads any more
        pass
    except BaseException:
        os.write(_STDERR, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _leave_the_loop(pipe: int, most_s: float) -> None:
    """Be a process of one's own, which comes after the loop wherever there is too little of something."""
    gc.disable()  # a collection would touch every object, and so copy the memory that is shared
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(each, signal.SIG_DFL)
    signal.alarm(math.ceil(most_s))
    os.dup2(pipe, _PIPE)
    os.closerange(_PIPE + 1, os.sysconf("SC_OPEN_MAX"))
    os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
