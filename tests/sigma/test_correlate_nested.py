"""Correlations of correlations, and what the host of a correlator relies on."""

import pytest

from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits, Raised
from engine.sigma.model import And, Correlation, Not, Or, Text
from tests.sigma.correlating import MINUTE_S, Story, correlation, groups, values, when

GUESSED = correlation("event_count", "failed", gte=3)


def test_what_is_raised_is_an_occurrence_of_its_rule() -> None:
    """Many failures, then a success of the same user; the outcome has both."""
    story = Story(guessed=GUESSED, breach=correlation("temporal_ordered", "guessed", "login"))
    assert [each.rule for each in story.every(1, 2, 3, rule="failed")] == ["guessed"]
    assert story.tell("login", 4, user="bob") == []
    (raised,) = story.tell("login", 5)
    assert raised == Raised("breach", (("user", "ann"),), 2, raised.time_ms, raised.time_ms - 2000, ("e3", "e5"))


def test_a_correlation_above_groups_by_any_field_of_the_event_that_raised() -> None:
    """Not only by those that the one below groups by."""
    below = correlation("event_count", "failed", by="host", gte=2)
    story = Story(guessed=below, breach=correlation("temporal_ordered", "guessed", "login"))
    story.tell("failed", 1, host="h", user="bob")
    story.tell("failed", 2, host="h", user="ann")
    assert groups(story.tell("login", 3)) == [{"user": "ann"}]


def test_an_alias_of_a_correlation_below_is_a_field_of_what_it_raises() -> None:
    """By its own name."""
    below = correlation("event_count", "failed", by="who", gte=1, aliases={"who": {"failed": "TargetUser"}})
    story = Story(guessed=below, spray=correlation("value_count", "guessed", by="", fields=("who",), gte=2))
    story.tell("failed", 1, TargetUser="ann")
    assert values(story.tell("failed", 2, TargetUser="bob")) == [1, 2]


def test_any_depth_is_raised_at_once() -> None:
    """Each after all that it refers to, and each group once, however many of those are raised."""
    one, two = correlation("event_count", "a", gte=1), correlation("value_count", "a", fields=("user",), gte=1)
    story = Story(z=one, y=two, x=correlation("temporal", "z", "y"), w=correlation("event_count", "x", "z", gte=1))
    assert [each.rule for each in story.tell("a", 0)] == ["y", "z", "x", "w"]


def test_an_absence_is_an_occurrence_too() -> None:
    """With the fields of its group."""
    silent = correlation("absence", "beat", by="host")
    story = Story(silent=silent, dark=correlation("value_count", "silent", by="", fields=("host",), gte=2))
    story.tell("beat", 0, host="a")
    story.tell("beat", 1, host="b")
    assert [(each.rule, when([each])) for each in story.wait(100)] == [
        ("silent", [60]),
        ("silent", [61]),
        ("dark", [61]),
    ]


def test_a_cycle_is_a_mistake_of_the_caller() -> None:
    """The parser has refused it."""
    with pytest.raises(AssertionError, match="refers to itself"):
        Correlator({"a": correlation("event_count", "b"), "b": correlation("event_count", "a")}, Limits())


@pytest.mark.parametrize(
    "nested",
    [Not(Text("", ("a",))), And(tuple(Or((Text("", (f"{n}x",)), Text("", (f"{n}y",)))) for n in range(10)))],
)
def test_an_ordered_condition_that_cannot_be_run_is_refused(nested: Not | And) -> None:
    """One of no rule that is to occur, and one of too many alternatives."""
    rules = ("a", *(f"{n}{xy}" for n in range(10) for xy in "xy"))
    with pytest.raises(ValueError, match="expected an ordered condition of"):
        Correlator({"c": correlation("temporal_ordered", *rules, nested=nested)}, Limits())


def test_what_nothing_refers_to_is_no_matter() -> None:
    """An occurrence of such a rule is not even counted."""
    story = Story(many=GUESSED)
    assert story.tell("other", 0) == []
    assert story.correlator.groups == 0


# --- absence ---


def absence(span_s: float = MINUTE_S) -> Correlation:
    return correlation("absence", "beat", by="host", span_s=span_s)


def test_a_group_that_was_seen_and_sends_nothing_is_raised_once() -> None:
    """One timespan after its last event, which is when it is due; the value is for how long."""
    story = Story(silent=absence())
    story.every(0, 30, rule="beat", host="a")
    assert story.wait(89.999) == []
    (raised,) = story.wait(95)
    assert raised == Raised(
        "silent", (("host", "a"),), 60_000, raised.time_ms, raised.time_ms - 60_000, ("e1", "e2"), True
    )
    assert when([raised]) == [90]
    assert story.wait(1000) == []


def test_an_absence_ends_when_something_comes() -> None:
    """And may begin again."""
    story = Story(silent=absence())
    story.tell("beat", 0, host="a")
    story.wait(70)
    (ended,) = story.tell("beat", 75, host="a")
    assert (ended.rule, ended.group, ended.evicted) == ("silent", (("host", "a"),), False)  # type: ignore[union-attr]
    assert when(story.wait(200)) == [135]


def test_a_group_that_was_never_seen_is_not_missed() -> None:
    """Nobody knows of it."""
    assert Story(silent=absence()).wait(1000) == []


def test_due_is_not_before_there_is_something_to_tell() -> None:
    """`next_due_ms` follows the events only when it is due, so that an event sets no timer that is set."""
    story = Story(silent=absence())
    assert story.correlator.next_due_ms is None
    story.every(0, 30, rule="beat", host="a")
    assert [*story.wait(60), *story.wait(89)] == []
    assert when(story.wait(90)) == [90]
    assert story.correlator.next_due_ms is None


def test_absences_come_in_the_order_of_their_times() -> None:
    """However late they are asked for."""
    story = Story(silent=absence(60), quiet=absence(30))
    for at, host in enumerate("ba"):
        story.tell("beat", at, host=host)
    assert when(story.wait(1000)) == [30, 31, 60, 61]
