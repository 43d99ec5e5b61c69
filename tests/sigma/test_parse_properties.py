"""What holds of whatever a rule may say."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from engine.sigma.documents import Document
from engine.sigma.model import Detection, Node
from engine.sigma.parse import parse
from tests.sigma import naive

TEXTS = st.text(st.sampled_from("abAB*?\\/.%-ÄÖ \n"), max_size=8)
SELECTIONS = "abcd"


def condition(detection: object) -> Node:
    content = {"title": "T", "logsource": {"category": "c"}, "detection": detection}
    (rule,), problems = parse([Document("p", 1, content)])
    assert problems == ()
    assert isinstance(rule.does, Detection)
    return rule.does.condition


def escaped(text: str) -> str:
    return re.sub(r"([\\*?])", r"\\\1", text)


@given(TEXTS, TEXTS)
def test_an_escaped_text_is_itself(text: str, other: str) -> None:
    """With its wildcards and backslashes escaped a text fits itself and nothing else, but for case."""
    node = condition({"s": {"f": escaped(text)}, "condition": "s"})
    assert naive.holds(node, {"f": text})
    assert naive.holds(node, {"f": other}) == (text.lower() == other.lower())


@given(TEXTS, TEXTS)
def test_modifiers_say_where(text: str, value: str) -> None:
    """`contains`, `startswith` and `endswith` are what they are of texts, as is `cased`."""
    places = {"contains": str.__contains__, "startswith": str.startswith, "endswith": str.endswith}
    for modifier, is_there in places.items():
        node = condition({"s": {f"f|{modifier}|cased": escaped(text)}, "condition": "s"})
        assert naive.holds(node, {"f": value}) == is_there(value, text)
        lowered = condition({"s": {f"f|{modifier}": escaped(text)}, "condition": "s"})
        assert naive.holds(lowered, {"f": value}) == is_there(value.lower(), text.lower())


CONDITIONS = st.recursive(
    st.sampled_from(SELECTIONS),
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("{} and {}".format, inner, inner),
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.sets(st.sampled_from(SELECTIONS)))
def test_a_condition_is_what_logic_says(written: str, true: set[str]) -> None:
    """`not` binds before `and` and that before `or`, however they are nested."""
    node = condition({**{name: {name: 1} for name in SELECTIONS}, "condition": written})
    wanted = eval(written, {}, {name: name in true for name in SELECTIONS})
    assert naive.holds(node, dict.fromkeys(true, 1)) == wanted


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), TEXTS)
FIELDS = st.builds(
    "|".join,
    st.lists(
        st.sampled_from(
            ["f", "", "contains", "re", "i", "all", "cidr", "base64offset", "windash", "gt", "hour", "expand", "exists",
             "fieldref", "neq", "cased", "wide", "startswith", "x"]
        ),
        max_size=4,
    ),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(FIELDS, FIELDS, SCALARS), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {"title": st.one_of(st.just("T"), ANYTHING)},
        optional={
            "logsource": st.one_of(st.just({"category": "c"}), ANYTHING),
            "detection": st.one_of(
                st.fixed_dictionaries({"s": ANYTHING, "condition": st.one_of(st.just("s"), ANYTHING)}), ANYTHING
            ),
            "correlation": ANYTHING,
            "filter": ANYTHING,
            "id": ANYTHING,
            "level": ANYTHING,
            "tags": ANYTHING,
            "fields": ANYTHING,
            "action": st.sampled_from([None, "global", "repeat", "reset", "x"]),
        },
    )
)
def test_whatever_a_document_says_it_is_a_rule_or_a_problem(content: dict[str, object]) -> None:
    """Nothing that YAML can hold makes reading fail, and each problem can be written down."""
    rules, problems = parse([Document("p", 1, content), Document("p", 2, content)])
    assert len(rules) + len(problems) > 0 or content.get("action") in ("global", "reset") or "filter" in content
    assert json.dumps([str(problem) for problem in problems])
