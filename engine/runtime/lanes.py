"""Work in lanes: what shares a lane runs one after the other, in the order in which it came."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

Work = Callable[[], Coroutine[Any, Any, None]]


class Lanes:
    """Lanes by name, made on demand. An error in any of them ends all, as in a task group."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._last: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, error, trace)

    def put(self, lane: str, work: Work) -> None:
        """Run `work` when everything that was put into the lane before is done."""
        task = self._group.create_task(self._after(self._last.get(lane), work))
        self._last[lane] = task
        task.add_done_callback(lambda done: self._leave(lane, done))

    @staticmethod
    async def _after(previous: asyncio.Task[None] | None, work: Work) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        await work()

    def _leave(self, lane: str, done: asyncio.Task[None]) -> None:
        if self._last.get(lane) is done:
            del self._last[lane]
