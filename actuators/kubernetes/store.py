"""What there is of one collection of the cluster, for the inventory: a store that a reflector keeps in step.

What a command has just read or changed is known at once, and older news of it does not undo that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from actuators.kubernetes.resources import REPLICA_SETS, REVISIONS
from actuators.kubernetes.revisions import STAMP, stamp
from schemas.kubernetes import Key, Object, Resource, key_of, number_of, version_of

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


class Store:
    """See `schemas.cluster.reflector.Store`. `changed` is called after each change of the objects."""

    def __init__(self, resource: Resource, namespace: str, changed: Callable[[], None]) -> None:
        self.resource = resource
        self.path = resource.path(namespace)
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._namespace = namespace
        self._changed = changed

    def covers(self, namespace: str) -> bool:
        """Whether objects of the namespace are among them."""
        return self._namespace in ("", namespace)

    def take(self, found: Object) -> None:
        """The object as it was just read or told of, unless a newer one is known."""
        key = key_of(found)
        known = self.objects.get(key)
        if known is None or version_of(known) <= version_of(found):
            self.objects[key] = _trimmed(self.resource, found)
            self._changed()

    def forget(self, key: Key) -> None:
        """There is no such object."""
        if self.objects.pop(key, None) is not None:
            self._changed()

    # --- as the reflector tells ---

    async def replace(self, listed: AsyncIterator[Object], version: str) -> None:
        found = {key_of(each): _trimmed(self.resource, each) async for each in listed}
        newer = {key: each for key, each in self.objects.items() if version_of(each) > number_of(version)}
        self.objects = found | newer
        self.synced.set()
        self._changed()

    async def update(self, found: Object) -> None:
        self.take(found)

    async def delete(self, found: Object) -> None:
        known = self.objects.get(key_of(found))
        if known is not None and known["metadata"]["uid"] == found["metadata"]["uid"]:
            self.forget(key_of(found))

    def restored(self) -> None:
        for each in self.objects.values():
            each["metadata"]["resourceVersion"] = ""


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
