"""promtool's clock: at each `evaluation_interval` first the samples up to then, then every rule, group after group.

Cases about alerts are checked in passing, as of the evaluation before them; those about expressions at the end, when
all samples are there.
"""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from engine.core.compiled import CompiledRule, compile_program
from engine.core.evaluate import evaluate
from engine.core.program import AlertRule, Program
from engine.core.state import State
from engine.ruletest.cases import Failure, check_alerts, check_expr, failing_rules
from engine.ruletest.model import UnitTestFile, UnitTestGroup
from engine.ruletest.rules import Said
from engine.ruletest.samples import Scrape, Scrapes, keep_everything


def check(program: Program, file: UnitTestFile, group: UnitTestGroup) -> Iterator[Failure]:
    """Every case of the group that fails. A rule that cannot be evaluated ends the group."""
    clock = _Clock(program, file, group)
    cases = deque(sorted(enumerate(group.alert_rule_test), key=lambda case: case[1].eval_time_ms))
    for time_ms in range(0, group.end_ms + 1, file.tick_ms):
        clock.evaluate(time_ms)
        if clock.state.failing:
            yield from failing_rules(clock.state, time_ms)
            return
        while cases and cases[0][1].eval_time_ms < time_ms + file.tick_ms:
            yield from check_alerts(clock.state, *cases.popleft())
    for nth, case in enumerate(group.promql_expr_test):
        yield from check_expr(clock.state, group.start_ms, nth, case, fuzzy=file.fuzzy_compare)


class _Clock:
    """The rules of a group of tests, and their state as of the last evaluation."""

    def __init__(self, program: Program, file: UnitTestFile, group: UnitTestGroup) -> None:
        self.state = State(program=program, compiled=compile_program(program))
        keep_everything(self.state.store)
        self._rules = _ordered(self.state, file.group_eval_order)
        self._scrapes = Scrapes(group, file.interval_ms(group))
        self._start_ms = group.start_ms

    def evaluate(self, time_ms: int) -> None:
        """Evaluate everything at this time from the start."""
        now_ms = self.state.now_ms = self._start_ms + time_ms
        for scrape in self._scrapes.until(now_ms):
            self._append(scrape)
        said = Said()
        for compiled in self._rules:
            evaluate(self.state, compiled, now_ms, 0)
            if isinstance(compiled.rule, AlertRule) and (wrong := said.differently(self.state, compiled.rule)):
                self.state.failing[compiled.rule.id] = wrong

    def _append(self, scrape: Scrape) -> None:
        store = self.state.store
        store.append(store.rows(scrape.series), scrape.time_ms, np.array(scrape.values, np.float64))


def _ordered(state: State, group_eval_order: Sequence[str]) -> list[CompiledRule]:
    """The rules in the order of their groups; as in promtool, a group that is not named goes with the first."""
    order = {name: nth for nth, name in enumerate(group_eval_order)}
    return sorted(state.compiled.rules.values(), key=lambda rule: (order.get(rule.rule.group, 0), rule.place))
