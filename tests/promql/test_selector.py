"""Selectors, without samples."""

from engine.promql import Selector, compile_query, uncovered


def selectors(*texts: str) -> list[Selector]:
    return [selector for text in texts for selector in compile_query(text).selectors]


def test_what_a_wider_window_or_fewer_matchers_keep_is_covered() -> None:
    """Whoever keeps an hour of a metric has all that ten minutes of some of its series need."""
    kept = selectors("x[1h]", "x[1m]", '{job="a"}')
    assert uncovered(selectors('x{job="b"}[10m]', 'y{job="a"}', "x[30m] offset 30m"), kept) == frozenset()


def test_what_nobody_keeps_so_long_is_not_covered() -> None:
    """A longer window, another metric, or fewer matchers than those that are kept."""
    wanted = selectors("x[2h]", 'y{job="b"}', "z")
    assert uncovered(wanted, selectors("x[1h]", '{job="a"}', 'z{job="b"}')) == frozenset(wanted)
