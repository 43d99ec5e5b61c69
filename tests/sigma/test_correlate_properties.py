"""What holds of whatever is told to a correlator, in whatever order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sigma.correlate import Correlator
from engine.sigma.correlate_model import Limits, Occurred, Raised, Result
from engine.sigma.model import And, Correlation, Not, Or, Text
from tests.sigma.correlate_naive import Told, first_that_holds, holds, measured, window
from tests.sigma.correlating import START_MS, correlation

LATENESS_MS = 8
SPAN_MS = 6
"""Less than events may be late, and both so small that whatever lies on a boundary is drawn often."""
LIMITS = Limits(lateness_ms=LATENESS_MS)
TIGHT = Limits(lateness_ms=LATENESS_MS, groups=4, entries=30, kept=4, reorder=3, events=1)
A, B, C = (Text("", (rule,)) for rule in "abc")


def of(kind: Any, *rules: str, **says: Any) -> Correlation:
    return correlation(kind, *(rules or ("a", "b", "c")), by="g", span_s=SPAN_MS / 1000, **says)


AT_ONCE = {
    "event_count": of("event_count", gte=4),
    "value_count": of("value_count", fields=("n",), gte=3),
    "value_sum": of("value_sum", fields=("n",), gt=1.5),
    "value_avg": of("value_avg", fields=("n",), gt=0.45),
    "value_median": of("value_median", fields=("n",), gt=0.3),
    "temporal": of("temporal", gte=3),
    "temporal, some": of("temporal", gte=2),
    "temporal, a condition": of("temporal", nested=And((A, Or((B, C))))),
    "temporal_ordered": of("temporal_ordered", gte=3),
    "temporal_ordered, some": of("temporal_ordered", gte=2),
    "temporal_ordered, a condition": of("temporal_ordered", nested=Or((And((A, C)), B))),
}
AT_THE_END = {
    "event_count": of("event_count", gt=1, lte=3),
    "value_count": of("value_count", fields=("n",), eq=2),
    "value_sum": of("value_sum", fields=("n",), lt=1),
    "temporal": of("temporal", nested=And((A, Not(B)))),
    "temporal_ordered": of("temporal_ordered", nested=And((A, B, Not(C)))),
}

VALUES = st.sampled_from((0.1, 0.2, 0.3, 1, 1e17, -1e17, 5))
RULES = st.sampled_from(("a", "b", "c"))
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, LATENESS_MS), st.lists(RULES, min_size=1, max_size=2, unique=True), VALUES
    ),
    max_size=40,
)
"""Steps of the clock, how late the event is, the rules that it fits, and its number."""


def occurrences(events: list[Any], groups: int = 1) -> list[tuple[int, Occurred]]:
    """With the time at which each is told."""
    found = []
    now_ms = START_MS
    for number, (step_ms, late_ms, rules, value) in enumerate(events):
        now_ms += step_ms
        group = number * 7 % groups
        data = {"g": group if group < 8 else None, "n": value}
        for rule in rules:
            found.append((now_ms, Occurred(rule, data, now_ms - late_ms, f"n{number % 3}", f"e{number}")))
    return found


@pytest.mark.parametrize("name", AT_ONCE)
@given(events=EVENTS)
def test_windows_are_those_of_the_whole_list(name: str, events: list[Any]) -> None:
    """After each occurrence, the first window that holds of those that contain it, as if all were looked at again."""
    says = AT_ONCE[name]
    correlator = Correlator({"it": says}, LIMITS)
    told: list[Told] = []
    for now_ms, each in occurrences(events):
        event = int(each.event[1:])
        again = bool(told) and told[-1].event == event
        results = correlator.observe(each, now_ms)
        if again and not says.type.startswith("temporal"):
            assert results == ()
            continue
        told.append(Told(each.time_ms, each.rule, each.data["n"], event))
        assert [(raised.time_ms, raised.value) for raised in results if isinstance(raised, Raised)] == [
            found for found in [first_that_holds(says, told)] if found
        ]


@pytest.mark.parametrize("name", AT_THE_END)
@given(events=EVENTS)
def test_windows_decided_at_their_end_are_those_of_the_whole_list(name: str, events: list[Any]) -> None:
    """Each is opened by the first event that is in none before it, and holds what was told in time."""
    says = AT_THE_END[name]
    correlator = Correlator({"it": says}, LIMITS)
    told: list[Told] = []
    opened_ms = None
    for now_ms, each in [*occurrences(events), (START_MS + 10**6, None)]:
        expected: list[tuple[int, float]] = []
        while opened_ms is not None and opened_ms + SPAN_MS + LATENESS_MS <= now_ms:
            end_ms = opened_ms + SPAN_MS - 1
            value = measured(says, window(says, told, end_ms))
            if value is not None and holds(says, value):
                expected.append((end_ms, value))
            opened_ms = min((other.time_ms for other in told if other.time_ms > end_ms), default=None)
        due = correlator.due(now_ms)
        assert [(raised.time_ms, raised.value) for raised in due if isinstance(raised, Raised)] == expected
        if each is not None:
            assert correlator.observe(each, now_ms) == ()
            event = int(each.event[1:])
            if says.type.startswith("temporal") or not told or told[-1].event != event:
                told.append(Told(each.time_ms, each.rule, each.data["n"], event))
                opened_ms = each.time_ms if opened_ms is None else opened_ms


EVERY = {
    **{f"{name}, at once".replace(" ", ""): says for name, says in AT_ONCE.items()},
    **{f"{name}, at its end".replace(" ", ""): says for name, says in AT_THE_END.items()},
    "absence": of("absence"),
    "above": of("temporal_ordered", "absence", "event_count,atonce", "value_count,atitsend"),
    "top": of("event_count", "above", "event_count,atonce", gte=2),
}


def tell(correlator: Correlator, now_ms: int, each: Occurred) -> list[Result]:
    """As the core does for each message."""
    results = [*correlator.due(now_ms), *correlator.observe(each, now_ms)]
    if now_ms % 3 == 0:
        correlator.forget(now_ms)
    return results


@given(events=EVENTS, tight=st.booleans(), data=st.data())
def test_a_restored_correlator_goes_on_as_the_one_that_was_saved(events: list[Any], tight: bool, data: Any) -> None:
    """Message for message, with bounds that are reached: what follows, what is due, what was counted, what is saved."""
    limits = TIGHT if tight else LIMITS
    one, other = Correlator(EVERY, limits), Correlator(EVERY, limits)
    for now_ms, each in occurrences(events, groups=9):
        if data.draw(st.integers(0, 3)) == 0:
            saved = other.dump()
            other = Correlator(EVERY, limits)
            other.load(saved)
            assert other.dump() == saved
        assert tell(one, now_ms, each) == tell(other, now_ms, each)
        assert one.next_due_ms == other.next_due_ms
        assert (one.evicted, one.passed_over) == (other.evicted, other.passed_over)
    assert one.due(START_MS + 10**6) == other.due(START_MS + 10**6)
    assert one.dump() == other.dump()


@given(events=EVENTS)
def test_bounds_hold_whatever_comes(events: list[Any]) -> None:
    """No more groups and entries than the limits say."""
    correlator = Correlator(EVERY, TIGHT)
    for now_ms, each in occurrences(events, groups=9):
        tell(correlator, now_ms, each)
        assert correlator.groups <= TIGHT.groups * len(EVERY)
        assert correlator.entries <= TIGHT.entries * len(EVERY)


@given(events=EVENTS, by_ms=st.integers(1, 10**8).map(lambda thirds: 3 * thirds))
def test_a_clock_that_is_set_back_moves_everything(events: list[Any], by_ms: int) -> None:
    """What follows is the same, so much earlier."""
    one, other = Correlator(EVERY, TIGHT), Correlator(EVERY, TIGHT)
    story = occurrences(events, groups=9)
    half = len(story) // 2
    for now_ms, each in story[:half]:
        assert tell(one, now_ms, each) == tell(other, now_ms, each)
    other.set_back(by_ms)
    for now_ms, each in story[half:]:
        moved = Occurred(each.rule, each.data, each.time_ms - by_ms, each.source, each.event)
        expected, got = tell(one, now_ms, each), tell(other, now_ms - by_ms, moved)
        one.forget(now_ms)
        other.forget(now_ms - by_ms)
        assert one.groups == other.groups
        assert [(each.rule, each.group, each.time_ms) for each in expected] == [
            (each.rule, each.group, each.time_ms + by_ms) for each in got
        ]
