"""One cluster, followed: all collections and Events beside each other, and their readings in the order of time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from collectors.grid import Grid
from collectors.kubernetes.api import Api
from collectors.kubernetes.batch import cron_job, job
from collectors.kubernetes.board import Render, Shelf
from collectors.kubernetes.config import KubernetesConfig, common
from collectors.kubernetes.events import EventSink, source_of
from collectors.kubernetes.following import Following
from collectors.kubernetes.nodes import node
from collectors.kubernetes.pods import pod
from collectors.kubernetes.policies import autoscaler, budget
from collectors.kubernetes.resources import EVENTS, MEASURED
from collectors.kubernetes.workloads import daemon_set, deployment, replica_set, stateful_set
from collectors.series import Metric, SeriesCache
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


class ClusterFollower:
    """Puts what there is to read into `readings`; `run` returns only by cancellation or error."""

    def __init__(self, api: Api, config: KubernetesConfig, context: CollectorContext) -> None:
        self.readings: asyncio.Queue[Reading] = asyncio.Queue(_MOST_WAITING)
        self._api = api
        self._config = config
        self._context = context
        self._changed = asyncio.Event()
        self._common = common(config, context.node)
        self._followed: list[tuple[Shelf, Following]] = []
        self._told: list[Following] = []
        self._series = SeriesCache(self._common)
        self._told_ms = 0

    async def run(self) -> None:
        for plural in dict.fromkeys(self._config.resources):
            resource = MEASURED[plural]
            for namespace in self._namespaces(resource):
                allowed = self._config.metric_labels_allowlist.get(plural, ())
                shelf = Shelf(plural, RENDERED[plural], allowed, self._common, self._changed)
                self._followed.append((shelf, self._following(resource.path(namespace), shelf)))
        if self._config.events:
            for namespace in self._namespaces(EVENTS):
                self._told.append(await self._events(namespace))
        async with asyncio.TaskGroup() as group:
            for following in (*(each for _, each in self._followed), *self._told):
                group.create_task(following.run())
            group.create_task(self._steadily())
            group.create_task(self._promptly())

    def _namespaces(self, resource: Resource) -> Sequence[str]:
        return (self._config.namespaces if resource.namespaced else ()) or ("",)

    def _following(self, path: str, sink: Shelf | EventSink, version: str = "") -> Following:
        return Following(self._api, path, sink, self._config.retry_s, version)

    async def _events(self, namespace: str) -> Following:
        """From after the last event that is on the bus."""
        source = source_of(namespace)
        last = await self._context.last_event(source)
        version = last.file if last and last.file and last.file.isdigit() else ""
        sink = EventSink(self.readings, source, self._config.labels, int(version) if version else None)
        return self._following(EVENTS.path(namespace), sink, version)

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
        for shelf, following in self._followed:
            time_ms = self._time_ms()
            known = self._is_known(following)
            made: Iterator[Samples] = shelf.readings(time_ms, all_of_it=all_of_it) if known else shelf.ends(time_ms)
            for samples in made:
                await self.readings.put(samples)

    def _time_ms(self) -> int:
        """Now, and later than what was told before: of two samples of a moment the first stays, so what had ended with
        the second would go on."""
        now_ms = self._context.now_ms()
        self._told_ms = self._told_ms + 1 if 0 <= self._told_ms - now_ms < _AHEAD_MS else now_ms
        return self._told_ms

    def _is_known(self, following: Following) -> bool:
        """Whether what it said last may still be taken for what is."""
        since_s = following.lost_since_s
        return since_s is None or asyncio.get_running_loop().time() - since_s < self._config.lost_s

    def _about(self) -> Iterator[Metric]:
        every = [*(each for _, each in self._followed), *self._told]
        yield "up", (), float(all(map(self._is_known, every)))
        for each in every:
            pairs = (("path", each.path),)
            yield "reflexarc_kubernetes_watching", pairs, float(each.lost_since_s is None)
            yield "reflexarc_kubernetes_lists_total", pairs, float(each.lists)
            yield "reflexarc_kubernetes_changes_total", pairs, float(each.changes)
