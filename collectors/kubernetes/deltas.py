"""What happens to the objects of one collection, without gaps or doubles: a store that a reflector keeps in step.

It remembers of each object which it was and in what version, so that what a list says is told as if it had been
watched: what is gone, what is another of the same name, what is new or changed, and nothing that is as it was.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from schemas.kubernetes import Key, Object, key_of


class Sink(Protocol):
    """Who is told. While it takes its time the watch waits."""

    async def seen(self, found: Object, *, listed: bool) -> None:
        """It is new or has changed. `listed`: as a list says, in no order of time."""
        ...

    async def gone(self, key: Key) -> None: ...

    async def complete(self, version: str) -> None:
        """A list is at its end; `version` is that of all of it."""
        ...


class Deltas:
    """See `schemas.cluster.reflector.Store`. `changes` is how many were told."""

    def __init__(self, sink: Sink) -> None:
        self.changes = 0
        self._sink = sink
        self._known: dict[Key, tuple[str, str]] = {}
        """The uid and the version."""

    async def replace(self, listed: AsyncIterator[Object], version: str) -> None:
        present = set()
        async for found in listed:
            present.add(key_of(found))
            await self._seen(found, listed=True)
        for key in [each for each in self._known if each not in present]:
            await self._gone(key)
        await self._sink.complete(version)

    async def update(self, found: Object) -> None:
        await self._seen(found, listed=False)

    async def delete(self, found: Object) -> None:
        known = self._known.get(key_of(found))
        if known is not None and known[0] == found["metadata"]["uid"]:
            await self._gone(key_of(found))

    def restored(self) -> None:
        self._known = {key: (uid, "") for key, (uid, _) in self._known.items()}

    async def _seen(self, found: Object, *, listed: bool) -> None:
        key, meta = key_of(found), found["metadata"]
        identity = str(meta["uid"]), str(meta["resourceVersion"])
        known = self._known.get(key)
        if known == identity:
            return
        if known is not None and known[0] != identity[0]:
            await self._gone(key)
        self._known[key] = identity
        self.changes += 1
        await self._sink.seen(found, listed=listed)

    async def _gone(self, key: Key) -> None:
        del self._known[key]
        self.changes += 1
        await self._sink.gone(key)
