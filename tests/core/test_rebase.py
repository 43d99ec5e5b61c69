"""The clock of the journal goes an hour ahead, and is set right again."""

from engine.core.program import Verify
from engine.core.rebase import TOLERATED_MS
from schemas.reasons import Reason
from tests.core.story import (
    Story,
    alerts,
    commands,
    details,
    only_command,
    reasons,
    replica,
    series,
    silence_s,
    states,
    values,
)
from tests.core.world import INTERVAL_S, SECOND_MS, UNMOVED, alert, heal, page, program, record, restart

HOUR_S = 3600


def ahead(story: Story) -> None:
    """The journal's clock jumps an hour ahead, and what was decided on that has settled."""
    story.now_ms += HOUR_S * SECOND_MS
    story.wait(INTERVAL_S + 1)


def set_right(story: Story) -> None:
    story.now_ms -= HOUR_S * SECOND_MS


def test_a_clock_that_is_set_back_is_on_record_and_acts_settle() -> None:
    """Rules do not act on what they knew at a wrong time until they have looked again."""
    story = Story(program(alert(), heal(restart())))
    ahead(story)
    set_right(story)
    effects = story.every_second(1, 0)
    assert details(effects, Reason.TIME_JUMPED) == ["the clock of the journal was set back by 3600 s"]
    assert reasons(effects)[1:] == [Reason.SETTLING]
    assert len(commands(story.wait(INTERVAL_S))) == 1


def test_what_was_held_for_a_while_still_is() -> None:
    """Neither does `for` begin anew, nor does it wait for the time that was wrong."""
    story = Story(program(alert(for_s=60)))
    ahead(story)
    (pending,) = alerts(story.samples(0))
    story.every_second(30, 0)
    set_right(story)
    assert states(story.every_second(29, 0)) == []
    (fired,) = alerts(story.every_second(1, 0))
    assert (fired.state, fired.onset, fired.time_ms) == ("firing", pending.onset, story.now_ms)
    assert fired.active_at_ms == story.now_ms - 60 * SECOND_MS


def test_samples_of_the_wrong_clock_go_back_with_it() -> None:
    """On one machine all clocks jump together: windows go on as if nothing had been."""
    short = alert("Short", "count_over_time(up[1m]) < 60")
    story = Story(program(short, alert("Sum", "n == 0"), record("n", "sum(up)")))
    ahead(story)
    story.every_second(100, 1)
    set_right(story)
    assert states(story.every_second(1, 1)) == []
    assert values(story, "n") == {series("n"): 1.0}
    assert states(story.every_second(INTERVAL_S, 0)) == ["firing"]


def test_samples_of_right_clocks_stay_where_they_are() -> None:
    """Where only the server's clock was wrong, what looked an hour late turns out to be in time."""
    story = Story(program(alert()))
    ahead(story)
    for _ in range(20):
        story.tick()
        assert states(story.samples(0, age_s=HOUR_S)) == []
    set_right(story)
    story.tick()
    assert values(story, "up") == {replica(0): 0.0}
    assert states(story.samples(0)) == ["firing"]


def test_a_ladder_goes_on_in_its_own_time() -> None:
    """What was done is verified, or answered, within the time that it was given; cooldown lasts no longer."""
    story = Story(
        program(alert(), heal(restart(UNMOVED), restart(Verify(expr="vector(0) > 1", within_ms=30_000)), page()))
    )
    ahead(story)
    story.answer(only_command(story.every_second(1, 0)))
    set_right(story)
    story.samples(0)
    (again,) = commands(story.every_second(31, 0))
    assert (again.verb, again.step) == ("restart", 1)
    assert Reason.NO_OUTCOME in reasons(story.every_second(silence_s(story, again) + 1, 0))


def test_a_cooldown_lasts_as_long_as_it_was_to() -> None:
    """What it keeps apart is kept apart for so long, whatever the clock does."""
    story = Story(program(alert(), heal(restart(UNMOVED), cooldown_s=100)))
    ahead(story)
    story.answer(only_command(story.samples(0)))
    story.every_second(5, 1)
    set_right(story)
    story.every_second(INTERVAL_S + 1, 1)
    assert reasons(story.every_second(1, 0)) == [Reason.COOLDOWN]
    assert len(commands(story.every_second(100, 0))) == 1


def test_a_small_step_back_is_waited_for() -> None:
    """Two servers never have quite the same time: `now` stands still until it is reached again."""
    story = Story(program(alert(for_s=60)))
    story.samples(0)
    story.every_second(59, 0)
    at_ms = story.now_ms
    story.now_ms -= TOLERATED_MS
    assert story.every_second(60, 0) == []
    assert story.state.now_ms == at_ms
    assert states(story.every_second(1, 0)) == ["firing"]
