"""The live clock: the samples are messages that `engine.core.step` takes in one by one, and ticks come between them.

Time jumps from one thing that happens to the next, so a day takes no longer than what happens in it.
"""

import heapq
from collections.abc import Iterator, Sequence

from engine.core.effects import Rejected
from engine.core.messages import Activation, Body, Message
from engine.core.program import Program
from engine.core.state import State
from engine.core.step import step
from engine.ruletest.cases import Failure, check_alerts, check_expr
from engine.ruletest.commands import check_commands
from engine.ruletest.events import Arrivals
from engine.ruletest.model import AlertCase, CommandCase, ExprCase, UnitTestFile, UnitTestGroup
from engine.ruletest.plant import Plant, mistakes
from engine.ruletest.plays import People, check_runs, unplayable
from engine.ruletest.samples import Scrape, Scrapes, keep_everything
from schemas.audit import AuditEntry
from schemas.commands import Command
from schemas.control import Activate, Tick
from schemas.durations import duration
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values

Case = AlertCase | ExprCase | CommandCase

PUBLISHED_EVERY_MS = 60_000


def check(
    program: Program, file: UnitTestFile, group: UnitTestGroup, *, only_commands: bool = False
) -> Iterator[Failure]:
    """Every case of the group that fails, each checked when its time has come."""
    lists: Sequence[Sequence[Case]] = (group.alert_rule_test, group.promql_expr_test, group.command_test)
    numbered = [(nth, case) for cases in lists[2 if only_commands else 0 :] for nth, case in enumerate(cases)]
    if not numbered:
        return
    if wrong := [*mistakes(group, program.verbs), *unplayable(group, program)]:
        yield from wrong
        return
    clock = _Clock(program, file, group)
    for nth, case in sorted(numbered, key=lambda each: each[1].eval_time_ms):
        clock.advance(group.start_ms + case.eval_time_ms)
        if clock.errors:
            yield from clock.errors
            return
        match case:
            case AlertCase():
                yield from check_alerts(clock.state, nth, case, worded=not group.input_events)
            case ExprCase():
                yield from check_expr(clock.state, group.start_ms, nth, case, fuzzy=file.fuzzy_compare)
            case CommandCase():
                yield from check_commands(nth, case, *clock.news())
                yield from check_runs(clock.state, nth, case)


class _Clock:
    """One shard of the engine, and everything that is going to happen to it."""

    def __init__(self, program: Program, file: UnitTestFile, group: UnitTestGroup) -> None:
        self._tick = Tick(shard="0", interval_ms=file.tick_ms)
        # The engine has been up for long enough not to be settling when the test begins.
        self._now_ms = group.start_ms - 2 * file.tick_ms
        self._start_ms = self._published_ms = group.start_ms
        self._seq = 0
        self.state = State(now_ms=self._now_ms)
        self._plant = Plant(group, program.verbs)
        self._scrapes = Scrapes(group, file.interval_ms(group))
        self._arrivals = Arrivals(group)
        self._people = People(group)
        self._answers: list[tuple[int, int, int, Command]] = []
        self.errors: list[Failure] = []
        self._sent: list[Command] = []
        self._decided: list[AuditEntry] = []
        self._begin(program, group)

    def _begin(self, program: Program, group: UnitTestGroup) -> None:
        self._tell(self._tick)
        self._now_ms = group.start_ms
        for inventory in self._plant.inventories():
            self._tell(inventory)
        self._tell(Activation(Activate(id="test", by="test", bundle=program.digest), program))
        keep_everything(self.state.store)

    def advance(self, until_ms: int) -> None:
        """Let everything happen that happens until then."""
        while (next_ms := self._next_ms()) <= until_ms:
            self._now_ms = max(next_ms, self._now_ms)
            self._happen()

    def news(self) -> tuple[list[Command], list[AuditEntry]]:
        """The commands that were sent and the decisions that were made since the last asking."""
        news = self._sent, self._decided
        self._sent, self._decided = [], []
        return news

    def _next_ms(self) -> int:
        """When the next thing happens; at the latest a tick, as from a host that lives."""
        answer_ms = self._answers[0][0] if self._answers else None
        coming = (
            self.state.timers.next_ms(),
            self._scrapes.next_ms,
            self._arrivals.next_ms,
            self._people.next_ms,
            answer_ms,
        )
        return min(self._now_ms + self._tick.interval_ms, *(time_ms for time_ms in coming if time_ms is not None))

    def _happen(self) -> None:
        """What happens now: a scrape, events, the answers that are due, what people say, and a tick for the timers."""
        for scrape in self._scrapes.until(self._now_ms):
            if scrape.series:
                self._tell(_batch(scrape))
        for arrival in self._arrivals.until(self._now_ms):
            self._tell(arrival.body, arrival.node)
        while self._answers and self._answers[0][0] <= self._now_ms:
            for body in self._plant.answer(heapq.heappop(self._answers)[-1], self._now_ms):
                self._tell(body)
        for said in self._people.until(self._now_ms, self.state):
            self._tell(said)
        self._publish()
        self._tell(self._tick)

    def _publish(self) -> None:
        """Actuators say every minute what they own, which scaling rules rely on."""
        if self.state.program.scales and self._now_ms - self._published_ms >= PUBLISHED_EVERY_MS:
            self._published_ms = self._now_ms
            for inventory in self._plant.inventories():
                self._tell(inventory)

    def _tell(self, body: Body, node: str = "") -> None:
        self._seq += 1
        for effect in step(self.state, Message(self._seq, self._now_ms, body, node)):
            match effect:
                case Command():
                    self._sent.append(effect)
                    due_ms = self._now_ms + self._plant.takes_ms(effect)
                    heapq.heappush(self._answers, (due_ms, effect.cause, effect.index, effect))
                case AuditEntry(reason=Reason.EVALUATION_FAILED):
                    at = duration(self._now_ms - self._start_ms)
                    self.errors.append(Failure((), f"rule {effect.rule} at {at}", effect.detail))
                case AuditEntry(kind="decision") if effect.ladder or effect.verb:
                    self._decided.append(effect)
                case Rejected():
                    raise AssertionError(effect.reason)


def _batch(scrape: Scrape) -> SampleBatch:
    series = list(scrape.series)
    return SampleBatch(
        time_ms=scrape.time_ms, layout=layout_digest(series), values=pack_values(scrape.values), series=series
    )
