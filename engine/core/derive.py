"""The derived part of the state, rebuilt from the rest: after an activation, and after a restore."""

from engine.core import acting, intake
from engine.core.compiled import Compiled, compile_program
from engine.core.needs import needed
from engine.core.program import Program, Settings
from engine.core.remediation import cooldown_key
from engine.core.schedule import find_unscheduled
from engine.core.services import count_hosted, count_services
from engine.core.state import State
from engine.core.tallies import Tallies
from engine.core.targets import index_targets
from engine.core.verification import watch
from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits


def install(state: State, program: Program, planned: Compiled | None = None) -> None:
    """Make `program` the active one: plan it, keep the samples that its windows need, see anew what triggers it.

    `planned` is what of it is planned already, by default what has been active.
    """
    state.program = program
    state.compiled = compile_program(program, planned or state.compiled)
    rules, detector = state.compiled.rules, state.compiled.detector
    state.failing = {rule: error for rule, error in state.failing.items() if rule in rules or rule in detector.rules}
    state.evaluated_ms = {rule: time_ms for rule, time_ms in state.evaluated_ms.items() if rule in rules}
    if _limits(program.settings) == state.correlator.limits:
        state.correlator.replace(detector.correlations)
    else:
        state.correlator = Correlator(detector.correlations, _limits(program.settings))
    state.store.retain(needed(program, state.compiled, state.ladders.values()))
    recount(state)
    for layout in state.layouts.values():
        layout.triggered = ()
        intake.place_anew(state, layout)


def rebuild(state: State) -> None:
    """Rebuild all that a snapshot does not hold."""
    state.compiled = compile_program(state.program)
    state.correlator = Correlator(state.compiled.detector.correlations, _limits(state.settings))
    for layout in state.layouts.values():
        intake.see_triggers(state, layout)
    find_unscheduled(state)
    state.targets = index_targets(state.inventory)
    state.services, state.hosted = count_services(state.inventory), count_hosted(state.inventory)
    recount(state)
    for key, ladder in state.ladders.items():
        state.at_work |= {cooldown_key(ladder, target): ladder.outermost.id for target in ladder.acted_on}
        if ladder.phase == "commanded" and ladder.command:
            state.awaited[ladder.command.id] = key
        elif ladder.phase == "verifying" and (watched := watch(state, ladder)):
            state.watches[key] = watched


def recount(state: State) -> None:
    """Count anew, for the policy of now, what was done and what is under way."""
    state.tallies, state.busy, state.disrupted = Tallies(state.program.policy, state.done), {}, {}
    for ladder in state.ladders.values():
        if ladder.act:
            acting.count(state, ladder.act, 1)
    for service, healthy in (each for scope in state.unseen.values() for each in scope.values()):
        state.disrupted[service] = state.disrupted.get(service, 0) + healthy


def _limits(settings: Settings) -> Limits:
    return Limits(lateness_ms=settings.event_lateness_ms, groups=settings.max_event_groups)
