"""The mode of a rule, changed in the text of its file: that field, and not a character more."""

import pytest

from engine.rulefile.edit import NotEditableError, find, with_mode

FILE = """\
# Rules of the shop.
groups:
  - name: shop
    rules:
      - alert: Down          # somebody
        expr: up == 0
      - heal: Restart
        alert: Down
        mode: shadow   # until we trust it
        steps: [restart: {workload: shop}]

      - heal: Rollback
        alert: Down
        # One step is enough.
        steps:
          - rollback: {workload: shop}
  - name: other
    rules:
      - {heal: Restart, alert: Down, steps: [page: {receiver: oncall}]}
      - {scale: Size, workload: shop, min: 1, max: 3, mode: "shadow"}
"""


def edited(text: str, group: str, kind: str, name: str, mode: str = "approve") -> list[tuple[str, str]]:
    """The lines that differ: as they were, empty where there was none, and as they are."""
    place = find(text, group, kind, name)
    assert place
    before, after = text.splitlines(keepends=True), with_mode(text, place, mode).splitlines(keepends=True)
    if len(after) > len(before):
        at = next(nth for nth, line in enumerate(after) if nth == len(before) or line != before[nth])
        assert before == after[:at] + after[at + 1 :]
        return [("", after[at])]
    return [(was, is_) for was, is_ in zip(before, after, strict=True) if was != is_]


def test_a_mode_that_is_written_is_replaced() -> None:
    """The comment beside it stays."""
    assert edited(FILE, "shop", "heal", "Restart") == [
        ("        mode: shadow   # until we trust it\n", "        mode: approve   # until we trust it\n")
    ]


def test_quotes_stay() -> None:
    """As its author likes them."""
    ((_, line),) = edited(FILE, "other", "scale", "Size", "auto")
    assert line.endswith('max: 3, mode: "auto"}\n')


def test_a_mode_that_is_missing_is_added_on_a_line_of_its_own() -> None:
    """Before the steps and what is said about them, indented as the other fields."""
    assert edited(FILE, "shop", "heal", "Rollback") == [("", "        mode: approve\n")]
    lines = with_mode(FILE, find(FILE, "shop", "heal", "Rollback") or (), "approve").splitlines()
    assert lines[lines.index("        mode: approve") + 1] == "        # One step is enough."


def test_a_rule_on_one_line_stays_on_it() -> None:
    """In braces a field is added between the others."""
    ((_, line),) = edited(FILE, "other", "heal", "Restart", "auto")
    assert line.strip() == "- {heal: Restart, alert: Down, mode: auto, steps: [page: {receiver: oncall}]}"


def test_braces_over_several_lines() -> None:
    """A line of its own would lack its comma there."""
    text = "groups: [{name: g, rules: [{\n  heal: R, alert: A,\n  steps: []\n}]}]\n"
    assert edited(text, "g", "heal", "R") == [("  steps: []\n", "  mode: approve, steps: []\n")]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["Restart", "Rollback"])
def test_line_ends_stay(ending: str, name: str) -> None:
    """Those of Windows, too; no end is added where the file had none."""
    text = FILE.replace("\n", ending).removesuffix(ending)
    place = find(text, "shop", "heal", name)
    after = with_mode(text, place or (), "approve")
    assert after.count("\n") == after.count(ending)
    assert not after.endswith("\n")
    assert after.replace(ending, "\n") == with_mode(FILE.removesuffix("\n"), place or (), "approve")


def test_text_beyond_ascii_moves_nothing() -> None:
    """Places are counted in characters."""
    text = FILE.replace("alert: Down\n        mode", 'alert: "Dówn — 🙂"\n        mode')
    assert edited(text, "shop", "heal", "Restart")[0][1] == "        mode: approve   # until we trust it\n"


SHARED = """\
groups:
  - name: g
    rules:
      - &base
        heal: One
        alert: A
        mode: shadow
        steps: &steps [page: {receiver: oncall}]
      - <<: *base
        heal: Two
      - heal: Three
        alert: A
        mode: &m shadow
        steps: *steps
      - heal: Four
        alert: A
        mode: *m
        steps: *steps
"""


def test_what_others_get_by_a_merge_is_not_changed_for_them() -> None:
    """The rule gets a field of its own instead, which comes first."""
    assert edited(SHARED, "g", "heal", "Two") == [("", "        mode: approve\n")]


@pytest.mark.parametrize("name", ["One", "Three", "Four"])
def test_what_is_shared_by_an_anchor_is_left_to_a_person(name: str) -> None:
    """Another rule would change its mode as well."""
    place = find(SHARED, "g", "heal", name)
    with pytest.raises(NotEditableError, match="expected `mode: approve`"):
        with_mode(SHARED, place or (), "approve")


def test_a_rule_that_is_not_there_is_not_found() -> None:
    """By group, kind and name."""
    assert find(FILE, "shop", "heal", "Down") is None
    assert find(FILE, "shop", "respond", "Restart") is None
    assert find("", "g", "heal", "R") is None
