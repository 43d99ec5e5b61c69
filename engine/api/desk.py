"""Where jobs are done: what is cheap at once, in the loop; the rest beside it, in forked copies of the process.

So no question holds up the engine for longer than it takes to fork. Copies are few, each has its time, and one that
nobody waits for any more is ended.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Counter

from engine.api import body
from engine.api.errors import TIMED_OUT, ApiError
from engine.api.jobs import STATUS_DIGITS, Job
from engine.forked import Child, ChildFailedError, forked

MOST_COST_HERE = 5_000
"""Microseconds; about what a fork costs."""

MOST_CHILDREN = 4

COPIES = Counter("reflexarc_forked_answers_total", "Answers that a forked copy of the engine was made for.")
_PIECE = 2**20


@dataclass(frozen=True)
class Reply:
    """The HTTP status, and the body as it comes."""

    status: int
    pieces: AsyncIterator[bytes]


class Desk:
    """Does jobs; more than `most_children` costly ones wait for each other."""

    def __init__(self, *, most_cost_here: int = MOST_COST_HERE, most_children: int = MOST_CHILDREN) -> None:
        self._most_cost_here = most_cost_here
        self._slots = asyncio.Semaphore(most_children)

    def is_cheap(self, job: Job) -> bool:
        return job.cost <= self._most_cost_here

    def here(self, job: Job) -> tuple[int, bytes]:
        """Status and body, now."""
        status, *pieces = job.run()
        return int(status), b"".join(pieces)

    @asynccontextmanager
    async def beside(self, job: Job) -> AsyncIterator[Reply]:
        """The reply of a copy, which is ended with the context. Raises `ApiError`, also while the body comes."""
        try:
            async with asyncio.timeout(job.most_s), self._slots, forked(job.run, job.most_s) as child:
                COPIES.inc()
                yield Reply(await _status(child), _pieces(child))
        except TimeoutError as error:
            raise ApiError("timeout", TIMED_OUT) from error
        except ChildFailedError as error:
            raise ApiError("internal", f"the process that worked on the answer died: {error}") from error
        except OSError as error:
            raise ApiError("unavailable", f"no process can be started for the answer: {error.strerror}") from error

    async def whole(self, job: Job) -> bytes:
        """The body, whatever the status."""
        if self.is_cheap(job):
            return self.here(job)[1]
        try:
            async with self.beside(job) as reply:
                return b"".join([piece async for piece in reply.pieces])
        except ApiError as error:
            return body.failure(error)


async def _status(child: Child) -> int:
    try:
        return int(await child.output.readexactly(STATUS_DIGITS))
    except asyncio.IncompleteReadError:
        await child.ended()
        raise


async def _pieces(child: Child) -> AsyncIterator[bytes]:
    while piece := await child.output.read(_PIECE):
        yield piece
    await child.ended()
