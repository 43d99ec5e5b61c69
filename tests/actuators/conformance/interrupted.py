"""Cancelling what runs at the very await that one wants."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Interrupted(Generic[T]):
    """Awaits the coroutine, and cancels whoever does so when it waits for the `at`th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], at: int) -> None:
        self._coroutine = coroutine
        self._at = at

    def __await__(self) -> Generator[Any, None, T]:
        steps, waits, error = self._coroutine.__await__(), 0, None
        while True:
            try:
                waited_for = steps.throw(error) if error else steps.send(None)
            except StopIteration as ended:
                found: T = ended.value
                return found
            waits += 1
            if waits == self._at and (task := asyncio.current_task()):
                task.cancel()
            error = None
            try:
                yield waited_for
            except BaseException as raised:
                error = raised


async def cancelled_at(at: int, coroutine: Coroutine[Any, Any, T]) -> T | None:
    """Run it in a task of its own and cancel it at its `at`th await; its result, if it came to one before."""

    async def run() -> T:
        return await Interrupted(coroutine, at)

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    return None if task.cancelled() else task.result()
