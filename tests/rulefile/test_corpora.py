"""Rule files that others wrote for Prometheus are valid as they are."""

import re

import pytest
import yaml

from engine.rulefile import RuleError, RuleErrors, load
from engine.template import parse
from tests.rulefile.corpora import corpus, rule_files

UNSUPPORTED = re.compile(r"bad PromQL: .* (is|are) not supported")
CORPORA = ("wikimedia", "govuk", "thanos", "samber")


def errors_of(files: dict[str, str]) -> tuple[RuleError, ...]:
    try:
        load(files, {})
    except RuleErrors as refused:
        return refused.errors
    return ()


@pytest.mark.parametrize("name", CORPORA)
def test_published_rules_load(name: str) -> None:
    """Every file loads, or is refused only for PromQL that is not supported yet."""
    files = rule_files(corpus(name))
    assert files
    refusals = [error for path, text in files.items() for error in errors_of({path: text})]
    assert [str(error) for error in refusals if not UNSUPPORTED.match(error.problem)] == []


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_loads_as_one_set(name: str) -> None:
    """The files of a corpus do not get in each other's way."""
    refusals = errors_of(rule_files(corpus(name)))
    assert [str(error) for error in refusals if not UNSUPPORTED.match(error.problem)] == []


@pytest.mark.parametrize("name", CORPORA)
def test_published_templates_parse_and_render(name: str) -> None:
    """Every label and annotation is a template that parses, and renders for an alert that has none of its labels."""
    for text in rule_files(corpus(name)).values():
        for group in yaml.load(text, yaml.CSafeLoader)["groups"]:
            for rule in group["rules"] or ():
                for template in ({} | (rule.get("labels") or {}) | (rule.get("annotations") or {})).values():
                    parse(str(template)).render({}, 0.5)
