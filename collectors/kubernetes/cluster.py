"""One cluster, followed: all collections and Events beside each other, and their readings in the order of time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from collectors.grid import Grid
from collectors.kubernetes.batch import cron_job, job
from collectors.kubernetes.board import Render, Shelf
from collectors.kubernetes.config import KubernetesConfig, common
from collectors.kubernetes.deltas import Deltas
from collectors.kubernetes.events import EventSink, source_of
from collectors.kubernetes.nodes import node
from collectors.kubernetes.pods import pod
from collectors.kubernetes.policies import autoscaler, budget
from collectors.kubernetes.resources import EVENTS, MEASURED
from collectors.kubernetes.workloads import daemon_set, deployment, replica_set, stateful_set
from collectors.series import Metric, SeriesCache
from schemas.cluster.api import Reader
from schemas.cluster.reflector import Reflector
from schemas.kubernetes import Resource
from schemas.plugins import CollectorContext, Reading, Samples

_AHEAD_MS = 1000
"""So far readings may be ahead of the clock; where it was set back by more, it is followed."""
_MOST_WAITING = 64
"""Readings that the host has not taken; a watch waits for room."""

RENDERED: Mapping[str, Render] = {
    "pods": pod,
    "nodes": node,
    "deployments": deployment,
    "replicasets": replica_set,
    "statefulsets": stateful_set,
    "daemonsets": daemon_set,
    "jobs": job,
    "cronjobs": cron_job,
    "horizontalpodautoscalers": autoscaler,
    "poddisruptionbudgets": budget,
}


class _Followed(NamedTuple):
    """One collection: what keeps it in step, and what tells of it."""

    deltas: Deltas
    reflector: Reflector


class ClusterFollower:
    """Puts what there is to read into `readings`; `run` returns only by cancellation or error."""

    def __init__(self, api: Reader, config: KubernetesConfig, context: CollectorContext) -> None:
        self.readings: asyncio.Queue[Reading] = asyncio.Queue(_MOST_WAITING)
        self._api = api
        self._config = config
        self._context = context
        self._changed = asyncio.Event()
        self._common = common(config, context.node)
        self._measured: list[tuple[Shelf, _Followed]] = []
        self._told: list[_Followed] = []
        self._series = SeriesCache(self._common)
        self._told_ms = 0
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        for plural in dict.fromkeys(self._config.resources):
            resource = MEASURED[plural]
            for namespace in self._namespaces(resource):
                allowed = self._config.metric_labels_allowlist.get(plural, ())
                shelf = Shelf(plural, RENDERED[plural], allowed, self._common, self._changed)
                self._measured.append((shelf, self._followed(resource.path(namespace), shelf)))
        if self._config.events:
            for namespace in self._namespaces(EVENTS):
                self._told.append(await self._events(namespace))
        async with asyncio.TaskGroup() as group:
            for each in self._all():
                group.create_task(each.reflector.run())
            group.create_task(self._steadily())
            group.create_task(self._promptly())

    def _namespaces(self, resource: Resource) -> Sequence[str]:
        return (self._config.namespaces if resource.namespaced else ()) or ("",)

    def _followed(self, path: str, sink: Shelf | EventSink, version: str = "") -> _Followed:
        deltas = Deltas(sink)
        return _Followed(deltas, Reflector(self._api, path, deltas, self._config.retry_s, version))

    def _all(self) -> list[_Followed]:
        return [*(each for _, each in self._measured), *self._told]

    async def _events(self, namespace: str) -> _Followed:
        """From after the last event that is on the bus."""
        source = source_of(namespace)
        last = await self._context.last_event(source)
        version = last.file if last and last.file and last.file.isdigit() else ""
        sink = EventSink(self.readings, source, self._config.labels, int(version) if version else None)
        return self._followed(EVENTS.path(namespace), sink, version)

    async def _steadily(self) -> None:
        """All that there is, on every moment of the grid."""
        grid = Grid(self._config.interval_s or self._context.interval_s)
        while True:
            await grid.tick()
            await self._send(all_of_it=True)
            await self.readings.put(self._series.samples(self._context.now_ms(), list(self._about())))

    async def _promptly(self) -> None:
        """What has changed, and with it what changes meanwhile."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._config.quiet_s)
            self._changed.clear()
            await self._send(all_of_it=False)

    async def _send(self, *, all_of_it: bool) -> None:
        async with self._sending:  # while there is no room for one, none of a later time may go before it
            for shelf, followed in self._measured:
                time_ms = self._time_ms()
                known = self._is_known(followed.reflector)
                made: Iterator[Samples] = shelf.readings(time_ms, all_of_it=all_of_it) if known else shelf.ends(time_ms)
                for samples in made:
                    await self.readings.put(samples)

    def _time_ms(self) -> int:
        """Now, and later than what was told before: of two samples of a moment the first stays, so what had ended with
        the second would go on."""
        now_ms = self._context.now_ms()
        self._told_ms = self._told_ms + 1 if 0 <= self._told_ms - now_ms < _AHEAD_MS else now_ms
        return self._told_ms

    def _is_known(self, reflector: Reflector) -> bool:
        """Whether what it said last may still be taken for what is."""
        since_s = reflector.lost_since_s
        return since_s is None or asyncio.get_running_loop().time() - since_s < self._config.lost_s

    def _about(self) -> Iterator[Metric]:
        yield "up", (), float(all(self._is_known(each.reflector) for each in self._all()))
        for deltas, reflector in self._all():
            pairs = (("path", reflector.path),)
            yield "reflexarc_kubernetes_watching", pairs, float(reflector.lost_since_s is None)
            yield "reflexarc_kubernetes_lists_total", pairs, float(reflector.lists)
            yield "reflexarc_kubernetes_changes_total", pairs, float(deltas.changes)
