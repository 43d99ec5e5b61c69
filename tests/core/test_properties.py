"""What holds of every story, whatever comes in and in whatever order.

A script is drawn as data and told to one core; what that core was told is then told again to others.
"""

from collections.abc import Callable
from itertools import cycle, product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.effects import Effect
from engine.core.explain import explain
from engine.core.messages import Message
from engine.core.program import Mode, Program
from engine.core.rebase import TOLERATED_MS
from engine.core.scaling.rule import DOWN, Metric
from engine.core.snapshot import restore, save
from engine.core.state import State
from engine.core.step import step
from engine.promql import compile_query
from schemas.commands import Command
from schemas.labels import Labels
from schemas.outcomes import Status
from schemas.reasons import Reason
from schemas.samples import STALE
from tests.core.bounded_stories import bounded_stories
from tests.core.scaling_world import scale, steady
from tests.core.story import Story, commands, entries, replica, series
from tests.core.world import (
    UNDO,
    alert,
    collect,
    heal,
    isolate,
    isolated_shop,
    page,
    program,
    record,
    respond,
    restart,
    rollback,
    shop,
)
from tests.rulefile.verbs import VERBS

Act = Callable[[Story], object]


def rules(mode: Mode, *, for_s: int = 0) -> Program:
    """Two ladders over `up`, one of them on the whole workload, a response, and a rule that scales the workload, beside
    rules of every other kind."""
    return program(
        record("n", "sum(up)"),
        alert(for_s=for_s),
        alert("Few", "n < 2", keep_firing_for_s=5, limit=1),
        alert("Silent", "absent(up)"),
        heal(restart(), rollback(), page(), mode=mode, cooldown_s=20),
        heal(restart(None, workload="shop"), page(), on="Few", name="Whole", mode=mode, cooldown_s=0),
        respond(collect(), isolate(revert_after="20s"), page(), on="Few", mode=mode, cooldown_s=10),
        scales=(scale(BY_UP, mode=mode, least=0, down=steady(DOWN, 10), cooldown_ms=for_s * 1000),),
        digest=f"{mode} {for_s}",
    )


BY_UP = Metric(expr="2 * sum(up)", target=1.0, average=True)
PROGRAMS = {(mode, for_s): rules(mode, for_s=for_s) for mode in ("auto", "approve", "shadow") for for_s in (0, 5)}
STATUSES: tuple[Status, ...] = ("succeeded", "succeeded", "failed", "refused", "expired", "conflict", "unknown")
REASONS = (None, Reason.HALTED, Reason.FENCED)


def answered(story: Story, which: int, status: Status, reason: Reason | None) -> None:
    """The outcome of one of the newest commands, be it the first answer to it or the second."""
    if story.sent:
        command = story.sent[-1 - which % min(len(story.sent), 4)]
        story.answer(command, status, reason, undo=UNDO if command.verb == "isolate" else None)


def approved(story: Story, deny: bool) -> None:
    """The answer to whatever waits for a person."""
    for ladder in [ladder for ladder in story.state.ladders.values() if ladder.phase == "approval" and ladder.command]:
        assert ladder.command
        story.approve(ladder.command.id, deny=deny)


def gap(story: Story, messages: int) -> None:
    """Messages of the journal that are missing."""
    story.seq += messages


def passed(story: Story, seconds: float) -> None:
    """The clock of the journal, which may be set back; no message says so."""
    story.now_ms += round(seconds * 1000)


VALUE = st.sampled_from((0.0, 1.0))
SCOPE = st.sampled_from(("*", "replica:shop/0"))


SCRAPES: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.integers(1, 90), VALUE, VALUE).map(lambda drawn: lambda story: story.every_second(*drawn)),
    st.tuples(VALUE, st.integers(-1, 400)).map(lambda drawn: lambda story: story.samples(drawn[0], age_s=drawn[1])),
    st.floats(-5, 200).map(lambda seconds: lambda story: story.tick(seconds)),
    st.just(lambda story: story.scrape({series("up", other="x"): 1.0})),
    st.just(lambda story: story.scrape({series("up", other="x"): STALE, replica(1): 1.0})),
    st.just(lambda story: story.wait(70)),
)
"""Samples that come in time or late, from sources that come and go."""


