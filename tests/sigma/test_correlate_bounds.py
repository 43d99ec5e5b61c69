"""How much is kept, who has to go, and what is known of that afterwards: whoever writes the events chooses the keys."""

from collections.abc import Mapping

import msgspec
import pytest

from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits, Occurred
from engine.sigma.correlate_values import LONGEST
from engine.sigma.model import And, Correlation, CorrelationType, Not, Text
from tests.sigma.correlating import LATENESS_S, START_MS, Story, correlation, ended, groups, values, when

LATENESS_MS = LATENESS_S * 1000
MANY = correlation("event_count", gte=2)


def limits(**bounds: float) -> Limits:
    return msgspec.convert({"lateness_ms": LATENESS_MS, **bounds}, Limits)


def test_the_least_recently_active_group_goes() -> None:
    """The one that began first has been active since."""
    story = Story(limits(groups=2), many=MANY)
    for at, user in enumerate("aba"):
        story.tell(at=at, user=user)
    story.tell(at=3, user="c")
    assert story.correlator.evicted == {("many", "groups"): 1}
    assert [groups(story.tell(at=4, user=user)) for user in "ab"] == [[{"user": "a"}], []]


def test_the_node_with_the_most_groups_makes_room() -> None:
    """Whoever makes up keys displaces their own; the others lose nothing."""
    story = Story(limits(groups=10, share=1), many=MANY)
    for user in "abc":
        story.tell(user=user, node="quiet")
    for number in range(1000):
        story.tell(user=f"u{number}", node="loud")
    for user in "def":
        story.tell(user=user, node="another")
    assert story.correlator.groups == 10
    assert [values(story.tell(user=user, node="quiet")) for user in "abcdef"] == [[2]] * 6


def test_a_node_has_its_share_while_there_are_others() -> None:
    """Alone it may have all."""
    story = Story(limits(groups=10, share=0.5), many=MANY)
    for number in range(20):
        story.tell(user=f"u{number}", node="loud")
    assert story.correlator.groups == 10
    story.tell(user="a", node="quiet")
    for number in range(20):
        story.tell(user=f"v{number}", node="loud")
    assert values(story.tell(user="a", node="quiet")) == [2]
    assert story.correlator.evicted["many", "share"] == 20


def test_groups_that_no_window_holds_anything_of_are_forgotten() -> None:
    """Not before the timespan and the lateness are over; that is no eviction."""
    story = Story(many=MANY)
    story.tell(at=0)
    story.correlator.forget(START_MS + 60_000 + LATENESS_MS - 1)
    assert story.correlator.groups == 1
    story.correlator.forget(START_MS + 60_000 + LATENESS_MS)
    assert (story.correlator.groups, story.correlator.evicted) == (0, {})


def test_to_make_room_by_a_group_that_is_over_is_no_eviction() -> None:
    """Even if nobody has asked to forget."""
    story = Story(limits(groups=1), many=MANY)
    story.tell(at=0)
    story.tell(at=100, user="bob")
    assert (story.correlator.groups, story.correlator.evicted) == (1, {})


def test_an_absence_ends_when_its_group_has_to_go() -> None:
    """Or its alert would never end."""
    story = Story(limits(groups=1), silent=correlation("absence", "beat", by="host"))
    story.tell("beat", 0, host="a")
    story.wait(60)
    (gone,) = ended(story.tell("beat", 70, host="b"))
    assert (gone.group, gone.evicted) == ((("host", "a"),), True)


def test_what_is_forgotten_is_no_absence() -> None:
    """A group that is waited for, or that is silent, stays."""
    story = Story(silent=correlation("absence", "beat", by="host"))
    story.tell("beat", 0, host="a")
    assert len(story.wait(60)) == 1
    story.correlator.forget(START_MS + 10**9)
    assert len(ended(story.tell("beat", 10**6, host="a"))) == 1


def test_a_count_keeps_what_its_condition_needs() -> None:
    """Of a million events a few; the value is at least as large as what is compared with."""
    story = Story(limits(reorder=10), many=correlation("event_count", gte=5))
    results = [value for number in range(10_000) for value in values(story.tell(at=number / 1000))]
    assert story.correlator.entries <= 5 + 1 + 2 * 10
    assert len(results) == 10_000 - 4
    assert min(results) == 5


