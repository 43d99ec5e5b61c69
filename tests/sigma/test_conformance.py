"""Rules, cases and samples of others, read in place from the corpora. `make conformance` prints them."""

import os

import pytest

from engine.sigma.documents import SigmaProblem
from engine.sigma.model import SigmaRule
from tests.sigma import conformance


@pytest.fixture(autouse=True, scope="module")
def corpora() -> None:
    if not conformance.there():
        assert os.environ.get("CI") != "true", f"the corpora must be at {conformance.CORPORA}"
        pytest.skip("the corpora are not here; set REFLEXARC_CORPORA")


@pytest.fixture(scope="module")
def every(corpora: None) -> tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]]:
    return conformance.all_rules()


def test_every_rule_is_loaded(every: tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]]) -> None:
    """None of more than 3,700 rules is refused, and each has an id of its own."""
    rules, problems = every
    assert [str(problem) for problem in problems if problem.refused] == []
    assert len(rules) >= 3700
    assert len({rule.id for rule in rules}) == len(rules)


def test_only_rules_with_placeholders_are_told_to_wait(
    every: tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]],
) -> None:
    """Whoever loads the rules without values for their placeholders is told of each that needs them."""
    waiting = [problem for problem in every[1] if not problem.refused]
    assert 0 < len(waiting) < 40
    assert all("waits for values of %" in problem.message for problem in waiting)


def test_every_case_has_the_verdict_that_its_authors_want() -> None:
    """Events and rules with their verdicts, as another implementation of Sigma tests itself."""
    cases = conformance.cases()
    assert len(cases) >= 25
    assert [case for case in cases if conformance.verdict(case) is not case.wanted] == []


def test_every_sample_is_understood() -> None:
    """Correlations, filters and rules of the specification, and correlations of others."""
    samples = conformance.samples()
    assert len(samples) >= 22
    assert {name: problems for name, problems in samples.items() if problems} == {}
