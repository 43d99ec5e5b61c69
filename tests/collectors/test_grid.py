"""The grid: moments that do not drift."""

from collectors.grid import Grid


def test_the_first_moment_is_now() -> None:
    """Nobody waits for a first reading."""
    assert Grid(5.0).delay_s(100.0) == 0.0


def test_a_slow_reading_does_not_shift_the_moments() -> None:
    """However long a reading took, the next comes a whole number of intervals after the first."""
    grid = Grid(5.0)
    grid.delay_s(100.0)
    assert [now_s + grid.delay_s(now_s) for now_s in (100.5, 109.0, 110.0)] == [105.0, 110.0, 115.0]


def test_missed_moments_are_not_made_up() -> None:
    """After a pause there is one reading, not as many as were missed."""
    grid = Grid(5.0)
    grid.delay_s(100.0)
    assert [now_s + grid.delay_s(now_s) for now_s in (131.0, 135.0)] == [135.0, 140.0]


def test_a_timer_that_ends_early_does_not_repeat_its_moment() -> None:
    """Clocks have a resolution: a hair before the moment counts as the moment."""
    grid = Grid(5.0)
    grid.delay_s(100.0)
    assert grid.delay_s(100.0) == 5.0
    assert grid.delay_s(104.999) > 5.0
