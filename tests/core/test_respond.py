"""Responses: all steps of them, in order, whether or not each succeeds and whatever becomes of the alert."""

import pytest

from engine.core.effects import Effect
from engine.core.moves import MAX_ATTEMPTS
from engine.core.program import Step, Verify
from schemas.outcomes import Evidence, Status
from schemas.reasons import Reason
from tests.core.story import Story, asked, commands, details, entries, only_command, reasons
from tests.core.world import (
    COOLDOWN_S,
    INTERVAL_S,
    SETTLED_S,
    alert,
    collect,
    heal,
    isolate,
    isolated_shop,
    page,
    program,
    respond,
    restart,
    shop,
)

STEPS = (collect(), isolate(), page())


def ended(effects: list[Effect]) -> list[Reason]:
    """Why ladders ended."""
    return [entry.reason for entry in entries(effects) if entry.state == "ended" and entry.reason]


def test_a_response_takes_all_its_steps_in_order() -> None:
    """Each when the one before has been answered, and it is over as what it is."""
    story = Story(program(alert(), respond(*STEPS)))
    command = only_command(story.samples(0))
    taken = [command.verb]
    for _ in STEPS[1:]:
        command = only_command(story.answer(command))
        taken.append(command.verb)
    assert taken == ["collect", "isolate", "page"]
    assert ended(story.answer(command)) == [Reason.RESPONDED]
    assert story.state.ladders == {}


@pytest.mark.parametrize("status", ["failed", "refused", "unknown"])
def test_a_step_that_fails_goes_on_and_is_told(status: Status) -> None:
    """Containment is the point: what one step did not do, another may. The unknown is never repeated either."""
    story = Story(program(alert(), respond(*STEPS)))
    isolating = only_command(story.answer(only_command(story.samples(0))))
    paging = only_command(story.answer(isolating, status))
    assert paging.verb == "page"
    assert ended(story.answer(paging)) == [Reason.RESPONDED_IN_PART]


def test_a_response_goes_on_when_its_alert_has_resolved() -> None:
    """That nobody tries any more says nothing about who is in already."""
    story = Story(program(alert(), respond(*STEPS)))
    looking = only_command(story.samples(0))
    story.every_second(1, 1)
    assert only_command(story.answer(looking)).verb == "isolate"


def test_a_conflict_is_decided_anew() -> None:
    """Somebody else was first, and that contains nothing: again, on what is there now, and not for ever."""
    story = Story(program(alert(), respond(isolate(), page())))
    command = only_command(story.samples(0))
    story.tell(shop(generation=8))
    for attempt in range(1, MAX_ATTEMPTS):
        command = only_command(story.answer(command, "conflict"))
        assert (command.verb, command.attempt, command.condition) == ("isolate", attempt, {"generation": 8})
    assert only_command(story.answer(command, "conflict")).verb == "page"


@pytest.mark.parametrize(("value", "last"), [(1.0, Reason.RESPONDED), (0.0, Reason.RESPONDED_IN_PART)])
def test_a_verify_is_waited_for_and_goes_on_either_way(value: float, last: Reason) -> None:
    """It says whether the step has helped; the next one is taken all the same."""
    verify = Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=5_000, hold_ms=0)
    story = Story(program(alert(), respond(isolate(verify), page())))
    assert commands(story.answer(only_command(story.samples(0)))) == []
    paging = only_command(story.every_second(6, value))
    assert paging.verb == "page"
    assert ended(story.answer(paging)) == [last]


def test_a_step_that_cannot_become_a_command_is_told_and_passed_over() -> None:
    """A protected target is not isolated, and the people hear of it."""
    story = Story(program(alert(), respond(isolate(workload="bus"), page())))
    effects = story.samples(0)
    assert reasons(effects) == [Reason.PROTECTED, Reason.STEP_FAILED]
    assert only_command(effects).verb == "page"


def test_an_episode_is_responded_to_once() -> None:
    """While the alert fires on, and when it refires before the response is over, nothing is taken twice."""
    story = Story(program(alert(), respond(*STEPS)))
    looking = only_command(story.samples(0))
    assert commands(story.every_second(5, 0)) == []
    story.every_second(1, 1)
    assert commands(story.every_second(5, 0)) == []
    assert only_command(story.answer(looking)).verb == "isolate"


def test_the_next_episode_is_another_response() -> None:
    """It looks at once, and waits for its cooldown before it changes what the last one has changed."""
    story = Story(program(alert(), respond(*STEPS)))
    command = only_command(story.samples(0))
    for _ in STEPS[1:]:
        command = only_command(story.answer(command))
    story.answer(command)
    story.every_second(1, 1)
    looking = only_command(story.every_second(1, 0))
    assert looking.verb == "collect"
    assert reasons(story.answer(looking)) == [Reason.COOLDOWN]
    assert only_command(story.every_second(COOLDOWN_S, 0)).verb == "isolate"


# --- guardrails ---


def test_looking_and_telling_wait_for_nothing() -> None:
    """Evidence is taken while acts are halted; what changes something waits for the resume."""
    story = Story(program(alert(), respond(*STEPS)))
    story.halt()
    looking = only_command(story.samples(0))
    assert reasons(story.answer(looking)) == [Reason.HALTED]
    assert only_command(story.resume()).verb == "isolate"


