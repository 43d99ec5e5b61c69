"""What is printed of what others wrote."""

import json

import pytest

from engine.cli import show
from engine.cli.why import told
from tests.cli.audit import happening

HOSTILE = "\x1b[2J\x1b]0;owned\x07eve\r\n11:00:00.000  resolved \u202egnp\x9b1m"


def test_no_text_of_a_log_line_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """An attacker chooses the name of a user; whoever lists alerts sees it spelled out, on the line of its alert."""
    show.table(("ALERT", "LABELS"), [("SudoDenied", show.labels({"user_name": HOSTILE}))])
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["ALERT", "LABELS"]
    assert row.isprintable()
    assert r"\x1b[2J\x1b]0;owned\x07eve\r\n11:00:00.000" in row


def test_no_label_can_be_taken_for_another() -> None:
    """Whoever chooses the name of a user chooses no node beside it."""
    forged = {"user": 'eve node=web2 "', "node": "web1", "empty": ""}
    assert show.labels(forged) == 'empty="" node=web1 user="eve node=web2 \\""'


def test_a_long_text_does_not_fill_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of a table would be as long as the longest."""
    show.table(
        ("ALERT", "LABELS"), [("A", show.labels({"user": "x" * 1_000_000, "node": "web1"})), ("B", "y" * 1_000_000)]
    )
    assert max(map(len, capsys.readouterr().out.splitlines())) < 500


def test_text_in_any_script_stays_as_it_is() -> None:
    """Only what is no character to look at is spelled out."""
    assert show.visible("zażółć 日本 🙂 'a\\b'") == "zażółć 日本 🙂 'a\\b'"


def test_json_holds_no_control_character_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that JSON leaves alone are escaped too."""
    show.as_json({"user": HOSTILE})
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert json.loads(out) == {"user": HOSTILE}


def test_a_line_break_in_an_event_forges_no_link_of_the_chain() -> None:
    """What follows it is indented as what belongs to the link."""
    forged = happening(4, kind="transition", state="firing", rule="R", detail="4.0: a\n11:00:00.000  command  isolate")
    first, second = told(forged, 4000).split("\n")
    assert first.endswith("R  4.0: a")
    assert second == " " * 35 + "11:00:00.000  command  isolate"
