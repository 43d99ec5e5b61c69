"""A process that prints lines, for as long as somebody reads them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from collectors.log.lines import Line, LineSplitter

_CHUNK_BYTES = 65536
_LONGEST_COMPLAINT = 1000
_ENDS_WITHIN_S = 1.0


class Child:
    """A running process. `complain` is handed what it writes to its standard error, line by line."""

    def __init__(self, process: asyncio.subprocess.Process, limit: int) -> None:
        self._process = process
        self._lines = LineSplitter(0, limit)

    async def read(self, within_s: float) -> Sequence[Line] | None:
        """The lines that came next; none where nothing came in time, None where the process has ended."""
        assert self._process.stdout is not None, "it was started with a pipe"
        try:
            async with asyncio.timeout(within_s):
                chunk = await self._process.stdout.read(_CHUNK_BYTES)
        except TimeoutError:
            return ()
        return self._lines.feed(chunk) if chunk else None

    async def status(self) -> int | None:
        """The exit status of a process that has closed its output; None for one that goes on all the same."""
        await _end(self._process)
        return self._process.returncode


@contextlib.asynccontextmanager
async def running(command: Sequence[str], limit: int, complain: Callable[[str], None]) -> AsyncGenerator[Child, None]:
    """A process that is killed at the end of the block. Lines are cut at `limit` bytes. Raises `OSError`."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=null, stdout=pipe, stderr=pipe)
    assert process.stderr is not None, "it was started with a pipe"
    listening = asyncio.create_task(_listen(process.stderr, complain))
    try:
        yield Child(process, limit)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await _end(process)
        # What the process said last is heard, unless a child of its own holds the pipe open.
        await asyncio.wait([listening], timeout=_ENDS_WITHIN_S)
        listening.cancel()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()


async def _listen(stream: asyncio.StreamReader, complain: Callable[[str], None]) -> None:
    async for line in _complaints(stream):
        complain(line)


async def _complaints(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    splitter = LineSplitter(0, _LONGEST_COMPLAINT)
    while chunk := await stream.read(_CHUNK_BYTES):
        for line in splitter.feed(chunk):
            yield line.content.decode(errors="replace")
    if rest := splitter.finish():
        yield rest.content.decode(errors="replace")
