"""The series of all that is followed, ready to be sent: rendered once at each change, in one source for each collection
and namespace.

A namespace is what changes together and is small, so what is sent when one pod changes does not grow with the cluster.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from collectors.series import Metric
from schemas.kubernetes import Key, Object
from schemas.labels import METRIC_NAME, Labels, canonical, shared
from schemas.plugins import Samples

Render = Callable[[Object, Sequence[str]], Iterable[Metric]]


@dataclass(slots=True)
class _Source:
    """What is in one namespace. `series` is made anew only when a series comes or goes: the host knows it by that."""

    rendered: dict[str, tuple[tuple[Labels, ...], tuple[float, ...]]] = field(default_factory=dict)
    series: tuple[Labels, ...] | None = None
    ended: bool = False


class Shelf:
    """The sources of one collection: a sink of `Deltas`. `changed` is set when there is something new to send."""

    def __init__(
        self, plural: str, render: Render, allowed: Sequence[str], common: Mapping[str, str], changed: asyncio.Event
    ) -> None:
        self._plural = plural
        self._render = render
        self._allowed = allowed
        self._common = dict(common)
        self._changed = changed
        self._sources: dict[str, _Source] = {}
        self._new: dict[str, None] = {}
        self.complete_once = False

    async def seen(self, found: Object, *, listed: bool) -> None:  # noqa: ARG002 - as it is, whenever that was
        meta = found["metadata"]
        values = {}
        for name, pairs, value in self._render(found, self._allowed):
            values[canonical({**self._common, **dict(pairs), METRIC_NAME: name})] = value
        namespace, name = str(meta.get("namespace", "")), str(meta["name"])
        source = self._sources.setdefault(namespace, _Source())
        before = source.rendered.get(name)
        series = tuple(values)
        if before is None or before[0] != series:
            series = tuple(map(shared, series))
            source.series = None
        else:
            series = before[0]
        source.rendered[name] = series, tuple(values.values())
        self._note(namespace)

    async def gone(self, key: Key) -> None:
        namespace, name = key
        source = self._sources[namespace]
        if source.rendered.pop(name, None) is not None:
            source.series = None
            self._note(namespace)

    async def complete(self, version: str) -> None:  # noqa: ARG002 - as above
        self.complete_once = True
        self._changed.set()

    def _note(self, namespace: str) -> None:
        self._new[namespace] = None
        self._changed.set()

    def readings(self, time_ms: int, *, all_of_it: bool) -> Iterator[Samples]:
        """What has changed since, or all that there is."""
        if not self.complete_once:
            return
        for namespace in list(self._sources if all_of_it else self._new):
            self._new.pop(namespace, None)
            source = self._sources.get(namespace)
            if source is None:  # It has ended while others were sent.
                continue
            if source.series is None:
                source.series = tuple(chain.from_iterable(series for series, _ in source.rendered.values()))
            values = tuple(chain.from_iterable(values for _, values in source.rendered.values()))
            source.ended = False
            yield Samples(time_ms, source.series, values, self._name(namespace))
            if not source.rendered:  # That was its end.
                self._sources.pop(namespace, None)

    def ends(self, time_ms: int) -> Iterator[Samples]:
        """The end of all series, once, for it is not known any more whether they hold."""
        for namespace, source in list(self._sources.items()):
            if not source.ended:
                source.ended = True
                yield Samples(time_ms, (), (), self._name(namespace))

    def _name(self, namespace: str) -> str:
        return f"kubernetes:{self._plural}:{namespace}" if namespace else f"kubernetes:{self._plural}"