def acts(programs: list[Program]) -> st.SearchStrategy[Act]:
    """One thing that happens: mostly samples and answers, as in life."""
    answers = st.tuples(st.integers(0, 9), st.sampled_from(STATUSES), st.sampled_from(REASONS)).map(
        lambda drawn: lambda story: answered(story, *drawn)
    )
    scrapes = st.tuples(st.integers(1, 6), VALUE, VALUE).map(lambda drawn: lambda story: story.every_second(*drawn))
    usual = st.one_of(answers, scrapes)
    rare = st.one_of(
        st.tuples(VALUE, VALUE).map(lambda values: lambda story: story.every_second(31, *values)),
        st.tuples(VALUE, st.integers(-1, 40)).map(lambda drawn: lambda story: story.samples(drawn[0], age_s=drawn[1])),
        st.floats(0, 20).map(lambda seconds: lambda story: story.tick(seconds)),
        st.floats(-5, 3).map(lambda seconds: lambda story: passed(story, seconds)),
        st.sampled_from((-3600, -100, 3600)).map(lambda seconds: lambda story: passed(story, seconds)),
        st.booleans().map(lambda deny: lambda story: approved(story, deny)),
        SCOPE.map(lambda scope: lambda story: story.halt(scope)),
        SCOPE.map(lambda scope: lambda story: story.resume(scope)),
        st.integers(1, 9).map(lambda number: lambda story: story.tell(shop(number))),
        st.integers(0, 6).map(lambda number: lambda story: story.tell(shop(replicas=number))),
        st.integers(7, 9).map(lambda number: lambda story: story.tell(isolated_shop(number))),
        st.integers(1, 3).map(lambda number: lambda story: story.ask("restart", f"q{number}", workload="shop")),
        st.sampled_from(programs).map(lambda chosen: lambda story: story.activate(chosen)),
        st.just(lambda story: story.scrape({series("up", other="x"): 1.0})),
        st.integers(1, 3).map(lambda messages: lambda story: gap(story, messages)),
        st.just(lambda story: story.wait(70)),
    )
    return st.integers(0, 3).flatmap(lambda drawn: usual if drawn else rare)


def stories(*modes: Mode) -> st.SearchStrategy[Story]:
    """A story of some fifty happenings, under rules of these modes."""
    programs = [rules for (mode, _), rules in PROGRAMS.items() if mode in modes]

    def told(first: Program, script: list[Act]) -> Story:
        story = Story(first)
        for act in script:
            act(story)
        return story

    return st.builds(told, st.sampled_from(programs), st.lists(acts(programs), min_size=30, max_size=70))


def retold(messages: list[Message], state: State) -> list[Effect]:
    """What follows when a core is told the same."""
    return [effect for message in messages for effect in step(state, message)]


