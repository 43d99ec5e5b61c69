"""What there is in the cluster, kept in step by watches: listed once, followed from there, and resumed where a
watch ended.

A watch that is lost goes on after the last version that it told of; only when the server has forgotten that version is
all listed anew. What a command has just read or changed is known at once, and older news of it does not undo that.

Of a version that is yet to come a server says nothing, but waits for it. So before a watch is resumed that was lost,
and did not just end, the present version is asked for: a server that was restored from a backup is behind.
"""

import asyncio
from collections.abc import Callable

import structlog

from actuators.kubernetes.api import Api, ApiError, Unanswered, Unreached
from actuators.kubernetes.resources import REPLICA_SETS, REVISIONS
from actuators.kubernetes.revisions import STAMP, stamp
from schemas.kubernetes import Object, Resource, is_event

log = structlog.get_logger()

_GONE = 410
_PAGE = "500"
_WATCH_S = 120
"""After which a watch is ended and resumed. A connection that died without a word is noticed `_SLACK_S` later."""
_SLACK_S = 10.0
_LONGEST_PAUSE_S = 30.0
_NOT_KEPT = (
    ("metadata", "managedFields"),
    ("spec", "template"),
    ("spec", "containers"),
    ("spec", "initContainers"),
    ("spec", "volumes"),
    ("status", "containerStatuses"),
    ("status", "images"),
    ("data",),
)
"""Large, and not needed to know what there is."""


class Expired(Exception):
    """The server has forgotten the version that was to be followed from, or never had it, as after it was restored."""


class Watched:
    """The objects of one collection by (namespace, name). `changed` is called after each change of them."""

    def __init__(
        self, api: Api, resource: Resource, namespace: str, changed: Callable[[], None], retry_s: float
    ) -> None:
        self.resource = resource
        self.objects: dict[tuple[str, str], Object] = {}
        self.synced = asyncio.Event()
        self._api = api
        self._namespace = namespace
        self._path = resource.path(namespace)
        self._changed = changed
        self._retry_s = retry_s
        self._version = ""

    def covers(self, namespace: str) -> bool:
        """Whether objects of the namespace are among them."""
        return self._namespace in ("", namespace)

    async def run(self) -> None:
        """Keep in step until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            began_s, after_s = clock(), 0.0
            try:
                if not self._version:
                    await self._list()
                elif failures:
                    await self._must_be_past()
                await self._follow()
                failures = int(clock() - began_s < self._retry_s)  # One that ends at once must not begin at once.
            except Expired:
                self._version = ""
                failures += 1
            except (ApiError, Unanswered, Unreached) as error:
                failures += 1
                after_s = error.retry_after_s if isinstance(error, ApiError) else 0.0
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("watch_failed", path=self._path, error=str(error), failures=failures)
            if failures:
                await asyncio.sleep(min(_LONGEST_PAUSE_S, after_s or self._retry_s * 2 ** min(failures, 12)))

    def take(self, found: Object) -> None:
        """The object as it was just read or told of, unless a newer one is known."""
        key = _key(found)
        known = self.objects.get(key)
        if known is None or _version(known) <= _version(found):
            self.objects[key] = _trimmed(self.resource, found)
            self._changed()

    def forget(self, namespace: str, name: str) -> None:
        """There is no such object."""
        if self.objects.pop((namespace, name), None) is not None:
            self._changed()

    async def _list(self) -> None:
        found: dict[tuple[str, str], Object] = {}
        rest = ""
        while True:
            page = await self._api.get(self._path, limit=_PAGE, **({"continue": rest} if rest else {}))
            found |= {_key(each): _trimmed(self.resource, each) for each in page.get("items") or ()}
            meta = page.get("metadata") or {}
            rest = meta.get("continue") or ""
            if not rest:
                break
        self.objects.clear()
        self.objects.update(found)
        self._version = str(meta.get("resourceVersion") or "")
        self.synced.set()
        self._changed()

    async def _must_be_past(self) -> None:
        """Raises `Expired` where the server's versions are behind."""
        page = await self._api.get(self._path, limit="1")
        if _version(page) < _number(self._version):
            raise Expired

    async def _follow(self) -> None:
        about = {"resourceVersion": self._version, "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_S)}
        try:
            async with self._api.watch(self._path, _WATCH_S + _SLACK_S, **about) as events:
                async for event in events:
                    self._apply(event)
        except ApiError as error:
            if error.code == _GONE:
                raise Expired from error
            raise

    def _apply(self, event: Object) -> None:
        told = event.get("object")
        found: Object = told if isinstance(told, dict) else {}
        if event.get("type") == "ERROR" and found.get("code") == _GONE:
            raise Expired
        if event.get("type") == "ERROR" or not is_event(event):
            raise Unanswered(str(found.get("message", "the watch has failed")))
        match event["type"]:
            case "BOOKMARK":
                pass
            case "DELETED":
                known = self.objects.get(_key(found))
                if known is None or known["metadata"]["uid"] == found["metadata"]["uid"]:
                    self.forget(*_key(found))
            case _:
                self.take(found)
        self._version = found["metadata"]["resourceVersion"]


def _key(found: Object) -> tuple[str, str]:
    meta = found["metadata"]
    return str(meta.get("namespace", "")), str(meta["name"])


def _version(found: Object) -> int:
    return _number(str(found["metadata"].get("resourceVersion", "")))


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def _trimmed(resource: Resource, found: Object) -> Object:
    """A copy without what is large; what it was made of may still be needed whole."""
    kept = {name: dict(part) if isinstance(part, dict) else part for name, part in found.items()}
    if resource in (REPLICA_SETS, REVISIONS):
        kept[STAMP] = stamp(found)
    for *within, name in _NOT_KEPT:
        part = kept.get(within[0]) if within else kept
        if part:
            part.pop(name, None)
    return kept
