"""The agent role: runs collectors and publishes what they read, each reading once.

Nothing in this module reads a metric or a log. It takes secrets out of events, has them analyzed, keeps what cannot be
sent for a while, sends the newest samples first when the bus is back, and marks the series that ended.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client.metrics_core import Metric

from engine.redaction import Redactor
from engine.runtime import metrics
from engine.runtime.bus import Bus
from engine.runtime.event_log import EventLog
from engine.runtime.publishing import now_ms
from engine.runtime.self_metrics import EVERY_S, SelfMetrics
from engine.runtime.sending import Sender, Watches
from schemas import subjects
from schemas.events import Event
from schemas.plugins import CollectorContext, CollectorSpec, PluginConfig, Reading, Samples

log = structlog.get_logger()


class Analyses(Watches, Protocol):
    """The log analyzers; only an agent that is to have some needs what they are made of."""

    def measured(self) -> Iterator[Metric]: ...


class CollectorEndedError(Exception):
    """A collector stopped yielding; it is declared never to."""


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """One agent: the collectors that it runs for its node. `interval_s` is their default interval, seconds."""

    node: str
    state_dir: Path
    collectors: Mapping[str, PluginConfig]
    interval_s: float = 5.0
    metrics_every_s: float = EVERY_S
    redactor: Redactor | None = None
    """What events are put to before they are sent."""
    analyses: Analyses | None = None
    """What looks at them after that."""


class AgentHost:
    """One agent process. `run` returns only by cancellation or error."""

    def __init__(self, bus: Bus, config: AgentConfig, specs: Mapping[str, CollectorSpec]) -> None:
        self._bus = bus
        self._config = config
        self._specs = {name: specs[name] for name in config.collectors}
        self._senders: list[Sender] = []

    async def run(self) -> None:
        """Run all collectors beside each other."""
        self._config.state_dir.mkdir(parents=True, exist_ok=True)
        log.info("agent_started", node=self._config.node, collectors=sorted(self._specs))
        own = SelfMetrics(self._bus, "agent", self._config.node, self.measured)
        async with asyncio.TaskGroup() as group:
            group.create_task(own.publish(self._config.metrics_every_s))
            for spec in self._specs.values():
                group.create_task(self._collect(spec, group))

    async def _collect(self, spec: CollectorSpec, group: asyncio.TaskGroup) -> None:
        sender = Sender(self._bus, self._config.node, spec.name, group, self._config.analyses)
        self._senders.append(sender)
        taken = metrics.READINGS.labels(collector=spec.name)
        async with aclosing(spec.collect(self._config.collectors[spec.name], self._context())) as readings:
            async for reading in readings:
                taken.inc()
                if isinstance(reading, Samples):
                    metrics.LAST_READING.labels(collector=spec.name).set(reading.time_ms / 1000)
                await sender.put(self._redacted(reading))
        raise CollectorEndedError(spec.name)

    def _redacted(self, reading: Reading) -> Reading:
        redactor = self._config.redactor
        if redactor is None or isinstance(reading, Samples):
            return reading
        event = redactor.redact(reading.event)
        return reading if event is reading.event else replace(reading, event=event)

    def measured(self) -> Iterator[Metric]:
        """What of it stands in some state at this moment, beside what is counted."""
        readings, events = (sender.readings for sender in self._senders), (sender.events for sender in self._senders)
        yield from metrics.outbox(readings=sum(readings), events=sum(events))
        yield metrics.redacted(self._config.redactor.counts if self._config.redactor else {})
        yield from self._config.analyses.measured() if self._config.analyses else ()

    def _context(self) -> CollectorContext:
        config = self._config
        return CollectorContext(config.node, config.state_dir, config.interval_s, now_ms, self._last_event)

    async def _last_event(self, source: str) -> Event | None:
        events = await EventLog(self._bus, subjects.events(self._config.node, source)).open()
        return events[-1] if events else None
