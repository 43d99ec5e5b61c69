"""Prometheus' own conformance scripts, read in place from the corpora."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.promql.promqltest import run

CORPORA = Path(os.environ.get("REFLEXARC_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
PROMETHEUS = CORPORA / "prometheus"

BEHIND_FEATURE_FLAGS = {
    # promql-delayed-name-removal, on in the scripts' own runner and off in Prometheus 3.5 unless asked for: here as
    # there, names are dropped where they cease to hold, not at the end.
    "name_label_dropping.test": {89, 119, 123},
    # type-and-unit-labels, likewise: __type__ and __unit__ are labels like others.
    "type_and_unit.test": {39, 53, 56, 63, 77, 92, 122, 140, 181, 195, 198, 208, 222, 237, 279},
}


def scripts() -> dict[str, list[int]]:
    """Script name → lines of the evaluations that use only what real alert rules use."""
    if not PROMETHEUS.exists():
        assert os.environ.get("CI") != "true", f"the corpora must be at {CORPORA}, or where REFLEXARC_CORPORA says"
        pytest.skip("the corpora are not here; set REFLEXARC_CORPORA")
    lines: dict[str, list[int]] = json.loads((PROMETHEUS / "CORE_EVAL_LINES.json").read_text())
    return lines


def test_every_core_evaluation_passes_or_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """No evaluation of Prometheus' scripts has another value here than there."""
    counts: Counter[str] = Counter()
    failures = []
    for name, lines in scripts().items():
        wanted = set(lines) - BEHIND_FEATURE_FLAGS.get(name, set())
        script = (PROMETHEUS / "promql/promqltest/testdata" / name).read_text()
        results = list(run(script, wanted))
        assert {result.asked.line for result in results} == wanted, f"{name}: the runner has lost evaluations"
        counts.update(result.outcome for result in results)
        failures += [
            f"{name}:{result.asked.line}: {result.asked.expr}: {result.detail}"
            for result in results
            if result.outcome == "failed"
        ]
    with capsys.disabled():
        print(f"\nPromQL conformance: {dict(sorted(counts.items()))}")  # noqa: T201 - the counts are the point
    assert failures == []
    assert counts["passed"] >= 500
