"""What each type of correlation says of events that come in order."""

from typing import Any

import pytest

from engine.sigma.correlate_model import Raised
from engine.sigma.model import And, Not, Or, Text
from tests.sigma.correlating import LATENESS_S, START_MS, Story, correlation, groups, values, when


def test_as_many_events_as_asked_for_within_the_timespan_are_raised_by_the_last_of_them() -> None:
    """Three within a minute: the third raises, and says how many there are and since when, of whom, and which."""
    story = Story(many=correlation("event_count", gte=3))
    assert story.every(0, 10) == []
    (raised,) = story.tell(at=20)
    assert raised == Raised("many", (("user", "ann"),), 3, START_MS + 20_000, START_MS, ("e1", "e2", "e3"))


def test_a_window_holds_its_end_and_not_its_beginning() -> None:
    """An event exactly one timespan ago is outside; one a millisecond younger is within."""
    story = Story(many=correlation("event_count", gte=2))
    assert story.every(0, 60) == []
    assert when(story.tell(at=119.999)) == [119.999]


def test_every_further_event_raises_while_the_condition_holds() -> None:
    """It is for the alert to stay one; once the window has emptied, counting begins anew."""
    story = Story(many=correlation("event_count", gt=1))
    assert when(story.every(0, 1, 2, 100, 101)) == [1, 2, 101]


@pytest.mark.parametrize(
    ("condition", "raised"),
    [({"gte": 3}, [3, 4, 5]), ({"gt": 3}, [4, 5]), ({"gte": 2.5}, [3, 4, 5])],
)
def test_lower_bounds_are_decided_at_each_event(condition: dict[str, Any], raised: list[int]) -> None:
    """More events can only make them true."""
    story = Story(many=correlation("event_count", **condition))
    assert values(story.every(0, 1, 2, 3, 4)) == raised


@pytest.mark.parametrize(
    ("condition", "holds"),
    [({"lt": 3}, False), ({"lte": 3}, True), ({"eq": 3}, True), ({"neq": 3}, False), ({"gt": 1, "lte": 3}, True)],
)
def test_what_a_further_event_may_undo_is_decided_when_the_window_is_over(
    condition: dict[str, Any], holds: bool
) -> None:
    """The first event opens it, and what comes late is waited for."""
    story = Story(few=correlation("event_count", **condition))
    assert story.every(0, 20, 40) == []
    assert story.wait(60 + LATENESS_S - 0.001) == []
    assert values(story.wait(60 + LATENESS_S)) == ([3] if holds else [])


def test_the_next_window_is_opened_by_the_first_event_after_the_last() -> None:
    """Windows that are decided when they are over do not overlap."""
    story = Story(few=correlation("event_count", lt=3))
    assert when([*story.every(0, 1, 2, 60, 61), *story.wait(1000)]) == [119.999]
    assert story.correlator.next_due_ms is None


def test_without_an_event_there_is_no_window() -> None:
    """`lt` says nothing of a group that sent nothing: that is what `absence` is for."""
    story = Story(few=correlation("event_count", lt=3))
    assert story.wait(10_000) == []


def test_different_values_are_counted() -> None:
    """As text, so that 1 and "1" are one; what has none does not count."""
    story = Story(spray=correlation("value_count", by="host", fields=("user",), gte=3))
    told = [story.tell(at=at, host="h", user=user) for at, user in enumerate(["a", "a", 1, "1", None, "b", "a"])]
    assert [values(each) for each in told] == [[], [], [], [], [], [3], [3]]


def test_of_several_fields_their_combinations_are_counted() -> None:
    """One in which a field is missing is none."""
    story = Story(spray=correlation("value_count", by="host", fields=("user", "port"), gte=3))
    pairs = [("a", 1), ("a", 2), ("b", None), ("a", 1), ("b", 1)]
    told = [story.tell(at=at, host="h", user=user, port=port) for at, (user, port) in enumerate(pairs)]
    assert [values(each) for each in told] == [[], [], [], [], [3]]


def test_numbers_are_added_up_exactly() -> None:
    """Text that reads as a number is one; a float that has left leaves nothing behind."""
    story = Story(much=correlation("value_sum", fields=("bytes",), gte=0))
    sizes: list[tuple[float, Any, list[float]]] = [
        (0, 1e17, [1e17]),
        (1, 0.1, [1e17]),
        (60, "0.2", [0.1 + 0.2]),
        (61, "many", []),
        (62, True, []),
        (63, "3", [3.2]),
    ]
    assert [values(story.tell(at=at, bytes=size)) for at, size, _ in sizes] == [expected for *_, expected in sizes]


def test_the_mean_is_of_the_window() -> None:
    """What has left it does not weigh."""
    story = Story(slow=correlation("value_avg", fields=("took",), gt=10))
    assert values([*story.tell(at=0, took=9), *story.tell(at=30, took=12), *story.tell(at=60, took=14)]) == [10.5, 13]


@pytest.mark.parametrize(("percentile", "expected"), [(0, 1), (50, 2.5), (75, 3.25), (100, 4)])
def test_a_percentile_lies_between_two_values(percentile: float, expected: float) -> None:
    """By linear interpolation, as `quantile` of PromQL."""
    story = Story(slow=correlation("value_percentile", fields=("took",), percentile=percentile, gte=0))
    assert values([raised for took in (4, 1, 3, 2) for raised in story.tell(at=1, took=took)])[-1] == expected


def test_the_median_is_the_middle_value() -> None:
    """Of an even number of values, the mean of the two."""
    story = Story(slow=correlation("value_median", fields=("took",), gte=0))
    assert values([raised for took in (5, 1, 3) for raised in story.tell(at=1, took=took)]) == [5, 3, 3]


