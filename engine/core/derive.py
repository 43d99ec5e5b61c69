"""The derived part of the state, rebuilt from the rest: after an activation, and after a restore."""

from engine.core.compiled import compile_program
from engine.core.ladder import watch
from engine.core.program import Program
from engine.core.state import State, index_targets


def install(state: State, program: Program) -> None:
    """Make `program` the active one: plan it, keep the samples that its windows need, see anew what triggers it."""
    state.program = program
    state.compiled = compile_program(program)
    plans = [rule.plan for rule in state.compiled.rules.values()]
    state.store.retain([selector for plan in plans for selector in plan.selectors])
    for layout in state.layouts.values():
        layout.triggered = state.compiled.triggers.of([state.store.labels(row) for row in layout.rows])


def rebuild(state: State) -> None:
    """Rebuild all that a snapshot does not hold."""
    install(state, state.program)
    state.targets = index_targets(state.inventory)
    state.awaited = {}
    state.watches = {}
    for key, ladder in state.ladders.items():
        if ladder.phase == "commanded" and ladder.command:
            state.awaited.setdefault(ladder.command.id, []).append(key)
        elif ladder.phase == "verifying" and (watched := watch(ladder)):
            state.watches[key] = watched
