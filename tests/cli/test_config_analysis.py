"""How the log analyzer is configured."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.analysis.settings import Settings
from engine.cli.agent import analyses
from engine.cli.config import ConfigError, load
from tests.cli.test_config import write


def test_it_is_off_unless_it_is_turned_on(tmp_path: Path) -> None:
    """And then has the documented defaults."""
    assert analyses(load(None, {}, {})) is None
    turned_on = load(None, {"REFLEXARC_AGENT__ANALYSIS__ENABLED": "true"}, {})
    assert analyses(turned_on) is not None
    assert turned_on.agent.analysis.settings() == Settings()


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("new_template_after = 0", Settings(learned_events=0)),
        ("new_template_after = 50", Settings(learned_events=50)),
        ('new_template_after = "10m"', Settings(learned_events=0, learned_ms=600_000)),
        (
            'window = "10s"\nrate_factor = 3\nrate_min_count = 5',
            Settings(window_ms=10_000, rate_factor=3, rate_min_count=5),
        ),
        ("similarity = 0.6\ndepth = 5\nmax_templates = 50", Settings(similarity=0.6, depth=5, max_templates=50)),
        ("max_new = 3\nrate_deviations = 2\nrate_after = 4", Settings(max_new=3, rate_deviations=2, rate_after=4)),
    ],
)
def test_what_it_is_told(tmp_path: Path, text: str, settings: Settings) -> None:
    """Each setting reaches it; the learning period is a number of events or a time."""
    assert load(write(tmp_path, "r.toml", f"[agent.analysis]\n{text}\n"), {}, {}).agent.analysis.settings() == settings


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("depth = 2", "agent.analysis.depth: .* greater than or equal to 3"),
        ("similarity = 0.0", "agent.analysis.similarity: .* greater than 0"),
        ("max_templates = 3", "agent.analysis.max_templates: "),
        ("rate_factor = 1", "agent.analysis.rate_factor: "),
        ('window = "1ms"', "agent.analysis.window: "),
        ('new_template_after = "soon"', "agent.analysis.new_template_after: expected .* such as 5m.*soon"),
        (
            "new_template_after = -1",
            "agent.analysis.new_template_after: expected a number of events, or a time such as",
        ),
        ("sourcs = []", "agent.analysis.sourcs: there is no such setting"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    """And what was expected there."""
    with pytest.raises(ConfigError, match=mistake):
        load(write(tmp_path, "r.toml", f"[agent.analysis]\n{text}\n"), {}, {})


WITHOUT = """
import sys
sys.modules["drain3"] = None  # as if it were not installed
from engine.cli.agent import analyses
from engine.cli.config import load
assert analyses(load(None, {}, {})) is None
analyses(load(None, {"REFLEXARC_AGENT__ANALYSIS__ENABLED": "true"}, {}))
"""


def test_only_who_analyzes_needs_the_library() -> None:
    """An agent without it starts; one that is to analyze says what to install."""
    ended = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "ConfigError: agent.analysis: expected reflexarc[analyze] to be installed" in ended.stderr
