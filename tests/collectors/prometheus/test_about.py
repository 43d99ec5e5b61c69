"""What a page says of its metrics, and when that is looked at."""

import pytest

from collectors.prometheus.about import LONGEST_TEXT, MOST_CHARACTERS, PageMetadata, metadata_of
from collectors.prometheus.exposition import OPENMETRICS, TEXT, Grammar
from schemas.samples import LAYOUT_REFRESH_MS, Metadata


@pytest.mark.parametrize(
    ("grammar", "comments", "said"),
    [
        (TEXT, ["# HELP a How many.", "# TYPE a counter"], {"a": Metadata("counter", "How many.")}),
        (TEXT, ["#  HELP\ta  two  words "], {"a": Metadata("unknown", "two  words ")}),
        (TEXT, ["# TYPE a untyped", "# HELP a"], {"a": Metadata("unknown", "")}),
        (TEXT, [r"# HELP a x\\y\nz\"q"], {"a": Metadata("unknown", 'x\\y\nz\\"q')}),
        (OPENMETRICS, [r"# HELP a z\"q"], {"a": Metadata("unknown", 'z"q')}),
        (OPENMETRICS, ["# TYPE a_s gauge", "# UNIT a_s s", "# EOF"], {"a_s": Metadata("gauge", "", "s")}),
        (TEXT, ['# TYPE "a.b" gauge'], {"a.b": Metadata("gauge", "")}),
        (TEXT, ["# a comment", "#TYPE a gauge", "# TYPES a gauge", "#"], {}),
        (TEXT, ["# HELP a " + "x" * 1000], {"a": Metadata("unknown", "x" * LONGEST_TEXT)}),
    ],
)
def test_comments_are_read(grammar: Grammar, comments: list[str], said: dict[str, Metadata]) -> None:
    """Type, help and unit, unescaped as the format has it; what is no such line is passed over."""
    assert metadata_of(comments, grammar) == said


def test_what_is_kept_of_a_page_is_bounded() -> None:
    """It has to fit into one message with the series."""
    comments = [f"# HELP m{number} {'x' * LONGEST_TEXT}" for number in range(10_000)]
    assert 1_000 < len(metadata_of(comments, TEXT)) < MOST_CHARACTERS / LONGEST_TEXT


def test_comments_are_looked_at_when_something_is_new_and_once_a_minute() -> None:
    """Between that a page's comments cost nothing."""
    page = PageMetadata()
    first = page.of("# HELP a one\na 1\n", TEXT, 1_000_000, learned=True)
    assert first == {"a": Metadata("unknown", "one")}
    changed = "# HELP a two\na 1\n"
    assert page.of(changed, TEXT, 1_000_001, learned=False) is first
    assert page.of("# HELP a one\na 1\n", TEXT, 1_000_002, learned=True) is first
    assert page.of(changed, TEXT, 1_000_002 + LAYOUT_REFRESH_MS, learned=False) == {"a": Metadata("unknown", "two")}
