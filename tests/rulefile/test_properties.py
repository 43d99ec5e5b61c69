"""Whatever the file says, the only failure is the author's."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rulefile import RuleErrors, load
from tests.rulefile.test_load import TEXT
from tests.rulefile.verbs import VERBS

WORDS = st.sampled_from(
    [
        "groups",
        "name",
        "rules",
        "alert",
        "record",
        "heal",
        "expr",
        "for",
        "labels",
        "steps",
        "verify",
        "restart",
        "up",
        "5m",
    ]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


def load_or_refuse(text: str) -> None:
    try:
        load({"rules.yaml": text}, VERBS)
    except RuleErrors as refused:
        errors = refused.errors
    else:
        return
    lines = len(text.splitlines()) + 1
    assert errors
    assert all(1 <= error.line <= lines and error.column >= 1 and error.problem for error in errors)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_loads_or_is_refused(text: str) -> None:
    """Text that was never meant to be YAML raises nothing but RuleErrors."""
    load_or_refuse(text)


@settings(max_examples=100, deadline=None)
@given(DATA, DATA, DATA)
def test_any_yaml_loads_or_is_refused(group: object, rule: object, step: object) -> None:
    """YAML of any shape, at any level of the file, raises nothing but RuleErrors."""
    heal = {"heal": "H", "alert": "A", "steps": [step]}
    rules = [{"alert": "A", "expr": "up"}, heal, rule]
    load_or_refuse(yaml.safe_dump({"groups": [group, {"name": "g", "rules": rules}]}))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 20), st.text("{}[]:- \n\t\"'|>&*$x1", max_size=3))
def test_any_edit_loads_or_is_refused(at: int, cut: int, put: str) -> None:
    """A slip of the hand in a good file raises nothing but RuleErrors, which point into the file."""
    load_or_refuse(TEXT[:at] + put + TEXT[at + cut :])
