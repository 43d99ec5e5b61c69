"""`revert_after`: what a step did is undone in time, whatever died meanwhile, unless somebody else has been at it."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.command import describe
from engine.core.effects import Effect
from engine.core.policy import BlastRadius, Policy
from engine.core.program import Step
from engine.core.snapshot import restore, save
from schemas.commands import Command
from schemas.inventory import Inventory
from schemas.outcomes import Undo
from schemas.reasons import Reason
from tests.core.story import TICK, Story, alerts, commands, details, entries, only_command, reasons
from tests.core.world import (
    INTERVAL_S,
    SECOND_MS,
    UNDO,
    alert,
    heal,
    isolate,
    isolated_shop,
    page,
    program,
    respond,
    shop,
)

HOUR_S = 3600
UNBOUNDED = Policy()


def isolated(*, policy: Policy = UNBOUNDED) -> tuple[Story, list[Effect]]:
    """A story in which the shop was isolated for an hour, and what its answer led to."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), page()), policy=policy))
    command = only_command(story.samples(0))
    story.tell(isolated_shop())
    return story, story.answer(command, undo=UNDO)


def later(story: Story, seconds: int) -> list[Effect]:
    """Time passes without samples, a tick every second."""
    effects: list[Effect] = []
    for _ in range(seconds):
        story.now_ms += SECOND_MS
        effects += story.tell(TICK)
    return effects


def released(effects: list[Effect]) -> list[Command]:
    return [command for command in commands(effects) if command.verb == "release"]


def ended(effects: list[Effect]) -> list[Reason]:
    return [entry.reason for entry in entries(effects) if entry.state == "ended" and entry.reason]


def test_what_was_isolated_is_released_in_time() -> None:
    """Not before, on exactly the isolation that was made, under an id of its own; the response goes on meanwhile."""
    story, effects = isolated()
    assert reasons(effects) == [Reason.REVERT_SCHEDULED, Reason.DONE]
    assert only_command(effects).verb == "page"
    assert released(later(story, HOUR_S - 1)) == []
    (release,) = released(later(story, 1))
    assert (release.target, release.condition, release.args) == (UNDO.target, UNDO.condition, {})
    assert release.id not in {each.id for each in story.sent[:-1]}
    assert ended(story.answer(release)) == [Reason.REVERTED]


def test_the_command_says_for_how_long() -> None:
    """Who reads or approves it sees that it is not for ever; the actuator gets no argument that it does not know."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), mode="shadow")))
    said = details(story.samples(0), Reason.SHADOW)
    assert said[0] == "would isolate workload:shop if generation = 7, undone after 3600 s"
    story = Story(program(alert(), respond(isolate(revert_after="1h"))))
    command = only_command(story.samples(0))
    assert (command.args, command.revert_after_ms) == ({"workload": "shop"}, HOUR_S * SECOND_MS)


def test_a_revert_survives_the_engine() -> None:
    """It is part of the snapshot; one that came due while nobody was deciding is sent when that has settled."""
    story, _ = isolated()
    story.state = restore(save(story.state))
    effects = story.tick(2 * HOUR_S)
    assert (released(effects), Reason.SETTLING in reasons(effects)) == ([], True)
    assert len(released(later(story, INTERVAL_S + 1))) == 1


def test_what_somebody_released_before_is_let_alone() -> None:
    """A person was earlier: nothing is sent, and nobody is woken."""
    story, effects = isolated()
    story.answer(only_command(effects))
    story.tell(shop(generation=9))
    effects = later(story, HOUR_S)
    assert (commands(effects), ended(effects)) == ([], [Reason.NOTHING_TO_DO])


def test_what_has_changed_since_is_not_undone_but_told() -> None:
    """It is another isolation now, or its process has died: not ours to undo any more."""
    story, effects = isolated()
    story.answer(only_command(effects))
    story.tell(isolated_shop(12))
    effects = later(story, HOUR_S)
    assert details(effects, Reason.CONDITION_CHANGED) == ["generation was 8 and is 12"]
    paging = only_command(effects)
    assert paging.verb == "page"
    assert ended(story.answer(paging)) == [Reason.NOT_REVERTED]


def test_an_undo_that_fails_is_told() -> None:
    """Somebody has to look, for it is not tried for ever."""
    story, _ = isolated()
    (release,) = released(later(story, HOUR_S))
    paging = only_command(story.answer(release, "failed"))
    assert paging.verb == "page"
    assert ended(story.answer(paging)) == [Reason.NOT_REVERTED]


def test_an_undo_that_comes_too_late_is_decided_anew() -> None:
    """As every command that expired, while the actuator was away: under a new id."""
    story, _ = isolated()
    (release,) = released(later(story, HOUR_S))
    (again,) = released(story.answer(release, "expired"))
    assert (again.target, again.attempt) == (release.target, 1)


def test_a_halt_holds_the_undo() -> None:
    """It changes something; a halt of the workload keeps the isolation until it is resumed."""
    story, effects = isolated()
    story.answer(only_command(effects))
    story.halt("shop")
    assert reasons(later(story, HOUR_S)) == [Reason.HALTED]
    assert len(released(story.resume("shop"))) == 1


@pytest.mark.parametrize("scope", ["rule:Contain", "rule:g/Contain", "service:shop", "*"])
def test_a_halt_of_the_rule_holds_its_undos(scope: str) -> None:
    """It stops every act of the rule; those who are to know are paged that it stays isolated, and it goes when the halt
    ends."""
    story, effects = isolated(policy=Policy(notify=("oncall",)))
    story.answer(only_command(effects))
    story.halt(scope)
    effects = later(story, HOUR_S + 60)
    (told,) = commands(effects)
    assert told.summary.startswith("HALTED: release isolation:shop, g/Contain/undo is held: by ann")
    assert len(released(story.resume(scope))) == 1


def test_a_halt_of_another_rule_holds_no_undo() -> None:
    """Not of one that happens to be called as undos are, either."""
    story, effects = isolated()
    story.answer(only_command(effects))
    for scope in ("rule:Other", "rule:ann"):
        story.halt(scope)
    assert len(released(later(story, HOUR_S))) == 1


def test_an_undo_says_for_whom_it_is() -> None:
    """Actuators look for halts of the rule, too, before they undo."""
    story, _ = isolated()
    (release,) = released(later(story, HOUR_S))
    assert (release.origin.name, release.acts_for) == ("g/Contain/undo", ("g/Contain",))


def test_an_effect_that_says_no_undo_is_told() -> None:
    """The record says that nothing will undo it."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"))))
    effects = story.answer(only_command(story.samples(0)))
    assert reasons(effects)[0] is Reason.NOT_REVERTED


