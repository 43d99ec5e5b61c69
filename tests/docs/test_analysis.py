"""What analysis.md says is what an agent does."""

import re
import tomllib

from engine.analysis.analyzer import Analyzer
from engine.analysis.masking import masked
from engine.analysis.settings import Settings
from engine.cli.config import Config
from engine.cli.config_events import AnalysisSection
from tests.analysis.mining import analyzer, line, said
from tests.analysis.test_rates import QUIET, minutes
from tests.docs.pages import ROOT

SETTINGS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")


def column(heading: str) -> list[str]:
    """The first column of the table with this heading."""
    rows = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_default_is_as_it_is_written() -> None:
    """In the table of all settings."""
    rows = re.findall(r"^\| `agent\.analysis\.(\w+)` \|.*\| (.+) \|$", SETTINGS, re.MULTILINE)
    assert [key for key, _ in rows] == list(AnalysisSection.model_fields)
    for key, default in rows:
        written = re.findall("`(.+?)`", default)
        number = [tomllib.loads(f"x={text}")["x"] for text in written if re.fullmatch("[0-9.]+", text)]
        given = number[0] if number else written if key == "sources" else written[0]
        assert AnalysisSection.model_validate({key: given}) == AnalysisSection(), key


def test_the_example_can_be_pasted() -> None:
    """And turns it on."""
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert Config.model_validate(tomllib.loads(shown)).agent.analysis.enabled


def test_the_lines_shown_have_the_template_shown() -> None:
    """As the words that vary are found out."""
    lines = PAGE.split("```")[1].strip().splitlines()
    learned = Analyzer("s", Settings())
    said(learned, [line(number, text) for number, text in enumerate(lines)])
    (known,) = learned.state("").mined.known
    assert f"are both `{' '.join(known.words)}`" in PAGE


def test_every_field_of_a_finding_is_on_the_page() -> None:
    """And none that is not there."""
    carried = {"process.name": "a", "host.hostname": "b", "log.level": "c"}
    found = said(analyzer(), [line(1, "disk failed", 0, **carried)])
    found += said(analyzer(**QUIET), minutes([1] * 8 + [60]))
    assert {event.type for event in found} == set(column("type"))
    fields = {name for event in found for name in event.data}
    assert fields - {"event.action"} == set(column("field"))


def test_every_placeholder_is_on_the_page() -> None:
    """Those that a text can have."""
    every = "1 0x1 1.2.3.4 00:11:22:33:44:55 f81d4fae-7dec-11d0-a765-00a0c91e6bf6 http://a /b/c 2024-01-01 12:00:00"
    assert set(re.findall(r"`(<\w+>)`", PAGE)) == set(masked(every).split())
