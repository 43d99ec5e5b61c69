"""What redaction.md says is what an agent does."""

import re
import tomllib

from engine.cli.config import Config
from engine.redaction import SHIPPED
from engine.redaction.names import SECRET
from tests.docs.pages import ROOT, blocks
from tests.redaction.redacting import text_left

PAGE = ROOT / "docs" / "redaction.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_shipped_pattern_is_in_the_table() -> None:
    """In the order in which they are used, each with what it says of itself, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [(each.name, each.summary + " (optional)" * each.optional) for each in SHIPPED.values()]


def test_the_ends_of_secret_names_are_told() -> None:
    """All that count."""
    assert [end for end in SECRET if f"`{end}`" not in TEXT] == []


def test_the_example_is_redacted_as_it_is_shown() -> None:
    """The first line becomes the second."""
    (shown,) = [text for language, text in blocks(PAGE) if not language]
    before, after = shown.splitlines()
    assert re.sub(r"\[redacted:\w+\]", "*", after) == text_left(before)


def test_the_configuration_that_is_shown_is_valid() -> None:
    """It can be pasted."""
    (shown,) = [text for language, text in blocks(PAGE) if language == "toml"]
    redactor = Config.model_validate(tomllib.loads(shown)).agent.redact.redactor()
    assert redactor
    assert {"email", "badge", "customer"} <= redactor.counts.keys()
