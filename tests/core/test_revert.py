"""`revert_after`: what a step did is undone in time, whatever died meanwhile, unless somebody else has been at it."""

import pytest

from engine.core.effects import Effect
from engine.core.policy import Policy
from engine.core.snapshot import restore, save
from schemas.commands import Command
from schemas.reasons import Reason
from tests.core.reverting import HOUR_S, ended, later
from tests.core.story import Story, alerts, commands, details, only_command, reasons
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

UNBOUNDED = Policy()


def isolated(*, policy: Policy = UNBOUNDED) -> tuple[Story, list[Effect]]:
    """A story in which the shop was isolated for an hour, and what its answer led to."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), page()), policy=policy))
    command = only_command(story.samples(0))
    story.tell(isolated_shop())
    return story, story.answer(command, undo=UNDO)


def released(effects: list[Effect]) -> list[Command]:
    return [command for command in commands(effects) if command.verb == "release"]


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
