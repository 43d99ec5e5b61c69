"""The cases of a group that both clocks check in the same way, each where it stands in the file."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.state import State
from engine.promql import PromqlError, compile_expr
from engine.ruletest.compare import Difference, compare_alerts, compare_samples
from engine.ruletest.model import AlertCase, ExprCase
from engine.ruletest.read import Path
from engine.ruletest.rules import firing
from schemas.durations import duration


@dataclass(frozen=True, slots=True)
class Failure:
    """What a group of tests found wrong. `path` leads from the group to the case, `what` names it."""

    path: Path
    what: str
    found: Difference | str


def check_alerts(state: State, nth: int, case: AlertCase, *, worded: bool = True) -> Iterator[Failure]:
    """The alerts that are firing now against those of the group's alert case `nth`."""
    different = compare_alerts(case.alertname, case.exp_alerts, firing(state, case.alertname), worded=worded)
    if different:
        what = f"alert {case.alertname} at {duration(case.eval_time_ms)}"
        yield Failure(("alert_rule_test", nth), what, different)


def check_expr(state: State, start_ms: int, nth: int, case: ExprCase, *, fuzzy: bool) -> Iterator[Failure]:
    """The value of an expression at its time against that of the group's expression case `nth`."""
    found: Difference | str | None
    try:
        plan = compile_expr(case.expr, subquery_step_ms=state.settings.evaluation_interval_ms)
        got = list(plan.evaluate(state.store, start_ms + case.eval_time_ms).items())
        found = compare_samples(case.exp_samples, got, fuzzy=fuzzy)
    except PromqlError as error:
        found = str(error)
    if found:
        yield Failure(("promql_expr_test", nth), f"expr {case.expr} at {duration(case.eval_time_ms)}", found)


def failing_rules(state: State, time_ms: int) -> Iterator[Failure]:
    """The rules whose last evaluation failed."""
    for rule, error in state.failing.items():
        yield Failure((), f"rule {state.compiled.rules[rule].rule.name} at {duration(time_ms)}", error)
