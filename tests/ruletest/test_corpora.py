"""promtool's own verdicts on the test files that others wrote, read in place from the corpora."""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from engine.ruletest import Verdict, run
from tests.rulefile.corpora import corpus
from tests.rulefile.verbs import VERBS

START_TIMESTAMP = "start_timestamp: unknown to promtool 3.5.3, which refuses these files for it; later ones read it"
HISTOGRAMS = "native histograms are not part of this engine"
OTHERWISE = {
    "prometheus/cmd/promtool/testdata/start-time-test.yml": START_TIMESTAMP,
    "prometheus/cmd/promtool/testdata/unittest.yml": HISTOGRAMS,
    **{
        f"govuk/charts/monitoring-config/rules/{stage}/database_backups_and_syncs_{stage}_only_alerts_tests.yaml": (
            START_TIMESTAMP
        )
        for stage in ("integration", "production", "staging")
    },
}
"""The files whose verdict is another here, and why."""


def on(path: Path) -> Verdict:
    return run(path, VERBS)


def test_the_verdict_is_promtools(capsys: pytest.CaptureFixture[str]) -> None:
    """Every file passes or fails as with promtool 3.5.3; the exceptions are known by name."""
    root = corpus("prometheus").parent
    rows = [line.split("\t")[:2] for line in (root / "PROMTOOL_3.5.3.tsv").read_text().splitlines()[1:]]
    # Half a million evaluations: a process for each core, none of which inherits the threads of this one.
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        verdicts = list(pool.map(on, [root / name for name, _ in rows]))
    ours = {name: "PASS" if found.passed else "FAIL" for (name, _), found in zip(rows, verdicts, strict=True)}
    with capsys.disabled():
        print(f"\npromtool's verdicts: {Counter(wanted for _, wanted in rows)}, ours: {Counter(ours.values())}")  # noqa: T201
    others = {name: ours[name] for name, wanted in rows if ours[name] != wanted}
    assert others.keys() == OTHERWISE.keys()


@pytest.mark.parametrize("name", [name for name, why in OTHERWISE.items() if why is START_TIMESTAMP])
def test_what_only_later_promtools_read_has_their_field(name: str) -> None:
    """These files fail in the table and pass here, for a reason that can be seen."""
    assert "start_timestamp: " in (corpus("prometheus").parent / name).read_text()


def test_native_histograms_are_all_that_is_refused() -> None:
    """In the one file that has them, nothing but their series is a mistake."""
    found = run(corpus("prometheus") / "cmd/promtool/testdata/unittest.yml", VERBS)
    assert found.problems
    assert all(problem.endswith("values: native histograms are not supported") for problem in found.problems)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad-input-series", "input_series[0].series: expected a comma or the closing brace"),
        ("bad-rules-error-test", "found duplicate series for the match group"),
        ("bad-rules-syntax-test", "bad PromQL: parse error"),
        ("failing", '> {alertname="AlwaysFiring"}'),
        ("rules_run", 'test "wrong test": expr test at 0s'),
        ("rules_run_extrafields", "unknown field"),
        ("rules_run_fuzzy", 'test "wrong fuzzy match": expr test_low at 0s'),
        ("rules_run_no_fuzzy", "test_high 3 | test_high 3.0000000000000004"),
    ],
)
def test_what_fails_on_purpose_fails_for_the_same_reason(name: str, reason: str) -> None:
    """Prometheus' own files that are meant to fail."""
    found = run(corpus("prometheus") / f"cmd/promtool/testdata/{name}.yml", VERBS)
    assert reason in "\n".join(found.problems)