def test_a_count_that_no_longer_knows_says_many() -> None:
    """`lt: 5` is decided at the end of its window, after which a thousand more have come."""
    story = Story(limits(reorder=10), few=correlation("event_count", lt=5))
    story.every(*(number / 100 for number in range(100)))
    story.every(*(60 + number / 1000 for number in range(9_000)))
    assert when(story.wait(71)) == []


def test_a_flood_of_one_value_hides_no_other() -> None:
    """Of what is counted the newest of each value stays."""
    story = Story(limits(kept=10, reorder=5), spray=correlation("value_count", fields=("port",), gte=4))
    story.every(0, port=1)
    story.every(1, port=2)
    for number in range(1000):
        story.tell(at=2 + number / 1000, port=3)
    assert values(story.tell(at=4, port=4)) == [4]
    assert story.correlator.entries <= 10 + 2 * 5
    assert story.correlator.evicted == {}


def test_more_values_than_are_kept_are_counted_as_given_up() -> None:
    """But never fewer are kept than the condition needs."""
    story = Story(limits(kept=10, reorder=5), spray=correlation("value_count", fields=("port",), gte=50))
    found = [value for port in range(200) for value in values(story.tell(at=port / 100, port=port))]
    assert len(found) == 151
    assert story.correlator.evicted["spray", "values"] > 0


def test_a_flood_of_small_numbers_hides_no_large_one() -> None:
    """A sum becomes coarser in time, and keeps what it is of."""
    story = Story(limits(kept=10, reorder=5), much=correlation("value_sum", fields=("bytes",), gt=1000))
    story.tell(at=0, bytes=1000)
    found = [value for number in range(1, 1001) for value in values(story.tell(at=number / 1000, bytes=1))]
    assert found == list(range(1001, 2001))
    assert story.correlator.entries <= 10 + 2 * 5
    (last,) = values(story.tell(at=59.999, bytes=1))
    assert last == 2001
    assert values(story.tell(at=80, bytes=1001)) == [1002]


def test_a_mean_weighs_what_was_joined() -> None:
    """By how many they were."""
    story = Story(limits(kept=10, reorder=5), slow=correlation("value_avg", fields=("took",), gte=0))
    found = [value for number in range(100) for value in values(story.tell(at=number / 100, took=number))]
    assert found[-1] == sum(range(100)) / 100


def test_a_percentile_is_of_the_newest_values() -> None:
    """The others are counted as given up."""
    story = Story(limits(kept=10, reorder=5), slow=correlation("value_median", fields=("took",), gte=0))
    found = [value for number in range(100) for value in values(story.tell(at=number / 100, took=number))]
    assert 85 <= found[-1] <= 93
    assert story.correlator.evicted["slow", "values"] > 0


A, B = Text("", ("a",)), Text("", ("b",))


@pytest.mark.parametrize(
    "says",
    [
        correlation("event_count", "a", "b", eq=2),
        correlation("value_count", "a", "b", fields=("n",), eq=2),
        correlation("value_sum", "a", "b", fields=("n",), lt=4),
        correlation("value_median", "a", "b", fields=("n",), lt=2),
        correlation("temporal", "a", "b", nested=And((A, Not(B)))),
        correlation("temporal_ordered", "a", "b", nested=And((A, Not(B)))),
    ],
    ids=lambda says: says.type,
)
def test_a_flood_changes_nothing_of_the_window_before_it(says: Correlation) -> None:
    """What is decided at the end of a window is the same however much comes in the time that late events have."""
    quiet, flooded = (
        Story(Limits(lateness_ms=300_000, kept=20), it=says),
        Story(Limits(lateness_ms=300_000, kept=20), it=says),
    )
    results = []
    for story, events in ((quiet, 10), (flooded, 1_000)):
        found = [*story.tell("a", 0, n=1), *story.tell("a", 50, n=2)]
        for number in range(events):
            found += story.tell("b", 60 + number / 100, n=number)
        results.append([*found, *story.wait(400)])
    assert when(results[0])[0] == when(results[1])[0] == 59.999
    assert values(results[0])[0] == values(results[1])[0]


def test_a_window_that_a_flood_decides_is_about_no_event_of_the_flood() -> None:
    """What its correlations and alerts are told of it are the fields of its group, as when time decides it."""
    few = correlation("event_count", lt=3)
    above = correlation("event_count", "few", by="host", gte=1)
    story = Story(limits(reorder=3), few=few, above=above)
    found = [result for at in (0, *range(60, 70)) for result in story.tell(at=at, host="a")]
    assert groups(found) == [{"user": "ann"}]


