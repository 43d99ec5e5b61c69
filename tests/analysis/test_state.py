"""What is kept: it is bounded, and an analyzer that is made of it goes on as if it had never stopped."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.analyzer import Analyzer
from engine.analysis.settings import Settings
from engine.analysis.state import Node, State
from schemas.events import Event
from tests.analysis.mining import NEVER_MS, SOURCE, analyzer, line, lines, said, texts

FEW = Settings(learned_events=3, max_templates=10, max_new=5, rate_min_count=2, rate_after=1, rate_factor=1.5)

words = st.lists(st.sampled_from(["a", "b", "c", "disk", "7", "<*>", "10.0.0.1"]), min_size=1, max_size=5).map(" ".join)
stories = st.lists(st.tuples(words, st.integers(-100, 300)), max_size=60)


def told(story: list[tuple[str, int]]) -> list[Event]:
    return [line(number, message, second) for number, (message, second) in enumerate(story)]


def again(by: Analyzer) -> Analyzer:
    """One that is made of what the other would leave in its file."""
    left = msgspec.json.decode(msgspec.json.encode(by.state("e1")), type=State)
    return Analyzer(SOURCE, FEW, left)


@given(stories, stories)
@settings(max_examples=150)
def test_a_restart_changes_nothing(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    """Whatever came before, and whatever comes after, also where templates had to go."""
    live, follows = Analyzer(SOURCE, FEW), told(before + after)
    said(live, follows[: len(before)])
    restarted = again(live)
    assert restarted.last == "e1"
    assert said(restarted, follows[len(before) :]) == said(live, follows[len(before) :])
    assert restarted.state("") == live.state("")
    assert (restarted.evicted, restarted.untold) == (live.evicted, live.untold)


@given(stories)
@settings(max_examples=50)
def test_the_same_lines_say_the_same(story: list[tuple[str, int]]) -> None:
    """There is no chance in it, and no clock."""
    assert said(Analyzer(SOURCE, FEW), told(story)) == said(Analyzer(SOURCE, FEW), told(story))


def size(node: Node) -> int:
    return 1 + sum(map(size, node.children.values()))


def test_made_up_words_do_not_fill_the_memory() -> None:
    """Neither templates nor the tree that leads to them grow; how many had to go is counted."""
    flooded = analyzer(max_templates=50, max_new=1)
    said(
        flooded,
        lines(f"w{'x' * (number % 40)}{chr(97 + number % 26)} {'y ' * (number % 30)}" for number in range(5_000)),
    )
    assert flooded.templates == 50
    assert flooded.evicted > 500
    kept = flooded.state("")
    assert size(kept.mined.root) < 50 * 8
    assert len(msgspec.json.encode(kept)) < 50_000


def test_the_template_that_was_unused_for_the_longest_goes_first() -> None:
    """And is new when it comes again."""
    full = analyzer(max_templates=10)
    said(full, lines(["w " * length for length in range(1, 11)]))
    said(full, [line(20, "w"), line(21, "w " * 11)])
    assert full.evicted == 1
    assert texts(said(full, [line(22, "w"), line(23, "w w")])) == ["w w"]


@pytest.mark.parametrize("changed", [{"depth": 5}, {"window_ms": 1_000}])
def test_what_would_mean_something_else_is_learned_anew(changed: dict[str, int]) -> None:
    """The tree of another depth, and counts of other windows."""
    live = Analyzer(SOURCE, Settings(learned_events=1))
    said(live, lines(["a b c", "d e"]))
    left = msgspec.json.decode(msgspec.json.encode(live.state("")), type=State)
    assert Analyzer(SOURCE, Settings(learned_events=1), left).templates == 2
    assert Analyzer(SOURCE, Settings(learned_events=1, **changed), left).templates == 0
    assert Analyzer("log:/other", Settings(learned_events=1), left).templates == 0


def test_fewer_templates_may_be_kept_from_now_on() -> None:
    """The newest are."""
    live = analyzer(max_templates=100)
    said(live, lines(["w " * length for length in range(1, 41)]))
    left = msgspec.json.decode(msgspec.json.encode(live.state("")), type=State)
    fewer = Analyzer(SOURCE, Settings(learned_events=0, max_templates=10), left)
    assert fewer.templates == 10
    assert list(fewer.observe(line(99, "w " * 40), NEVER_MS)) == []


def test_a_message_is_compared_with_so_many_templates_and_no_more() -> None:
    """Those used last of which it may be one: who makes words up gets no more of the agent's time. One that comes again
    and again is still known."""
    flooded = analyzer(max_templates=10_000, max_new=10_000)
    letters = "ghijklmnopqrstuvwxyz"
    made_up = [f"error {a}{b} {b}{a}x {a}{b}y" for a in letters for b in letters]
    often = "error disk failed again"
    found = said(flooded, lines(each for message in made_up for each in (message, often)))
    assert texts(found) == [made_up[0], often, *made_up[1:]]
    assert texts(said(flooded, lines([made_up[0]], first=9_000))) == [made_up[0]]
    assert said(flooded, lines([made_up[-1]], first=9_001)) == []
