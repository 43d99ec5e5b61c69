"""The derived part of the state, rebuilt from the rest: after an activation, and after a restore."""

from engine.core.compiled import compile_program
from engine.core.program import Program
from engine.core.state import State, cooldown_key, index_targets
from engine.core.verification import watch
from engine.promql import Plan, compile_expr


def install(state: State, program: Program) -> None:
    """Make `program` the active one: plan it, keep the samples that its windows need, see anew what triggers it."""
    state.program = program
    _compile(state)
    state.failing = {rule: error for rule, error in state.failing.items() if rule in state.compiled.rules}
    heals = [*program.heals, *(ladder.rule for ladder in state.ladders.values())]
    verifies = {step.verify.expr: None for heal in heals for step in heal.steps if step.verify}
    plans = [*(rule.plan for rule in state.compiled.rules.values()), *(_plan(state, expr) for expr in verifies)]
    state.store.retain([selector for plan in plans for selector in plan.selectors])


def rebuild(state: State) -> None:
    """Rebuild all that a snapshot does not hold."""
    _compile(state)
    state.targets = index_targets(state.inventory)
    for key, ladder in state.ladders.items():
        state.at_work |= {cooldown_key(ladder, target): key for target in ladder.acted_on}
        if ladder.phase == "commanded" and ladder.command:
            state.awaited[ladder.command.id] = key
        elif ladder.phase == "verifying" and (watched := watch(state, ladder)):
            state.watches[key] = watched


def _plan(state: State, expr: str) -> Plan:
    return compile_expr(expr, subquery_step_ms=state.settings.evaluation_interval_ms)


def _compile(state: State) -> None:
    state.compiled = compile_program(state.program)
    for layout in state.layouts.values():
        layout.triggered = state.compiled.triggers.of([state.store.labels(row) for row in layout.rows])