def test_order_is_known_however_much_comes_in_between() -> None:
    """The events are not kept, what they began is."""
    story = Story(limits(reorder=5), breach=correlation("temporal_ordered", "guess", "login", "sudo"))
    story.tell("guess", 0)
    story.every(*(1 + number / 100 for number in range(1000)), rule="login")
    assert when(story.tell("sudo", 59)) == [59]
    assert story.correlator.entries <= 2 * 5 + 1


@pytest.mark.parametrize("kind", ["event_count", "value_count", "value_sum", "value_median", "temporal", "absence"])
def test_a_flood_of_late_events_is_bounded_too(kind: CorrelationType) -> None:
    """Although none of them is the newest of its group."""
    says = correlation(kind, fields=("n",), gte=5) if kind != "absence" else correlation(kind)
    story = Story(limits(kept=10, reorder=5), flood=says)
    story.tell(at=10, n=0)
    for number in range(1000):
        story.tell(at=1 + number / 1000, n=number)
    assert story.correlator.entries <= 10 + 2 * 5


def test_too_many_entries_make_the_heaviest_node_give_up_groups() -> None:
    """Until a tenth is free."""
    story = Story(limits(entries=100), much=correlation("value_sum", fields=("n",), gte=2))
    for user in "abc":
        story.tell(user=user, n=1, node="quiet")
    for number in range(98):
        story.tell(user=f"u{number % 14}", n=0, node="loud")
    assert (story.correlator.entries, story.correlator.groups) == (101 - 14, 3 + 12)
    assert story.correlator.evicted == {("much", "entries"): 2}
    assert [values(story.tell(user=user, n=1, node="quiet")) for user in "abc"] == [[2]] * 3


def test_long_values_are_kept_short() -> None:
    """And differ where they differed."""
    story = Story(many=MANY)
    long = "x" * 100_000
    assert [*story.tell(user=long + "a"), *story.tell(user=long + "b")] == []
    ((_, name),) = story.tell(user=long + "b")[0].group
    assert len(name) == LONGEST


def test_events_that_are_told_of_are_the_first_and_the_last() -> None:
    """A few of each, of those in the window."""
    story = Story(limits(events=2), many=correlation("event_count", gte=1))
    (*_, raised) = story.every(*range(10))
    assert raised.events == ("e1", "e2", "e9", "e10")  # type: ignore[union-attr]
    (raised,) = story.every(66)
    assert raised.events == ("e9", "e10", "e11")  # type: ignore[union-attr]


# --- other rules, and another process ---


def test_a_correlation_that_says_the_same_goes_on_under_new_rules() -> None:
    """Others begin anew, and what is gone says nothing more."""
    story = Story(same=MANY, other=MANY, gone=correlation("absence"))
    story.tell(at=0)
    story.correlator.replace({"new": MANY, "same": MANY, "other": correlation("event_count", gte=2, span_s=61)})
    assert [each.rule for each in story.tell(at=1)] == ["same"]
    assert story.wait(1000) == []


def test_a_dump_of_other_rules_restores_what_says_the_same() -> None:
    """As `replace` does."""
    story = Story(same=MANY, other=MANY)
    story.tell(at=0)
    restored = Correlator({"same": MANY, "other": correlation("event_count", gte=3)}, story.limits)
    restored.load(story.correlator.dump())
    occurred = Occurred("login", {"user": "ann"}, START_MS + 1, "n1", "e9")
    assert [each.rule for each in restored.observe(occurred, START_MS + 1)] == ["same"]


def test_what_is_no_dump_is_told() -> None:
    """The host then recovers from elsewhere."""
    with pytest.raises(msgspec.MsgspecError):
        Correlator({}, Limits()).load(b"\x93")


def test_the_order_in_which_rules_are_given_does_not_matter() -> None:
    """A restored program may have another."""
    rules = {"a": MANY, "b": correlation("event_count", "a", gte=1), "c": MANY}

    def told(given: Mapping[str, Correlation]) -> list[str]:
        story = Story(**given)
        return [each.rule for each in story.every(0, 1)]

    assert told(rules) == told(dict(reversed(rules.items()))) == ["a", "c", "b"]