ANY = st.one_of(stories("auto", "approve", "shadow"), bounded_stories())
deterministic = settings(
    max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@deterministic
@given(ANY)
def test_replay_equals_live(story: Story) -> None:
    """The same messages give the same effects and the same state, to the byte."""
    state = State()
    assert retold(story.told, state) == story.effects
    assert save(state) == save(story.state)


@deterministic
@given(ANY, st.floats(0, 1))
def test_a_restored_state_goes_on_as_the_saved_one(story: Story, where: float) -> None:
    """A snapshot may be taken after any message; nothing that a decision depends on is missing in it."""
    cut = round(len(story.told) * where)
    state = State()
    before = retold(story.told[:cut], state)
    saved = save(state)
    restored = restore(saved)
    assert save(restored) == saved
    assert before + retold(story.told[cut:], restored) == story.effects
    assert save(restored) == save(story.state)


@deterministic
@given(st.lists(SCRAPES, min_size=3, max_size=20), st.integers(0, 20))
def test_rules_that_come_later_know_what_those_that_were_there_know(script: list[Act], when: int) -> None:
    """An activation leaves the columns as if its rules had been looking all the time."""
    watching, late = Story(program(alert())), Story(program())
    for number, act in enumerate(script):
        if number == when:
            late.activate(program(alert()))
        act(watching)
        act(late)
    late.activate(program(alert()))
    assert samples(watching) == samples(late)


def samples(story: Story) -> list[tuple[Labels, list[int], list[float]]]:
    """All samples of `up` within the lookback."""
    answer = compile_query("up[5m]").instant(story.state.store, story.state.now_ms)
    assert isinstance(answer.value, tuple)
    return [(each.labels, each.times_ms.tolist(), each.values.tolist()) for each in answer.value]


@deterministic
@given(ANY)
def test_every_act_is_a_new_one_and_on_record(story: Story) -> None:
    """No command id comes twice, but for what a person asks for twice; each has its entry in the audit."""
    by_rules = [command.id for command in commands(story.effects) if command.origin.kind in ("rule", "playbook")]
    assert len(set(by_rules)) == len(by_rules)
    recorded = {entry.command for entry in entries(story.effects) if entry.kind == "command"}
    assert recorded == {command.id for command in commands(story.effects)}


@deterministic
@given(ANY)
def test_a_ladder_has_one_command_in_flight(story: Story) -> None:
    """The next command of a ladder comes only after the outcome of the one before."""
    in_flight: dict[str, str] = {}
    state = State()
    for message in story.told:
        in_flight.pop(getattr(message.body, "command", ""), None)
        for command in commands(step(state, message)):
            assert command.ladder not in in_flight.values()
            in_flight[command.id] = command.ladder


@deterministic
@given(ANY)
def test_one_ladder_of_a_rule_is_at_work_on_a_target(story: Story) -> None:
    """Between two ladders of a rule on a target, the first one is over."""
    at_work: dict[tuple[str, str], str] = {}
    over: set[str] = set()
    for effect in story.effects:
        if isinstance(effect, Command):
            if effect.origin.kind == "rule" and VERBS[effect.verb][0].changes_target:
                before = at_work.setdefault((effect.origin.name, effect.target), effect.ladder)
                assert before == effect.ladder or before in over
                at_work[effect.origin.name, effect.target] = effect.ladder
        elif (entry := next(iter(entries([effect])), None)) and entry.state == "ended" and entry.kind == "decision":
            over.add(entry.ladder)


@deterministic
@given(ANY, st.lists(acts(list(PROGRAMS.values())), max_size=20))
def test_nothing_is_changed_while_halted(story: Story, script: list[Act]) -> None:
    """After a global halt only commands that look or tell go out, whatever happens, until a resume."""
    story.halt()
    for act in script:
        halted_at = len(story.effects)
        act(story)
        if "*" not in story.state.halts:
            break
        assert not any(VERBS[command.verb][0].changes_target for command in commands(story.effects[halted_at:]))


@deterministic
@given(stories("shadow"))
def test_shadow_sends_nothing(story: Story) -> None:
    """Whatever happens: rules in shadow command nothing. What a person asks for is not the rules'."""
    assert [command for command in commands(story.effects) if command.origin.kind == "rule"] == []


@deterministic
@given(ANY)
def test_time_never_runs_backwards(story: Story) -> None:
    """Whatever times the messages carry, but when its clock is set right; and nothing waits for what is past."""
    state = State()
    for message in story.told:
        before_ms = state.now_ms
        step(state, message)
        next_ms = state.timers.next_ms()
        assert state.now_ms >= before_ms or state.now_ms == message.time_ms < before_ms - TOLERATED_MS
        assert next_ms is None or next_ms >= state.now_ms


@deterministic
@given(ANY)
def test_asking_why_not_is_answered_and_changes_nothing(story: Story) -> None:
    """Of whatever rule and target, in whatever state: who asks gets a reason, and what is decided stays the same."""
    state, effects = State(), list[Effect]()
    questions = cycle(product(("Heal", "Whole", "Contain", "Shop", "Hael"), ("", "shop/0", "workload:shop", "nothing")))
    for number, message in enumerate(story.told):
        effects += step(state, message)
        if number % 8 == 0:
            assert explain(state, *next(questions), state.now_ms).why
    assert effects == story.effects
    assert save(state) == save(story.state)
