"""One collection, followed without gaps or doubles: listed once, watched from there, and resumed where a watch ended.

A watch that is lost goes on after the last version that it told of, a bookmark's too. When the server has forgotten
that version, all is listed anew and compared with what was known, so that what happened between is told as if it had
been watched: what is gone, what is another of the same name, what is new or changed, and nothing that is as it was.

A server says nothing of a version that is yet to come: it waits for it. So before a watch is resumed that was lost,
and did not just end, the present version is asked for, or a server that was restored from a backup would be watched in
silence, perhaps for days.
"""

import asyncio
import math
from typing import Protocol

import structlog

from collectors.kubernetes.api import Api, Expired, Unreadable
from collectors.kubernetes.resources import Key, key_of, number_of
from schemas.kubernetes import Object

log = structlog.get_logger()

_LONGEST_PAUSE_S = 30.0


class Sink(Protocol):
    """Who is told. While it takes its time the watch waits."""

    async def seen(self, found: Object, *, listed: bool) -> None:
        """It is new or has changed. `listed`: as a list says, in no order of time."""
        ...

    async def gone(self, key: Key) -> None: ...

    async def complete(self, version: str) -> None:
        """A list is at its end; `version` is that of all of it."""
        ...


class Following:
    """`version` is where to go on; without one all is listed first."""

    def __init__(self, api: Api, path: str, sink: Sink, retry_s: float, version: str = "") -> None:
        self.path = path
        self.lists = 0
        self.changes = 0
        self.lost_since_s: float | None = -math.inf
        """Since when nothing is heard, of the loop's clock; None while a watch goes on. At first nothing ever was."""
        self._api = api
        self._sink = sink
        self._retry_s = retry_s
        self._version = version
        self._known: dict[Key, tuple[str, str]] = {}
        self._trouble = ""

    async def run(self) -> None:
        """Follow until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 1
        while True:
            began_s, after_s = clock(), 0.0
            try:
                if not self._version:
                    await self._list()
                elif failures:
                    await self._must_be_past()
                await self._watch()
                failures = int(clock() - began_s < self._retry_s)  # One that ends at once must not begin at once.
            except Expired as why:
                log.info("kubernetes_listed_anew", path=self.path, why=str(why))
                self._version = ""
                failures += 1
            except Unreadable as why:
                self._tell(str(why))
                failures, after_s = failures + 1 if self.lost_since_s is not None else 1, why.after_s
            if self.lost_since_s is None:
                self.lost_since_s = clock()
            if failures:
                await asyncio.sleep(min(after_s or self._retry_s * 2 ** min(failures - 1, 16), _LONGEST_PAUSE_S))

    async def _list(self) -> None:
        present = set()
        version = ""
        async for page in self._api.pages(self.path):
            version = str((page.get("metadata") or {}).get("resourceVersion") or "")
            for found in page.get("items") or ():
                present.add(key_of(found))
                await self._seen(found, listed=True)
        for key in [each for each in self._known if each not in present]:
            await self._gone(key)
        self.lists += 1
        self.lost_since_s = asyncio.get_running_loop().time()
        await self._sink.complete(version)
        self._version = version

    async def _must_be_past(self) -> None:
        """Raises `Expired` where the server's versions are behind: another count has begun, in which they mean other
        things."""
        present = await self._api.version(self.path)
        if number_of(present) < number_of(self._version):
            self._known = {key: (uid, "") for key, (uid, _) in self._known.items()}
            raise Expired(f"it was followed up to version {self._version}, and the server is at {present}")

    async def _watch(self) -> None:
        async with self._api.watch(self.path, self._version) as events:
            self.lost_since_s = None
            self._tell("")
            async for event in events:
                found = event["object"]
                if event["type"] == "DELETED":
                    known = self._known.get(key_of(found))
                    if known is not None and known[0] == found["metadata"]["uid"]:
                        await self._gone(key_of(found))
                elif event["type"] != "BOOKMARK":
                    await self._seen(found, listed=False)
                self._version = str(found["metadata"]["resourceVersion"])

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

    def _tell(self, trouble: str) -> None:
        """Once for each new trouble, not once a request."""
        if trouble and trouble != self._trouble:
            log.warning("kubernetes_unreadable", path=self.path, why=trouble)
        elif self._trouble and not trouble:
            log.info("kubernetes_readable_again", path=self.path)
        self._trouble = trouble
