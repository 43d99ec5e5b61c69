"""The generated pages are those of the declarations."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.reference import documents, outdated, toml, write
from engine.runtime.registry import actuators, collectors
from schemas.reasons import MEANING, Reason

NAMES = st.text("abc_", min_size=1)
VALUES = st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text("aé\"\\' \n\t"), st.lists(st.text("ab")))
SETTINGS = st.dictionaries(NAMES, st.recursive(VALUES, lambda within: st.dictionaries(NAMES, within), max_leaves=5))


def test_the_written_pages_are_current() -> None:
    """`python -m engine.cli.reference` has been run after the last change of a declaration."""
    assert outdated() == []


def test_writing_makes_them_current(tmp_path: Path) -> None:
    """Pages that are missing or changed are put right."""
    write(tmp_path)
    (tmp_path / "reasons.md").unlink()
    (tmp_path / "promql.md").write_text("")
    assert outdated(tmp_path) == ["promql.md", "reasons.md"]
    write(tmp_path)
    assert outdated(tmp_path) == []


def test_every_reason_has_a_meaning() -> None:
    """`why` can say in words whatever it may have to."""
    assert set(MEANING) == set(Reason)


def test_every_plugin_and_verb_is_on_its_page() -> None:
    """Nothing that is installed is left out."""
    pages = documents()
    for name in collectors():
        assert f"\n## {name}\n" in pages["collectors.md"]
    for spec in actuators().values():
        assert all(f"\n### {verb.name}\n" in pages["actuators.md"] for verb in spec.verbs)


@pytest.mark.parametrize(
    ("specs", "page"), [(collectors(), "collectors.md"), (actuators(), "actuators.md")], ids=["collectors", "actuators"]
)
def test_every_example_is_a_valid_configuration(specs: Any, page: str) -> None:
    """What the page shows can be pasted."""
    text = documents()[page].replace("env:SECURITY_WEBHOOK", "https://example.org")
    shown = [tomllib.loads(block.partition("```")[0]) for block in text.split("```toml\n")[1:]]
    given_settings = [part for each in shown for section in each.values() for part in section.values()]
    for name, spec in specs.items():
        (settings,) = [part[name] for part in given_settings if name in part]
        spec.config.model_validate(settings)


@given(SETTINGS)
def test_settings_come_back_from_toml(settings: dict[str, Any]) -> None:
    """What is written as a table is read as the same."""
    assert tomllib.loads("\n".join(toml("x", settings))) == {"x": settings}
