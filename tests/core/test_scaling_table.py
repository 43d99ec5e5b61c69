"""The replica algorithm agrees with what Kubernetes documents, case by case (`scaling_cases`)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.scaling.behavior import Recommended, limit_down, limit_up, stabilized
from engine.core.scaling.memory import Memory
from engine.core.scaling.replicas import combined, of_each, of_total, of_value
from engine.core.scaling.rule import DOWN, UP, Direction, ScaleRule
from tests.core import scaling_cases as table
from tests.core.scaling_cases import NOW_MS, Each, Limited, One, Several, Steadied


@pytest.mark.parametrize("case", table.EACH, ids=table.rules(table.EACH))
def test_a_value_of_each_replica(case: Each) -> None:
    """The mean of the ready replicas decides; what is not known counts against a change."""
    found = of_each(case.values, case.target, case.counts, case.tolerance, missing=case.missing, unready=case.unready)
    assert found == case.replicas


@pytest.mark.parametrize("case", table.ONE, ids=table.rules(table.ONE))
def test_one_value_of_the_workload(case: One) -> None:
    """A value is to be at its target, or is shared by the replicas."""
    of = of_total if case.average else of_value
    assert of(case.value, case.target, case.counts, case.tolerance) == case.replicas


@pytest.mark.parametrize("case", table.SEVERAL, ids=table.rules(table.SEVERAL))
def test_several_metrics(case: Several) -> None:
    """The highest wins, and one that is not known prevents a scale down."""
    assert combined(case.proposals, case.wanted).replicas == case.replicas


@pytest.mark.parametrize("case", table.LIMITED, ids=table.rules(table.LIMITED))
def test_policies(case: Limited) -> None:
    """The policies permit so much change, and what changed within their period is taken from it."""
    limit = limit_up if case.up else limit_down
    assert limit(case.wanted, case.changes, case.direction, NOW_MS) == case.replicas


@pytest.mark.parametrize("case", table.STEADIED, ids=table.rules(table.STEADIED))
def test_stabilization(case: Steadied) -> None:
    """A recommendation is followed as far as those of the window agree."""
    windows = {"down_ms": table.ago(case.down_s), "up_ms": table.ago(case.up_s)}
    assert stabilized(case.desired, case.wanted, case.before, case.before, **windows) == case.replicas


def test_the_table_is_long_enough() -> None:
    """It holds at least 40 cases, no two of one name."""
    every = [
        name
        for cases in (table.EACH, table.ONE, table.SEVERAL, table.LIMITED, table.STEADIED)
        for name in table.rules(cases)
    ]
    assert len(set(every)) == len(every) >= 40


def test_the_defaults_are_those_of_kubernetes() -> None:
    """Up: no window, 4 pods or 100% in 15 s, the most change. Down: a window of 300 s, 100% in 15 s."""
    assert (UP.stabilization_ms, UP.select, UP.tolerance) == (0, "max", 0.1)
    assert {(each.kind, each.value, each.period_ms) for each in UP.policies} == {
        ("pods", 4, 15_000),
        ("percent", 100, 15_000),
    }
    assert (DOWN.stabilization_ms, DOWN.select, DOWN.tolerance) == (300_000, "max", 0.1)
    assert [(each.kind, each.value, each.period_ms) for each in DOWN.policies] == [("percent", 100, 15_000)]


@given(
    st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 9)), max_size=60),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 9),
)
def test_what_is_forgotten_of_recommendations_never_mattered(
    steps: list[tuple[int, int]], down_s: int, up_s: int, wanted: int
) -> None:
    """Keeping only those that can still be the highest or the lowest decides as keeping all of them does."""
    rule = ScaleRule(
        id="r", group="g", name="n", source="", target="", args={}, min=0, max=9,
        down=Direction(policies=(), stabilization_ms=down_s * 1000),
        up=Direction(policies=(), stabilization_ms=up_s * 1000),
    )  # fmt: skip
    memory, every, now_ms = Memory(), list[Recommended](), 0
    for later_ms, desired in steps:
        now_ms += later_ms
        windows = {"down_ms": now_ms - down_s * 1000, "up_ms": now_ms - up_s * 1000}
        kept = stabilized(desired, wanted, memory.highest, memory.lowest, **windows)
        assert kept == stabilized(desired, wanted, every, every, **windows)
        memory.recommended(desired, rule, now_ms)
        every.append(Recommended(now_ms, desired))
        assert len(memory.highest) <= 10
        assert len(memory.lowest) <= 10
