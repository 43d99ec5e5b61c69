"""What the integrity collector is tried on: real files, and a bus that stores when it is told to."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from collectors.integrity import collect
from collectors.integrity.config import IntegrityConfig
from schemas.events import Event
from schemas.plugins import Occurrence, Reading
from tests.collectors.contexts import context, next_occurrence, next_samples


class Machine:
    """A folder that is watched, and what the bus has stored of it."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.state = folder / "state"
        self.database = self.state / "integrity" / "baseline.sqlite"
        self.stored: list[Event] = []

    def write(self, name: str, text: str) -> None:
        """At once, for a file that is half written is told of too."""
        whole = self.files.parent / "whole"
        whole.write_text(text)
        whole.replace(self.files / name)

    def collecting(self, **config: Any) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[Reading, None]]:
        async def last_event(source: str) -> Event | None:
            assert source == "integrity"
            return self.stored[-1] if self.stored else None

        settings = IntegrityConfig.model_validate({"paths": [str(self.files)], "poll_s": 0.01, **config})
        return contextlib.aclosing(collect(settings, context(self.state, last_event=last_event)))

    async def store(self, readings: AsyncGenerator[Reading, None], count: int = 1) -> list[Event]:
        """Store the next events, each as soon as it comes."""
        async with asyncio.timeout(30):
            for _ in range(count):
                occurrence = await next_occurrence(readings)
                self.stored.append(occurrence.event)
                receipt_of(occurrence)(None)
        return self.stored[-count:]

    async def settle(self, readings: AsyncGenerator[Reading, None]) -> None:
        """Look at all files twice more: nothing is told."""
        async with asyncio.timeout(30):
            for _ in range(2):
                assert not isinstance(await anext(readings), Occurrence)

    async def baseline(self, **config: Any) -> Event:
        """Have one made, as they are now."""
        async with self.collecting(**config) as readings:
            (event,) = await self.store(readings)
            await next_samples(readings)
        return event

    async def changes(self, count: int, **config: Any) -> list[tuple[str, str]]:
        """What is told, and that it is all: actions and paths."""
        async with self.collecting(**config) as readings:
            events = await self.store(readings, count)
            await self.settle(readings)
        return [self.said(event) for event in events]

    def said(self, event: Event) -> tuple[str, str]:
        path = event.data.get("file.path", "").removeprefix(f"{self.files}/")
        return event.data["event.action"], path


def receipt_of(occurrence: Occurrence) -> Callable[[None], None]:
    assert occurrence.receipt
    return occurrence.receipt.set_result


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
