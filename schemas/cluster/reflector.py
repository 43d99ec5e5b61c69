"""A reflector: keeps a store in step with one collection. It lists once, watches from there, and resumes where a watch
ended.

A watch that is lost goes on after the last version that it told of, a bookmark's too; only when the server has
forgotten that version is all listed anew. What that says of what was known is the store's to tell.

A server says nothing of a version that is yet to come: it waits for it. So before a watch is resumed that was lost,
and did not just end, the present version is asked for, or a server that was restored from a backup would be watched in
silence, perhaps for days.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Protocol

import structlog

from schemas.cluster.api import Reader, RequestFailed, Unanswered
from schemas.kubernetes import Object, is_list, number_of, version_of

log = structlog.get_logger()

_PAGE = "500"
_GONE = 410
_SHOWN = 200
_LONGEST_PAUSE_S = 30.0
_GOOD_S = 1.0
"""A watch that went on for so long, or told of anything, was a good one: when it breaks, as by a proxy that cuts what
is silent, that is the first failure and not one more."""


class Store(Protocol):
    """What is kept in step, by what lists and watches tell. While it takes its time the reflector waits."""

    async def replace(self, listed: AsyncIterator[Object], version: str) -> None:
        """These are all objects, in no order of time; `version` is that of the list. Where the list fails half way that
        comes from the iterator, and another follows."""
        ...

    async def update(self, found: Object) -> None:
        """It is new or has changed."""
        ...

    async def delete(self, found: Object) -> None:
        """It is gone, and was like this at last."""
        ...

    def restored(self) -> None:
        """The server was, from a backup: its versions are behind those that were told, which come again and mean other
        things. A list follows."""
        ...


class Reflector:
    """`version` is where to go on; without one all is listed first. The first failed request is tried again after
    `retry_s`, and then less and less often, or when the server says."""

    def __init__(self, api: Reader, path: str, store: Store, retry_s: float, version: str = "") -> None:
        self.path = path
        self.version = version
        self.lists = 0
        self.lost_since_s: float | None = -math.inf
        """Since when nothing is heard, of the loop's clock; None while a watch goes on. At first nothing ever was."""
        self._api = api
        self._store = store
        self._retry_s = retry_s
        self._resumable = bool(version)
        """Whether the server is taken to know `version` still, so that nothing need be listed."""
        self._in_doubt = True
        """Whether it may be behind `version`: a watch was lost, or there was none yet."""
        self._failures = 0
        self._trouble = ""

    async def run(self) -> None:
        """Keep in step until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            began_s, after_s = clock(), 0.0
            try:
                await self._list_and_watch()
                self._in_doubt = clock() - began_s < self._retry_s  # One that ends at once must not begin at once.
                self._failures = int(self._in_doubt)
            except RequestFailed as error:
                self._in_doubt = True
                self._failures += 1
                after_s = error.retry_after_s
                if error.code == _GONE:
                    self._list_anew(str(error))
                else:
                    self._tell(str(error))
            if self._failures:
                await asyncio.sleep(min(after_s or self._retry_s * 2 ** min(self._failures - 1, 16), _LONGEST_PAUSE_S))

    async def _list_and_watch(self) -> None:
        if self._resumable and self._in_doubt and self._is_behind(present := await self._page(limit="1")):
            self._list_anew(f"it was followed up to version {self.version}, and the server is at {version_of(present)}")
        if not self._resumable:
            await self._list()
        await self._watch()

    def _is_behind(self, page: Object) -> bool:
        """Whether another count of versions has begun."""
        return version_of(page) < number_of(self.version)

    async def _list(self) -> None:
        first = await self._page(limit=_PAGE)
        if self._is_behind(first):
            self._store.restored()
        self.version = str(first["metadata"]["resourceVersion"])
        await self._store.replace(self._items(first), self.version)
        self._resumable = True

    async def _items(self, page: Object) -> AsyncIterator[Object]:
        """Of all pages of a list, which are of one moment, from the first on."""
        while True:
            for found in page.get("items") or ():
                yield found
            rest = str(page["metadata"].get("continue") or "")
            if not rest:
                break
            page = await self._page(limit=_PAGE, **{"continue": rest})
        self.lists += 1
        self.lost_since_s = asyncio.get_running_loop().time()

    async def _page(self, **query: str) -> Object:
        page = await self._api.get(self.path, **query)
        if not is_list(page):
            raise Unanswered(f"no list of objects: {str(page)[:_SHOWN]}")
        return page

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        async with self._api.watch(self.path, self.version) as events:
            began_s, self.lost_since_s = clock(), None
            self._tell("")
            try:
                async for event in events:
                    await self._apply(event)
                    self._failures = 0
            finally:
                self.lost_since_s = clock()
                if self.lost_since_s - began_s > _GOOD_S:
                    self._failures = 0

    async def _apply(self, event: Object) -> None:
        found = event["object"]
        match event["type"]:
            case "BOOKMARK":
                pass
            case "DELETED":
                await self._store.delete(found)
            case _:
                await self._store.update(found)
        self.version = str(found["metadata"]["resourceVersion"])

    def _list_anew(self, why: str) -> None:
        log.info("kubernetes_listed_anew", path=self.path, why=why)
        self._resumable = False

    def _tell(self, trouble: str) -> None:
        """Once for each new trouble, not once a request."""
        if trouble and trouble != self._trouble:
            log.warning("kubernetes_unreadable", path=self.path, why=trouble)
        elif self._trouble and not trouble:
            log.info("kubernetes_readable_again", path=self.path)
        self._trouble = trouble
