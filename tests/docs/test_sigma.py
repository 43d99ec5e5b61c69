"""What docs/sigma.md says of the names of fields is what the shipped pipelines do."""

import re
from collections.abc import Iterator

import yaml

from engine.rulefile.sigma_pipelines import shipped
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "sigma.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|$", PAGE, re.MULTILINE)


def mapped() -> Iterator[tuple[str, str]]:
    for pipeline in shipped():
        for item in yaml.safe_load(pipeline.text)["transformations"]:
            for name, alternatives in item["mapping"].items():
                first, *others = alternatives.split("|")
                assert first == name, f"{pipeline.name}: Sigma's own name goes first"
                yield from ((name, other) for other in others)


def test_every_alternative_is_documented() -> None:
    """Each name of Sigma stands in a row of the table with each of its alternatives."""
    cells = [(set(re.findall("`([^`]+)`", names)), set(re.findall("`([^`]+)`", others))) for _, names, others in ROWS]
    by_name = {name: {other for names, others in cells if name in names for other in others} for name, _ in mapped()}
    assert [(name, other) for name, other in mapped() if other not in by_name[name]] == []


def test_nothing_else_is_documented() -> None:
    """The table has no name that no pipeline knows."""
    named = {name for _, names, _ in ROWS for name in re.findall("`([^`]+)`", names)}
    assert named - {name for name, _ in mapped()} == set()
