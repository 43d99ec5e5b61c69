"""Kubernetes' Events as events: each change of one is an event, once, through restarts of the agent too.

Where reading stands is nowhere stored but in the events themselves, whose `file` is the version of the cluster at which
they happened. A collector that starts goes on after its own last event in the journal; where the server has forgotten
that version, it lists what there is and tells what is newer.
"""

import asyncio
from collections.abc import Mapping

from schemas.events import Event
from schemas.kubernetes import Key, Object, last_seen, number_of, version_of
from schemas.plugins import Occurrence, Reading

SOURCE = "kubernetes"
_NOT_KEPT = ("managedFields",)


def source_of(namespace: str) -> str:
    """Of the Events of one namespace, or of all."""
    return f"{SOURCE}:{namespace}" if namespace else SOURCE


class EventSink:
    """A sink of `Deltas`. With `after` None, what a first list holds is from before and is not told."""

    def __init__(
        self, queue: asyncio.Queue[Reading], source: str, labels: Mapping[str, str], after: int | None
    ) -> None:
        self._queue = queue
        self._source = source
        self._labels = dict(labels)
        self._after = after
        self._listed: list[Object] = []

    async def seen(self, found: Object, *, listed: bool) -> None:
        if listed:
            self._listed.append(found)
        else:
            await self._emit(found)

    async def gone(self, key: Key) -> None:
        """That it is forgotten after an hour is nothing to tell."""

    async def complete(self, version: str) -> None:
        listed, self._listed = sorted(self._listed, key=version_of), []
        now = number_of(version)
        if self._after is None or now < self._after:  # Another cluster, or one that was restored, counts anew.
            self._after = now
        for found in listed:
            await self._emit(found)

    async def _emit(self, found: Object) -> None:
        version = version_of(found)
        if self._after is None or version > self._after:
            self._after = version
            await self._queue.put(Occurrence(self._source, event_of(found, self._labels)))


def event_of(found: Object, labels: Mapping[str, str]) -> Event:
    """Its fields stay under their own names. Beside them stand `labels` and, as metrics have it, what it is about:
    `namespace`, and `pod`, `node` or whatever it is.
    """
    meta = {name: value for name, value in found["metadata"].items() if name not in _NOT_KEPT}
    about = found.get("involvedObject") or {}
    kind = str(found.get("type") or "Normal").lower()
    return Event(
        id=f"{meta['uid']}:{meta['resourceVersion']}",
        source=f"kubernetes/{about.get('namespace') or 'cluster'}",
        type=f"kubernetes.event.{kind}",
        time=last_seen(found),
        subject=_subject(about),
        data={
            **labels,
            **_named(about),
            **{name: value for name, value in found.items() if name != "metadata"},
            "metadata": meta,
        },
        file=str(meta["resourceVersion"]),
        product="kubernetes",
        service="event",
    )


def _named(about: Object) -> dict[str, str]:
    kind = str(about.get("kind") or "").lower()
    named = {"namespace": about.get("namespace"), "job_name" if kind == "job" else kind: about.get("name")}
    return {label: str(value) for label, value in named.items() if label and value}


def _subject(about: Object) -> str | None:
    """As a target of an actuator is named: `pod:shop/web-1`."""
    if not about.get("name"):
        return None
    name = f"{about['namespace']}/{about['name']}" if about.get("namespace") else about["name"]
    return f"{str(about.get('kind', '')).lower()}:{name}"
