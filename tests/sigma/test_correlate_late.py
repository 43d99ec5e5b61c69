"""What correlations say of events that come late: the same as if they had come in order."""

from tests.sigma.correlating import START_MS, Story, correlation, values, when


def test_a_late_event_counts_in_the_windows_that_contain_it() -> None:
    """Five within (0, 60], one of them told last: the window that ends at 60 holds, although there is a newer event."""
    story = Story(many=correlation("event_count", gte=5))
    assert story.every(1, 2, 3, 60, 65) == []
    (raised,) = story.tell(at=59)
    assert when([raised]) == [60]
    assert (raised.value, raised.since_ms) == (5, START_MS + 1000)  # type: ignore[union-attr]


def test_a_late_event_raises_for_the_first_window_that_holds() -> None:
    """Later windows that hold too have been raised before, or will be by the next event."""
    story = Story(many=correlation("event_count", gte=3))
    assert when(story.every(0, 5, 8)) == [8]
    assert when(story.every(4)) == [5]


def test_a_late_value_counts_too() -> None:
    """Distinct values, sums and percentiles are of the window that contains it."""
    for kind, says, bound in (("value_count", "value_count", 3), ("value_sum", "value_sum", 7)):
        story = Story(many=correlation(kind, fields=("n",), gte=bound))  # type: ignore[arg-type]
        told = [story.tell(at=at, n=n) for at, n in ((0, 1), (50, 2), (60, 2), (55, 4))]
        assert [when(each) for each in told] == [[], [], [], [55]], says


def test_order_is_that_of_the_events_and_not_that_in_which_they_come() -> None:
    """The first of two that comes last completes them, at the time of the second; the second that is too early not."""
    story = Story(breach=correlation("temporal_ordered", "guess", "login"))
    assert story.tell("login", 8) == []
    assert when(story.tell("guess", 7)) == [8]
    assert story.tell("guess", 20, user="bob") == []
    assert story.tell("login", 19, user="bob") == []


def test_a_late_rule_completes_the_window_that_contains_it() -> None:
    """At the time of the newest of them."""
    story = Story(recon=correlation("temporal", "a", "b"))
    assert story.tell("a", 8) == []
    assert when(story.tell("b", 5)) == [8]


def test_what_is_late_is_waited_for_where_a_window_is_decided_at_its_end() -> None:
    """`lt: 3`: the third event, of the last moment, comes nine seconds late."""
    story = Story(few=correlation("event_count", lt=3))
    story.every(0, 1)
    story.wait(68)
    assert [*story.tell(at=59.5), *story.wait(1000)] == []


def test_an_event_older_than_those_that_may_change_counts_as_old_as_these() -> None:
    """`reorder`: it is not lost, and the window stays in order."""
    limits = Story().limits
    story = Story(type(limits)(lateness_ms=limits.lateness_ms, reorder=2), many=correlation("event_count", gte=5))
    assert story.every(1, 58, 59, 60) == []
    assert values(story.tell(at=0.5)) == [5]
