"""The compiled matcher says what the condition says, read as it is written."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sigma.matcher import Matcher
from engine.sigma.model import And, Detection, LogSource, Node
from tests.sigma import naive
from tests.sigma.arbitrary import conditions, events

ANY = LogSource()
ALWAYS = And(())
PARTS = st.sampled_from(("", "a", "b"))
SOURCES = st.builds(LogSource, PARTS, PARTS, PARTS)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Node], list[dict[str, Any]]]:
    """Conditions, and events that are made for them."""
    nodes = draw(st.lists(conditions, min_size=1, max_size=4))
    return nodes, [draw(events(draw(st.permutations(nodes)))) for _ in range(3)]


@settings(max_examples=300, deadline=None)
@given(cases())
def test_it_equals_a_naive_evaluation(case: tuple[list[Node], list[dict[str, Any]]]) -> None:
    """Of random conditions and events it finds exactly what evaluating each condition finds."""
    nodes, found_in = case
    matcher = Matcher([Detection(logsource=ANY, condition=node) for node in nodes])
    for data in found_in:
        expected = [place for place, node in enumerate(nodes) if naive.holds(node, data)]
        assert matcher.match(data, ANY) == expected, data


@settings(deadline=None)
@given(st.lists(SOURCES, max_size=8), SOURCES)
def test_a_rule_is_tried_on_the_events_of_its_log_source(stated: list[LogSource], source: LogSource) -> None:
    """What a rule states of product, category and service must be the event's; what it leaves out may be anything."""
    matcher = Matcher([Detection(logsource=each, condition=ALWAYS) for each in stated])
    assert matcher.match({}, source) == [place for place, each in enumerate(stated) if naive.covers(each, source)]
