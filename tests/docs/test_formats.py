"""What events.md says of the formats is what they do."""

import re
import tomllib

import pytest

from collectors.formats import FORMATS
from collectors.formats.grok import PATTERNS
from engine.runtime.registry import collectors
from tests.collectors.formats.lines import SETTINGS, configured
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "events.md"
COMMON, _, REST = PAGE.read_text(encoding="utf-8").partition("\n## Formats\n")
REST = REST.partition("\n## ")[0]
SECTIONS = dict(part.split("\n", 1) for part in REST.split("\n### ")[1:])
ROWS = [line for line in REST.split("\n### ")[0].splitlines() if line.startswith("| `")]


def test_every_format_has_its_section() -> None:
    """In the order in which they are declared."""
    assert list(SECTIONS) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_is_read_as_the_page_says(name: str) -> None:
    """Its log source and type are those of the table, and each of its fields is named in the section or in common."""
    format_, parser = FORMATS[name], configured(name)
    assert f"```\n{format_.example}\n```" in SECTIONS[name]
    lines = format_.example.split("\n")
    (event,) = [parser.joined.parse(lines)] if parser.joined else parser.parse(lines[0], 1_709_600_000_000)
    (row,) = [row for row in ROWS if f"`{name}`" in row.split("|")[1]]
    said = [] if name in SETTINGS else [*event.source, event.type.removeprefix("log.")]
    assert [each for each in said if each not in row] == []
    fields = [key for key in event.data if "." in key and key not in format_.example]
    assert [field for field in fields if f"`{field}`" not in SECTIONS[name] + COMMON] == []


def test_every_name_of_a_pattern_is_there() -> None:
    """All that may be used, and no other."""
    said = SECTIONS["pattern"].rpartition("There are ")[2].partition("\n\n")[0]
    assert re.findall(r"`([A-Z0-9_]+)`", said) == list(PATTERNS)


def test_the_configurations_that_are_shown_are_valid() -> None:
    """They can be pasted."""
    shown = [tomllib.loads(text) for language, text in blocks(PAGE) if language == "toml"]
    assert shown
    for each in shown:
        for name, settings in each["agent"]["collectors"].items():
            collectors()[name].config.model_validate(settings)
