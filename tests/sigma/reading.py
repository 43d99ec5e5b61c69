"""Sigma rules as a test writes them: YAML texts to rules, and whether a rule is true of an event."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.rulefile import yamlparse
from engine.rulefile.yamltyped import typed
from engine.sigma.documents import Document, SigmaProblem
from engine.sigma.model import Correlation, Detection, Node, SigmaRule
from engine.sigma.parse import parse
from engine.sigma.translation import PipelineText, Translation
from tests.sigma import naive


def documents(path: str, text: str) -> Iterator[Document]:
    """Each document of a file, as rule files are read."""
    for node in yamlparse.documents(text):
        yield Document(path, node.mark.line, typed(node))


def read(
    *texts: str, pipelines: Sequence[str] = (), placeholders: Mapping[str, Sequence[str]] | None = None
) -> tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]]:
    """Rules and problems of files named 1.yml, 2.yml and so on."""
    translation = Translation(
        tuple(PipelineText(f"pipeline {number}", text) for number, text in enumerate(pipelines, start=1)),
        {name: tuple(values) for name, values in (placeholders or {}).items()},
    )
    files = [documents(f"{number}.yml", text) for number, text in enumerate(texts, start=1)]
    return parse([document for file in files for document in file], translation)


def rules(*texts: str, **how: Any) -> tuple[SigmaRule, ...]:
    """The rules of files with which nothing is wrong."""
    found, problems = read(*texts, **how)
    assert problems == ()
    return found


def problems(*texts: str, **how: Any) -> list[str]:
    return [str(problem) for problem in read(*texts, **how)[1]]


def rule(detection: str, *, logsource: str = "{category: test}", more: str = "") -> str:
    """A rule file with this `detection:`, indented by two."""
    return f"title: A rule\nlogsource: {logsource}\n{more}\ndetection:\n{detection}"


def condition(detection: str, **how: Any) -> Node:
    """The condition of the one rule."""
    (found,) = rules(rule(detection), **how)
    assert isinstance(found.does, Detection)
    return found.does.condition


def selecting(selection: str, **how: Any) -> Node:
    """The condition of a rule whose one selection is this line of YAML."""
    return condition(f"  selection: {selection}\n  condition: selection\n", **how)


def correlation(text: str, **how: Any) -> Correlation:
    """The one correlation among the rules."""
    (found,) = [each.does for each in rules(text, **how) if isinstance(each.does, Correlation)]
    return found


def matches(node: Node, *events: dict[str, Any]) -> list[bool]:
    return [naive.holds(node, event) for event in events]
