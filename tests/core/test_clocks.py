"""Samples that come late, in a heap, or from a clock that goes wrong."""

from engine.core.effects import Effect
from schemas.reasons import Reason
from tests.core.story import Story, alerts, details, rejection, replica, series, states, values
from tests.core.world import INTERVAL_S, alert, program


def test_late_samples_fill_windows_and_trigger_nothing() -> None:
    """What is older than one interval is history, not news."""
    story = Story(program(alert(), alert("Sum", "sum_over_time(up[5m]) == 0")))
    assert states(story.samples(0, age_s=INTERVAL_S + 1)) == []
    assert states(story.samples(0, age_s=INTERVAL_S)) == ["firing", "firing"]


def test_a_sample_from_the_future_counts_as_of_now() -> None:
    """A fast clock on a node does not move the engine's."""
    story = Story(program(alert()))
    (fired,) = alerts(story.samples(0, age_s=-300))
    assert fired.time_ms == story.now_ms


def test_a_clock_that_is_far_ahead_is_not_believed() -> None:
    """Beyond `max_skew` the samples are refused, with how far ahead they are."""
    story = Story(program(alert()))
    wanted = "time_ms: 3600 s ahead of the journal, more than max_skew of 600 s"
    assert rejection(story.samples(0, age_s=-3600)) == wanted


def test_a_clock_that_goes_wrong_is_told_once() -> None:
    """After a minute in which all samples of a node were ahead, or late, by more than an interval."""
    story = Story(program(alert()))
    effects: list[Effect] = []
    for second in range(400):
        effects += story.tick()
        effects += story.scrape({replica(0): 1.0}, node="fast", age_s=-30)
        effects += story.scrape({replica(1): 1.0}, node="slow", age_s=60)
        effects += story.scrape({series("up"): 1.0}, node="right", age_s=50 if second % 7 else 1)
    assert details(effects, Reason.CLOCK_SKEWED) == ["samples of fast are 30 s ahead", "samples of slow are 60 s late"]
    assert story.state.clocks["fast"].ahead_ms == 30_000


def test_a_clock_that_was_set_right_can_go_wrong_again() -> None:
    """What was told once is told again when it begins anew."""
    story = Story(program(alert()))

    def minutes(count: int, age_s: float) -> list[Effect]:
        return [each for _ in range(count * 60) for each in (*story.tick(), *story.samples(1, age_s=age_s))]

    effects = minutes(2, -30) + minutes(2, 0) + minutes(2, -30)
    assert len(details(effects, Reason.CLOCK_SKEWED)) == 2


def test_a_flushed_buffer_fills_the_windows_and_fires_nothing_about_the_past() -> None:
    """After a reconnect the newest sample comes first and decides; the older ones are history."""
    rules = program(alert(), alert("Often", "count_over_time(up[2m]) == 24"))
    story = Story(rules)
    story.every_second(1, 1)
    story.wait(120)
    assert states(story.samples(1)) == []
    assert states([each for age_s in range(115, 19, -5) for each in story.samples(0, age_s=age_s)]) == []
    effects = [each for age_s in (15, 10, 5) for each in story.samples(0, age_s=age_s)]
    assert states(effects) == ["firing"]
    assert values(story, "up") == {replica(0): 1.0}