def test_only_a_success_is_undone() -> None:
    """What did not happen needs no undo."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), page())))
    story.answer(only_command(story.samples(0)), "failed", undo=UNDO)
    assert released(later(story, HOUR_S)) == []


def test_what_a_person_asked_for_is_undone_too() -> None:
    """`revert_after` is no privilege of rules; a halt holds the undo, and does not end it."""
    story = Story(program(alert()))
    command = only_command(story.ask("isolate", workload="shop", revert_after="10s"))
    story.tell(isolated_shop())
    assert ended(story.answer(command, undo=UNDO)) == [Reason.DONE]
    story.halt()
    assert reasons(later(story, 10)) == [Reason.HALTED]
    (release,) = released(story.resume())
    assert ended(story.answer(release)) == [Reason.REVERTED]


@pytest.mark.parametrize(("verb", "given"), [("isolate", "soon"), ("restart", "1h")])
def test_a_revert_that_means_nothing_is_refused(verb: str, given: str) -> None:
    """What is no duration, and what cannot be undone."""
    story = Story(program(alert()))
    effects = story.ask(verb, workload="shop", revert_after=given)
    assert (commands(effects), reasons(effects)) == ([], [Reason.BAD_ARGUMENTS, Reason.STEP_FAILED])


def test_each_episode_is_undone_for_itself() -> None:
    """The second isolation does not take the place of the first one's undo."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), cooldown_s=0)))
    story.answer(only_command(story.samples(0)), undo=UNDO)
    story.every_second(1, 1)
    story.answer(only_command(story.every_second(1, 0)), undo=UNDO)
    assert len({ladder.due_ms for ladder in story.state.ladders.values()}) == 2


def test_a_heal_step_can_be_undone_too() -> None:
    """And its undo does not end with the alert that it healed."""
    story = Story(program(alert(), heal(isolate(revert_after="1h"))))
    story.answer(only_command(story.samples(0)), undo=UNDO)
    story.tell(isolated_shop())
    story.every_second(1, 1)
    assert len(alerts(story.effects)) == 2
    assert len(released(later(story, HOUR_S))) == 1


