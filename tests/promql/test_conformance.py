"""Prometheus' own conformance scripts, read in place from the corpora. `make conformance` prints them as a table."""

import os

import pytest

from tests.promql import conformance
from tests.promql.verdicts import NATIVE_HISTOGRAMS, START_TIMESTAMPS


@pytest.fixture(scope="module")
def verdicts() -> conformance.Verdicts:
    if not conformance.PROMETHEUS.exists():
        assert os.environ.get("CI") != "true", f"the corpora must be at {conformance.CORPORA}"
        pytest.skip("the corpora are not here; set REFLEXARC_CORPORA")
    return conformance.verdicts()


def test_no_evaluation_has_another_result_than_in_prometheus(verdicts: conformance.Verdicts) -> None:
    """What this engine does not refuse, it answers as Prometheus does: values, order, errors, warnings."""
    assert sum(len(found) for found in verdicts.values()) == 1995
    every = [(name, verdict) for name, found in verdicts.items() for verdict in found]
    assert [conformance.described(*each) for each in every if each[1].outcome == "failed"] == []
    assert sum(verdict.outcome == "passed" for _, verdict in every) >= 1024


def test_what_real_rules_use_is_refused_only_for_data_that_we_do_not_have(verdicts: conformance.Verdicts) -> None:
    """Of the evaluations that use what real alert rules use, all pass that need neither native histograms nor start
    timestamps.
    """
    core = [verdict for found in conformance.core(verdicts).values() for verdict in found]
    assert len(core) == 642
    refused = [verdict.detail for verdict in core if verdict.outcome == "refused"]
    assert set(refused) == {NATIVE_HISTOGRAMS, START_TIMESTAMPS}
    assert len(refused) <= 20
