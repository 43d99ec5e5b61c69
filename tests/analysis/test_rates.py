"""Sudden rates: how often a template comes, against how often it came before."""

from collections.abc import Sequence

from schemas.events import Event
from tests.analysis.mining import START_S, analyzer, line, said

QUIET = {"learned_events": 1_000_000, "rate_after": 5}
MINUTE = 60.0


def minutes(counts: Sequence[int], first: int = 0) -> list[Event]:
    """So many lines of one template in each minute, and one of another in each."""
    made, number = list[Event](), first * 10_000
    for minute, count in enumerate(counts, first):
        made.append(line(number, "heartbeat of the server is well", minute * MINUTE))
        made += [
            line(number + 1 + n, f"cannot reach shard {n}", minute * MINUTE + 59.0 * n / count) for n in range(count)
        ]
        number += 10_000
    return made


def test_what_comes_much_more_often_is_told_of_once_in_a_window() -> None:
    """At the line that makes it so many, not when the window is over; with its count and what is usual."""
    found = said(analyzer(**QUIET), minutes([10] * 8 + [200]))
    assert [event.type for event in found] == ["log.template.rate"]
    (event,) = found
    assert event.data["log.template.count"] == 51
    assert event.data["log.template.baseline"] == 10
    assert event.data["log.template.window_s"] == 60
    assert event.data["log.template.example.id"] == "e80051"
    assert event.data["message"] == "51 in 60s, usually 10: cannot reach shard <num>"
    assert event.data["event.action"] == "template_rate"


def test_it_is_told_of_again_in_the_next_window_and_then_is_usual() -> None:
    """What stays so is no longer sudden after a while."""
    found = said(analyzer(**QUIET), minutes([10] * 8 + [200] * 20))
    windows = [int(event.data["log.template.example.id"][1:]) // 10_000 for event in found]
    assert windows[0] == 8
    assert windows == sorted(set(windows))
    assert len(windows) < 5


def test_what_varies_by_itself_is_not_sudden() -> None:
    """A template whose counts are anything from 0 to 60 has 60 in a window and nothing is said."""
    assert said(analyzer(**QUIET), minutes([60, 0, 30, 5, 50, 0, 60, 10, 0, 60, 60, 0, 60])) == []


def test_few_are_never_sudden() -> None:
    """Fewer than so many in a window, however rare they were."""
    assert said(analyzer(**QUIET), minutes([0, 1] * 8 + [19])) == []
    assert len(said(analyzer(**QUIET), minutes([0, 1] * 8 + [20]))) == 1


def test_a_template_that_is_young_is_not_sudden() -> None:
    """Nobody knows yet how often it comes."""
    assert said(analyzer(**QUIET), minutes([1, 1, 1, 1, 500])) == []


def test_silence_of_all_is_no_silence_of_one() -> None:
    """A machine that was off for hours goes on as it was, and nothing is said."""
    kept = analyzer(**QUIET)
    assert said(kept, minutes([30] * 10) + minutes([30] * 3, first=600)) == []


def test_lines_that_come_late_are_not_counted() -> None:
    """A backlog that another line was ahead of is not what happens now."""
    kept = analyzer(**QUIET)
    said(kept, minutes([1] * 8))
    assert said(kept, [line(90_000 + n, f"cannot reach shard {n}", 3 * MINUTE) for n in range(500)]) == []


def test_a_time_that_has_not_come_is_now() -> None:
    """One line that lies about its time does not make all others late."""
    kept, now_ms = analyzer(**QUIET), (START_S + 9 * 60) * 1000
    said(kept, minutes([1] * 8), now_ms)
    said(kept, [line(70_000, "heartbeat of the server is well", 1e8)], now_ms)
    burst = [line(90_000 + n, f"cannot reach shard {n}", 9 * MINUTE + n / 100) for n in range(100)]
    assert len(said(kept, burst, now_ms + 60_000)) == 1