def test_an_undo_goes_back_with_the_clock() -> None:
    """When the journal's clock is set right, what was to be undone in an hour still is."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"))))
    story.now_ms += HOUR_S * SECOND_MS
    story.wait(INTERVAL_S + 1)
    story.answer(only_command(story.samples(0)), undo=UNDO)
    story.tell(isolated_shop())
    story.now_ms -= HOUR_S * SECOND_MS
    assert released(later(story, HOUR_S - 1)) == []
    assert len(released(later(story, 2))) == 1


# --- an undo with arguments ---

SCALED = Undo(verb="scale", target="workload:shop", condition={"generation": 8, "replicas": 5}, args={"replicas": 2})


def scaled(undo: Undo = SCALED, **policy: Any) -> tuple[Story, list[Effect]]:
    """A story in which the shop was scaled from two replicas to five for an hour, and what its answer led to."""
    step = Step(verb="scale", args={"workload": "shop", "replicas": "5", "revert_after": "1h"})
    story = Story(replace(program(alert(), respond(step, page())), policy=Policy(**policy)))
    command = only_command(story.samples(0))
    assert (command.args, command.revert_after_ms) == ({"workload": "shop", "replicas": 5}, HOUR_S * SECOND_MS)
    story.tell(shop_of(5))
    return story, story.answer(command, undo=undo)


def shop_of(replicas: int, generation: int = 8, healthy: int | None = None) -> Inventory:
    found = shop(generation, replicas=replicas)
    whole = replace(found.targets[0], replicas=replicas, healthy=replicas if healthy is None else healthy)
    return replace(found, targets=(whole, *found.targets[1:]))


def later_scaled(story: Story) -> list[Command]:
    return [command for command in commands(later(story, HOUR_S)) if command.verb == "scale"]


def test_what_was_scaled_is_as_many_as_before_again() -> None:
    """The command says how many, and under which condition; it is known from the outcome on."""
    story, effects = scaled()
    assert details(effects, Reason.REVERT_SCHEDULED) == ["scale workload:shop replicas=2 in 3600 s"]
    (back,) = later_scaled(story)
    assert (back.target, back.args, back.condition) == (SCALED.target, {"replicas": 2}, SCALED.condition)
    assert describe(back) == "scale workload:shop replicas=2 if generation = 8 and replicas = 5"
    assert ended(story.answer(back)) == [Reason.REVERTED]


def test_arguments_of_an_undo_survive_the_engine() -> None:
    """They are part of the snapshot."""
    story, _ = scaled()
    story.state = restore(save(story.state))
    assert [each.args for each in later_scaled(story)] == [{"replicas": 2}]


def test_what_somebody_scaled_since_stays_as_it_is() -> None:
    """By its generation or its number; the record says what was found."""
    story, effects = scaled()
    story.answer(only_command(effects))
    story.tell(shop_of(7, generation=9))
    effects = later(story, HOUR_S)
    assert [each.verb for each in commands(effects)] == ["page"]
    assert details(effects, Reason.CONDITION_CHANGED) == ["generation was 8 and is 9, replicas was 5 and is 7"]


def test_an_undo_that_lost_the_race_is_not_tried_again() -> None:
    """Somebody changed the target between the decision and the act: it is theirs now, and that is told."""
    story, _ = scaled()
    (back,) = later_scaled(story)
    effects = story.answer(back, "conflict")
    assert only_command(effects).verb == "page"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "scale needs replicas"),
        ({"replicas": "2"}, "replicas: expected a whole number, got '2'"),
        ({"replicas": True}, "replicas: expected a whole number, got True"),
        ({"replicas": 2, "workload": "bus"}, "scale has no argument workload"),
        ({"replicas": 2, "force": "true"}, "scale has no argument force"),
    ],
)
def test_arguments_that_are_none_of_the_verbs_undo_nothing(args: dict[str, Any], told: str) -> None:
    """An actuator's word is checked like a rule's, and is no way to name another target; a person hears of it."""
    story, effects = scaled(replace(SCALED, args=args))
    story.answer(only_command(effects))
    effects = later(story, HOUR_S)
    assert details(effects, Reason.BAD_ARGUMENTS) == [told]
    assert [each.verb for each in commands(effects)] == ["page"]


def test_an_undo_without_the_name_of_what_it_goes_back_to_is_none() -> None:
    """Nothing is filled in for it from what is there by then: that would be the revision before another one."""
    undo = Undo(verb="rollback", target="workload:shop", condition={"generation": 8})
    story, effects = scaled(undo)
    story.answer(only_command(effects))
    assert details(later(story, HOUR_S), Reason.BAD_ARGUMENTS) == ["rollback needs to"]


def test_an_undo_takes_no_last_healthy_replica() -> None:
    """No budget holds it, but where taking replicas away would leave none it waits until others are well."""
    story, _ = scaled(blast_radius=(BlastRadius(id="b", source="policy.yaml:3", count=3, within_ms=10**9),))
    story.tell(shop_of(5, healthy=1))
    effects = later(story, HOUR_S)
    assert ([each.verb for each in commands(effects)], Reason.LAST_HEALTHY in reasons(effects)) == ([], True)
    story.tell(shop_of(5))
    assert [each.args for each in commands(later(story, 1))] == [{"replicas": 2}]
