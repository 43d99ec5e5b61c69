"""A snapshot in the middle of a story: the restored state goes on as the saved one would have."""

import pytest

from engine.core.effects import Effect
from engine.core.program import Verify
from engine.core.snapshot import UnreadableSnapshotError, restore, save
from schemas.reasons import Reason
from tests.core.story import Story, commands, entries, only_command, reasons, states
from tests.core.world import alert, heal, page, program, restart


def reload(story: Story) -> None:
    """The engine dies and comes back."""
    story.state = restore(save(story.state))


def test_a_ladder_at_work_still_keeps_others_from_its_target() -> None:
    """Whose turn it is on a target is not forgotten."""
    story = Story(program(alert(), heal(restart(workload="shop"), page(), cooldown_s=0)))
    only_command(story.samples(0, 1))
    reload(story)
    assert reasons(story.every_second(1, 0, 0)) == [Reason.COOLDOWN]


@pytest.mark.parametrize("dies", [False, True])
def test_what_is_decided_at_once_is_decided_in_one_order(dies: bool) -> None:
    """Two steps verified by one scrape: the order is theirs, not that of their outcomes or of a reload."""
    verify = Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=30_000, hold_ms=0)
    story = Story(program(alert(keep_firing_for_s=60), heal(restart(verify))))
    first, second = sorted(commands(story.samples(0, 0)), key=lambda command: story.state.awaited[command.id])
    story.answer(second)
    story.answer(first)
    if dies:
        reload(story)
    story.tick()
    assert verified(story.samples(1, 1)) == [first.ladder, second.ladder]


def test_an_engine_that_was_away_until_all_is_forgotten_goes_on() -> None:
    """Restored into a world whose series are all over, it evaluates as if they had never been."""
    story = Story(program(alert()))
    story.samples(0)
    reload(story)
    story.tick(1)
    story.wait(60)  # the rule has looked at what was restored
    story.tick(1500)
    assert len(story.state.store) == 0
    story.wait(60)
    assert [state for state in states(story.samples(0)) if state == "firing"] == ["firing"]


def verified(effects: list[Effect]) -> list[str]:
    """The ladders that ended verified, in order."""
    return [entry.ladder for entry in entries(effects) if entry.reason is Reason.VERIFIED]


def test_what_is_no_snapshot_is_refused() -> None:
    """Recovery then takes an older one, or the whole journal."""
    with pytest.raises(UnreadableSnapshotError):
        restore(b"nonsense")
