"""Every mistake is named with its place and what was expected. The table is `mistakes.txt`."""

from pathlib import Path

import pytest

from engine.rulefile import RuleErrors, load
from tests.rulefile.verbs import VERBS

PATH = "rules/disk.yaml"


def _mistakes() -> dict[str, tuple[str, list[str]]]:
    _, *scenarios = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").split("\n=== ")
    table = {}
    for scenario in scenarios:
        name, _, rest = scenario.partition("\n")
        text, _, expected = rest.partition("\n>>>\n")
        table[name] = (text + "\n", [f"{PATH}:{line}" for line in expected.splitlines() if line])
    assert len(table) == len(scenarios), "two scenarios of one name"
    return table


MISTAKES = _mistakes()


def errors_of(files: dict[str, str]) -> list[str]:
    with pytest.raises(RuleErrors) as caught:
        load(files, VERBS)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_has_its_message(text: str, expected: list[str]) -> None:
    """A mistake is reported once, at its line and column, with group, rule, field and what was expected."""
    assert errors_of({PATH: text}) == expected


def test_a_control_character_is_named() -> None:
    """A character that YAML does not allow is named by its code point."""
    assert errors_of({PATH: "groups: \x07\n"}) == [f"{PATH}:1:9: the character U+0007 is not allowed in YAML"]


def test_a_lone_surrogate_is_named() -> None:
    """Text that cannot be encoded is a mistake like any other."""
    assert errors_of({PATH: "a: é\ud800"}) == [f"{PATH}:1:5: the character U+D800 is not allowed in YAML"]


def test_the_mistakes_of_all_files_come_at_once() -> None:
    """One broken file hides no mistake of another, and they come in the order of the paths."""
    good = MISTAKES["unknown field"][0].replace("    fro: 5m\n", "")
    files = {"b.yaml": "- a\n", "a.yaml": "groups: x\n", "c.yaml": good}
    assert errors_of(files) == [
        'a.yaml:1:9: groups: expected a list, got "x"',
        "b.yaml:1:1: expected a mapping with `groups`, got a list",
    ]


def test_heal_names_are_unique_over_all_files() -> None:
    """Commands are identified by the name of their rule, so two files cannot use the same one."""
    alert = "groups:\n- name: disk\n  rules:\n  - {alert: A, expr: up}\n"
    heal = "  - {heal: Fix, alert: A, steps: [{page: {receiver: oncall}}]}\n"
    assert errors_of({"a.yaml": alert + heal, "b.yaml": alert + heal}) == [
        'b.yaml:5:12: group "disk", rule "Fix": heal: the name "Fix" is used twice; the first is at a.yaml:5'
    ]


def test_a_broken_alert_is_still_there_for_its_heal_rule() -> None:
    """A mistake in an alert does not make the rules that name it wrong too."""
    rules = "  - {alert: A, expr: up ==}\n  - {heal: H, alert: A, steps: [{page: {receiver: r}}]}\n"
    text = "groups:\n- name: g\n  rules:\n" + rules
    (error,) = errors_of({PATH: text})
    assert error.startswith(f'{PATH}:4:22: group "g", rule "A": expr: bad PromQL')


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    """A file whose aliases stand for a billion values is refused before they are made."""
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10))
    (error,) = errors_of({PATH: "a0: &a0 [x]\n" + levels})
    assert error == f"{PATH}:7:5: stands for more than 1000000 values, with its aliases"


def test_deep_nesting_does_not_crash_the_process() -> None:
    """A file nested a hundred thousand deep is refused by position, though the C parser's composer would overflow."""
    (error,) = errors_of({PATH: "[" * 100_000})
    assert error.endswith("nested more than 50 deep")
