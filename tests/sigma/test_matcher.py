"""What the matcher does beside what its conditions say."""

from typing import Any

import pytest

from engine.sigma.matcher import Matcher
from engine.sigma.model import MANY, And, Detection, Keyword, LogSource, Node, Not, Number, Or, Regexp, Text

CATEGORIES = ("registry_event", "registry_set")
HERE = LogSource("windows", "process_creation", "sysmon")


def matched(*conditions: Node, data: dict[str, Any]) -> list[int]:
    return Matcher([Detection(logsource=HERE, condition=each) for each in conditions]).match(data, HERE)


def ends(field: str, literal: str) -> Text:
    return Text(field, (MANY, literal))


def test_rules_are_named_by_their_places_in_order() -> None:
    """Whatever a rule is found by, the answer is in the order of the detections."""
    conditions: list[Node] = [ends("a", "z"), Not(ends("a", "x")), Number("n", 3), Or((ends("b", "q"), ends("a", "z")))]
    assert matched(*conditions, data={"a": "xyz", "b": "q", "n": "3"}) == [0, 1, 2, 3]


def test_what_looks_like_the_end_of_a_value_is_none() -> None:
    """No text in an event is taken for the end of its value, whatever control characters it holds."""
    matcher = Matcher([Detection(logsource=HERE, condition=ends(field, ".exe")) for field in "ab"])
    for first in range(32):
        for second in range(32):
            text = f"\1{chr(first)}.exe{chr(first)}{chr(second)}x"
            assert matcher.match({"a": text, "b": text}, HERE) == []


def test_a_literal_is_not_found_across_values() -> None:
    """Neither two items of a list nor two fields make a text together."""
    assert matched(Text("a", (MANY, "bc", MANY)), Keyword(("bc",)), data={"a": ["ab", "cd"], "b": "c"}) == []


def test_objects_are_no_text() -> None:
    """A pattern fits no object, not even one that fits everything; its inner values have names of their own."""
    conditions: list[Node] = [Text("a", (MANY,)), Text("a.b", (MANY,)), Keyword(("x",))]
    assert matched(*conditions, data={"a": {"b": "x"}}) == [1, 2]


def test_halves_of_surrogate_pairs_are_characters_as_others() -> None:
    """JSON can hold them, so rules look past them."""
    long_list = Or(tuple(Text("a", (MANY, f"word{number}", MANY)) for number in range(20)))
    conditions: list[Node] = [Text("a", ("x", MANY)), Regexp("a", "w.rd7$"), long_list, Keyword(("WORD7",))]
    assert matched(*conditions, data={"a": "x\ud800word7", "b": "\udfff"}) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "value", [10**5000, "9" * 5000, float("inf"), float("nan")], ids=("integer", "text", "infinity", "no number")
)
def test_numbers_beyond_all_measure_are_looked_at(value: Any) -> None:
    """Python refuses to write integers of thousands of digits; an event that has one is matched all the same."""
    assert matched(ends("a", "x"), Number("n", 1), Keyword(("x",)), data={"a": "x", "n": value}) == [0, 2]


def test_depth_is_no_matter() -> None:
    """Lists in lists and objects in objects are looked through however deep they lie."""
    lists: Any = "x"
    objects: Any = "y"
    for _ in range(5000):
        lists, objects = [lists], {"b": objects}
    conditions: list[Node] = [ends("a", "x"), Keyword(("y",)), ends("c.d", "x"), Regexp("", "^x$")]
    assert matched(*conditions, data={"a": lists, "b": objects, "c": [lists, {"d": lists}]}) == [0, 1, 2, 3]


def test_rules_that_share_parts_are_told_apart() -> None:
    """Of rules that differ in their last part only, those hold whose part does."""
    shared = (ends("Image", "cmd.exe"), Text("User", (MANY, "admin", MANY)))
    rules = [And((*shared, Text("CommandLine", (MANY, f"arg{number}", MANY)))) for number in range(9)]
    data = {"Image": "C:\\CMD.EXE", "User": "Administrator", "CommandLine": "/c arg3 arg5"}
    assert matched(*rules, And(shared), data=data) == [3, 5, 9]


def test_log_sources_that_events_make_up_are_forgotten() -> None:
    """Which log sources there are, senders of events decide; they cannot make the matcher grow."""
    rule = Detection(logsource=LogSource(product="windows"), condition=And(()))
    matcher = Matcher([rule])
    for number in range(5000):
        assert matcher.match({}, LogSource("windows", f"c{number}", f"s{number}")) == [0]
        assert matcher.match({}, LogSource(f"p{number}", "windows", "")) == []
    assert len(matcher._routes) <= 1024


def test_a_category_may_be_part_of_another() -> None:
    """Rules for `registry_event` are tried on events of each kind of it, and not the other way round."""
    whole, part = (Detection(logsource=LogSource("windows", each), condition=And(())) for each in CATEGORIES)
    matcher = Matcher([whole, part])
    assert matcher.match({}, LogSource("windows", "registry_set", "sysmon")) == [0, 1]
    assert matcher.match({}, LogSource("windows", "registry_event")) == [0]
    assert matcher.match({}, LogSource("windows", "file_event")) == []