def test_settling_holds_what_changes_something() -> None:
    """As with every rule: the engine was away and may know too little."""
    story = Story(program(alert(), respond(*STEPS)), settled=False)
    looking = only_command(story.samples(0))
    assert reasons(story.answer(looking)) == [Reason.SETTLING]
    assert only_command(story.every_second(SETTLED_S, 0)).verb == "isolate"


def test_what_is_isolated_is_not_healed() -> None:
    """A restart would destroy the evidence: it waits, by name, until the target has been released for an interval."""
    story = Story(program(alert(), heal(restart(), page())))
    story.tell(isolated_shop())
    effects = story.every_second(60, 0)
    assert (commands(effects), reasons(effects)) == ([], [Reason.ISOLATED])
    story.tell(shop(generation=9))
    assert commands(story.every_second(INTERVAL_S - 1, 0)) == []
    assert only_command(story.every_second(1, 0)).condition == {"generation": 9}


def test_what_is_well_after_its_release_is_not_healed() -> None:
    """That it stood still was no fault of its own."""
    story = Story(program(alert(), heal(restart(), page())))
    story.tell(isolated_shop())
    story.every_second(5, 0)
    story.tell(shop(generation=9))
    assert ended(story.every_second(INTERVAL_S, 1)) == [Reason.RESOLVED_BEFORE_ACT]


def test_what_is_isolated_is_not_isolated_again() -> None:
    """Two responses on one workload: the second finds it done, and goes on instead of waiting for the release."""
    story = Story(program(alert(), respond(*STEPS)))
    looking = only_command(story.samples(0))
    story.tell(isolated_shop())
    effects = story.answer(looking)
    assert reasons(effects) == [Reason.ISOLATED, Reason.STEP_FAILED]
    assert ended(story.answer(only_command(effects))) == [Reason.RESPONDED_IN_PART]


def test_a_person_cannot_act_on_what_is_isolated_but_can_release_it() -> None:
    """The answer comes at once."""
    story = Story(program(alert()))
    story.tell(isolated_shop())
    assert ended(story.ask("restart", workload="shop", replica="0")) == [Reason.ISOLATED]
    release = only_command(story.ask("release", "r", workload="shop"))
    assert (release.target, release.condition) == ("isolation:shop", {"generation": 8})


# --- modes ---


def test_shadow_says_all_that_it_would_do() -> None:
    """Recorded step by step, never sent."""
    story = Story(program(alert(), respond(*STEPS, mode="shadow")))
    effects = story.samples(0)
    assert (commands(effects), ended(effects)) == ([], [Reason.SHADOW])
    assert details(effects, Reason.SHADOW) == [
        "would collect workload:shop evidence=processes,files",
        "would isolate workload:shop if generation = 7",
        "would page receiver:oncall",
        "",
    ]


def test_approve_asks_for_what_changes_something() -> None:
    """Looking needs no leave; a yes lets the isolation go, also when the alert has resolved meanwhile."""
    story = Story(program(alert(), respond(*STEPS, mode="approve")))
    id_ = asked(story.answer(only_command(story.samples(0))))
    story.every_second(5, 1)
    assert only_command(story.approve(id_)).verb == "isolate"


def test_no_is_said_to_one_step() -> None:
    """The others are taken: that a person does not want the isolation does not mean that nobody is to be told."""
    story = Story(program(alert(), respond(*STEPS, mode="approve")))
    id_ = asked(story.answer(only_command(story.samples(0))))
    effects = story.approve(id_, deny=True)
    assert reasons(effects) == [Reason.APPROVAL_DENIED, Reason.APPROVAL_DENIED]
    assert only_command(effects).verb == "page"


# --- evidence ---


def test_a_command_to_collect_names_the_events_of_its_alert() -> None:
    """They are told by the alert's annotation; its lists are lists."""
    rule = alert(annotations={"events": "e1, e2"})
    story = Story(program(rule, respond(collect(workload="shop", evidence="processes,files"))))
    command = only_command(story.samples(0))
    assert command.args == {"workload": "shop", "evidence": ["processes", "files"], "events": ["e1", "e2"]}


def test_the_audit_says_where_the_evidence_is() -> None:
    """By its name and digest, in the entry of the outcome that brought it."""
    story = Story(program(alert(), respond(collect())))
    evidence = Evidence(name="c1", sha256="ab" * 32, size=7)
    outcome = entries(story.answer(only_command(story.samples(0)), evidence=evidence))[0]
    assert (outcome.kind, outcome.evidence) == ("outcome", evidence)


def test_silence_and_an_unknown_fate_are_told_by_a_step_that_tells() -> None:
    """One that only looks tells nobody."""
    story = Story(program(alert(), heal(restart(), collect(), page())))
    command = only_command(story.samples(0))
    assert only_command(story.answer(command, "unknown")).verb == "page"


def test_without_a_target_the_node_of_the_alert_is_looked_at() -> None:
    """A rule file that leaves it out gets it by default."""
    verb = program().verbs["collect"][0]
    assert verb.completed({"evidence": "processes"}) == {"node": "{{ $labels.node }}", "evidence": "processes"}
    assert verb.completed({"workload": "shop"}) == {"workload": "shop"}


def test_a_step_of_an_unknown_verb_is_passed_over() -> None:
    """An actuator that is gone from the configuration stops no containment."""
    story = Story(program(alert(), respond(Step(verb="quarantine", args={}), page())))
    assert only_command(story.samples(0)).verb == "page"
