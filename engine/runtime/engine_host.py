"""The engine role: reads the journal, steps the core, commits what follows. All I/O of the core's life is here.

Nothing in this module decides. It holds the lease, recovers, and then runs a few loops beside the reader: ticks, the
lease, rule files, snapshots, answers to live questions, and the HTTP API.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client.metrics_core import Metric

from engine.api import Address, Desk, Source, application, listen, serve, url_of
from engine.core.effects import Rejected
from engine.core.messages import Activation
from engine.core.program import Settings
from engine.core.state import State
from engine.core.step import step
from engine.forked import ChildFailedError
from engine.runtime import metrics
from engine.runtime.bus import Bus
from engine.runtime.commit import Committer
from engine.runtime.dead import bury
from engine.runtime.decoding import decoded
from engine.runtime.engine_metrics import measured
from engine.runtime.journal import read
from engine.runtime.keys import KeyFile
from engine.runtime.lease import LeaseKeeper
from engine.runtime.live import LiveView
from engine.runtime.lookup import stream_state
from engine.runtime.publishing import now_ms
from engine.runtime.received import Received
from engine.runtime.recovery import SnapshotHead, recover
from engine.runtime.registry import actuators, verbs
from engine.runtime.rule_source import RuleSource
from engine.runtime.self_metrics import EVERY_S, SelfMetrics
from engine.runtime.snapshots import SnapshotTaker
from engine.runtime.ticker import Ticker
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.events import Events

log = structlog.get_logger()

SNAPSHOT_CHECK_S = 1.0
"""How often it is asked whether a snapshot is due."""

TURN_S = 0.005
"""After so long all else has its turn, be there more messages or not."""


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """One engine, on `node`. `name` must be unique among engines that run at the same time; times in seconds.
    `signing_key` is the file of the key that its commands are signed with. Without `listen` there is no HTTP API.
    """

    name: str
    node: str
    rules: Sequence[Path]
    state_dir: Path
    signing_key: Path
    shard: str = "0"
    listen: Address | None = None
    settings: Settings = field(default_factory=Settings)
    tick_s: float = 1.0
    snapshot_every_s: float = 600.0
    replay_s: float = 1.0
    """A snapshot is taken as soon as what came since the last one would take so long to apply again."""
    snapshots_kept: int = 3
    metrics_every_s: float = EVERY_S


class EngineHost:
    """One engine process. `run` returns only by cancellation or error."""

    def __init__(self, bus: Bus, config: EngineConfig) -> None:
        self._bus = bus
        self._config = config
        self._state = State()
        self._caught_up = asyncio.Event()
        self._replay_s = 0.0

    async def run(self) -> None:
        """Take the lease, recover, and go on where the last engine ended.

        Raises `ListenError` and `KeyFileError`, among others.
        """
        config = self._config
        key = KeyFile(config.signing_key)
        lease = LeaseKeeper(self._bus, "leases", f"engine.{config.shard}", config.name, now_ms)
        epoch = await lease.take()
        recovered = await recover(self._bus, config.shard)
        self._state = recovered.state
        committer = Committer(
            self._bus,
            shard=config.shard,
            engine=config.name,
            epoch=epoch,
            key=key,
            mark=recovered.mark,
            recorded=recovered.recorded,
        )
        rules = RuleSource(
            self._bus, config.rules, verbs(actuators()), config.settings, by=config.name, cache_dir=config.state_dir
        )
        ticker = Ticker(self._bus, config.shard, int(config.tick_s * 1000), self._state.timers.next_ms)
        own = SelfMetrics(self._bus, "engine", config.node, lambda: self._measured(rules, epoch))
        desk = Desk()
        backlog_seq = (await stream_state(self._bus, subjects.JOURNAL)).last_seq
        with listen(config.listen) if config.listen else nullcontext() as listening:
            url = url_of(listening) if listening else None
            live = LiveView(self._bus, lambda: self._state, rules, desk, key, name=config.name, epoch=epoch, url=url)
            log.info(
                "engine_started",
                name=config.name,
                epoch=epoch,
                key=key.current().id,
                from_seq=self._state.seq,
                to_seq=backlog_seq,
                url=url,
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(lease.keep())
                group.create_task(committer.run())
                group.create_task(ticker.run())
                group.create_task(self._snapshot(committer))
                group.create_task(self._rules(rules))
                group.create_task(live.run())
                group.create_task(own.publish(config.metrics_every_s))
                if listening:
                    group.create_task(serve(application(self._source(), desk), listening))
                group.create_task(self._read(committer, ticker, backlog_seq))

    def _source(self) -> Source:
        return Source(
            state=lambda: self._state,
            now_ms=now_ms,
            ready=self._caught_up.is_set,
            metadata=lambda: self._state.metadata,
        )

    def _measured(self, rules: RuleSource, epoch: int) -> Iterator[Metric]:
        return measured(
            self._state, refused=len(rules.errors), left_out=len(rules.left_out), epoch=epoch, now_ms=now_ms()
        )

    async def _read(self, committer: Committer, ticker: Ticker, backlog_seq: int) -> None:
        if self._state.seq >= backlog_seq:
            self._caught_up.set()
        async for batch in read(self._bus, subjects.JOURNAL, start_seq=self._state.seq + 1):
            turned_s = time.monotonic()
            for received in batch:
                await self._apply(received, committer)
                if time.monotonic() - turned_s > TURN_S:  # a batch of many events must not hold up what follows from it
                    await asyncio.sleep(0)
                    turned_s = time.monotonic()
            ticker.stepped()
            if batch[-1].seq >= backlog_seq:
                self._caught_up.set()

    async def _apply(self, received: Received, committer: Committer) -> None:
        began_s = time.process_time()
        message = await decoded(self._bus, received, self._state)
        effects = step(self._state, message)
        self._replay_s += time.process_time() - began_s
        if isinstance(message.body, Activation):
            self._replay_s = math.inf  # the past that it looked back on will not be in the journal for ever
        metrics.MESSAGES.labels(kind=received.subject.split(".")[1]).inc()
        new = received.seq > committer.mark.seq  # what is replayed was buried, and counted, before
        # Nothing may come between the step and its commit: a snapshot waits for what was handed over before it.
        await committer.commit(received.seq, received.time_ms, effects)
        if new and isinstance(message.body, Events) and message.body.refused:  # the others of its events were applied
            reason = "; ".join(message.body.refused)
            await bury(self._bus, subjects.JOURNAL, received.seq, received.subject, received.data, reason)
        for effect in effects:
            if new and isinstance(effect, Rejected):
                await bury(self._bus, subjects.JOURNAL, received.seq, received.subject, received.data, effect.reason)
            elif new and isinstance(effect, AuditEntry) and effect.kind == "decision":
                metrics.DECISIONS.labels(reason=effect.reason).inc()
                if not (effect.rule or effect.alert or effect.target):  # `why` finds what has an id; nobody this
                    log.warning("engine_noticed", reason=effect.reason, detail=effect.detail)

    async def _snapshot(self, committer: Committer) -> None:
        config = self._config
        taker = SnapshotTaker(self._bus, config.state_dir, config.snapshots_kept)
        taken_seq, taken_s = self._state.seq, time.monotonic()
        while True:
            await asyncio.sleep(min(config.snapshot_every_s, SNAPSHOT_CHECK_S))
            is_old = time.monotonic() - taken_s >= config.snapshot_every_s
            if self._state.seq == taken_seq or not (is_old or self._replay_s >= config.replay_s):
                continue
            taken_seq, taken_s, self._replay_s = self._state.seq, time.monotonic(), 0.0
            head = SnapshotHead(shard=config.shard, seq=taken_seq, audit_seq=committer.mark.stream_seq)
            try:
                await taker.take(self._state, head, committer.committed)
            except (ChildFailedError, OSError) as error:
                metrics.SNAPSHOT_FAILURES.inc()
                log.error("snapshot_failed", error=str(error))

    async def _rules(self, rules: RuleSource) -> None:
        """Activate the rules of the files once the journal's own activations are known, and then every good edit."""
        await self._caught_up.wait()
        await rules.activate(self._state.program)
        await rules.watch()
