"""An undo with arguments: as many replicas as before, and no last healthy one less."""

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
from tests.core.reverting import HOUR_S, ended, later
from tests.core.story import Story, commands, details, only_command, reasons
from tests.core.world import (
    SECOND_MS,
    alert,
    page,
    program,
    respond,
    shop,
)

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