def test_rules_that_all_occur_in_any_order() -> None:
    """The timespan reaches from the first of them to the last."""
    story = Story(recon=correlation("temporal", "a", "b", "c"))
    assert story.every(0, rule="c") == []
    assert story.every(30, rule="a") == []
    assert story.every(60, rule="b") == []
    assert when(story.every(61, rule="c")) == [61]


def test_as_many_of_the_rules_as_asked_for() -> None:
    """A condition on a temporal correlation counts the rules that occur."""
    story = Story(recon=correlation("temporal", "a", "b", "c", gte=2))
    assert values([*story.every(0, 1, rule="a"), *story.every(2, rule="c")]) == [2]


def test_rules_that_occur_in_their_order() -> None:
    """What comes in between does not matter, and the latest beginning is what counts."""
    story = Story(breach=correlation("temporal_ordered", "guess", "login", "sudo"))
    told = [story.tell(rule, at) for at, rule in enumerate(["login", "guess", "sudo", "login", "guess", "sudo"])]
    assert [when(each) for each in told] == [[], [], [], [], [], [5]]
    assert when(story.tell("sudo", 60.999)) == [60.999]
    assert story.tell("sudo", 61) == []


def test_as_many_rules_in_their_order_as_asked_for() -> None:
    """Some may be left out."""
    story = Story(breach=correlation("temporal_ordered", "a", "b", "c", gte=2))
    told = [story.tell(rule, at) for at, rule in enumerate(["c", "b", "a", "c", "b", "c"])]
    assert [values(each) for each in told] == [[], [], [], [2], [2], [3]]


def test_an_event_is_not_after_itself() -> None:
    """Two rules that one event fits do not follow each other; two events of the same instant do, as they came."""
    story = Story(breach=correlation("temporal_ordered", "a", "b"))
    assert story.tell("a", 0) == []
    assert story.tell("b", 0, again=True) == []
    assert when(story.tell("b", 0)) == [0]


def test_an_event_that_fits_several_rules_counts_once() -> None:
    """Events are counted, not rules."""
    story = Story(many=correlation("event_count", "a", "b", gte=2))
    assert story.tell("a", 0) == []
    assert story.tell("b", 0, again=True) == []
    assert values(story.tell("b", 1)) == [2]


A, B, C = (Text("", (rule,)) for rule in "abc")


def test_an_extended_condition_over_rules() -> None:
    """`a and (b or c)`."""
    story = Story(recon=correlation("temporal", "a", "b", "c", nested=And((A, Or((B, C))))))
    assert [when(story.tell(rule, at)) for at, rule in enumerate("bca")] == [[], [], [2]]


def test_an_extended_condition_with_not_is_decided_when_the_window_is_over() -> None:
    """`a and not b`: the b may come after the a."""
    story = Story(lonely=correlation("temporal", "a", "b", nested=And((A, Not(B)))))
    assert [*story.every(0, rule="a"), *story.every(59, rule="b"), *story.wait(200)] == []
    assert when([*story.every(300, rule="a"), *story.every(361, rule="b"), *story.wait(1000)]) == [359.999]


def test_an_extended_condition_in_order() -> None:
    """Of each alternative the rules occur in the order of `rules`, and none of those that it excludes."""
    story = Story(breach=correlation("temporal_ordered", "a", "b", "c", nested=And((Or((A, B)), C))))
    assert [when(story.tell(rule, at)) for at, rule in enumerate("cbc")] == [[], [], [2]]
    story = Story(breach=correlation("temporal_ordered", "a", "b", "c", nested=And((A, B, Not(C)))))
    assert [*story.every(0, rule="b"), *story.every(1, rule="a"), *story.wait(100)] == []
    assert when([*story.every(100, rule="a"), *story.every(101, rule="b"), *story.wait(200)]) == [159.999]
    assert [*(raised for rule in "abc" for raised in story.tell(rule, 200)), *story.wait(300)] == []


def test_groups_are_apart() -> None:
    """Each combination of values is counted by itself, exactly as it is written."""
    story = Story(many=correlation("event_count", by="user host", gte=2))
    told = [story.tell(user=user, host=host) for user, host in [("a", 1), ("a", 2), ("A", 1), ("b", 1), ("a", "1")]]
    assert [groups(each) for each in told] == [[], [], [], [], [{"user": "a", "host": "1"}]]


def test_without_group_by_all_are_one() -> None:
    """Whatever the events hold."""
    story = Story(many=correlation("event_count", by="", gte=2))
    assert groups([*story.tell(user="a"), *story.tell(user="b")]) == [{}]


def test_an_event_without_a_field_to_group_by_belongs_to_no_group() -> None:
    """Null is no value either. It is counted as passed over."""
    story = Story(many=correlation("event_count", by="host", gte=1))
    assert [*story.tell(), *story.tell(host=None)] == []
    assert story.correlator.passed_over == {"many": 2}


def test_an_alias_is_another_field_in_each_rule() -> None:
    """It is what the group is called by."""
    aliases = {"address": {"failed": "destination.ip", "opened": "source.ip"}}
    story = Story(same=correlation("temporal", "failed", "opened", by="address", aliases=aliases))
    story.tell("failed", 0, destination={"ip": "10.0.0.1"}, source={"ip": "10.0.0.2"})
    assert story.tell("opened", 1, source={"ip": "10.0.0.2"}) == []
    assert groups(story.tell("opened", 2, source={"ip": "10.0.0.1"})) == [{"address": "10.0.0.1"}]
