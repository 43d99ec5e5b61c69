"""Rules and their tests as files, written below `tmp_path` and run."""

from pathlib import Path

from engine.ruletest import Verdict, run
from tests.rulefile.verbs import VERBS

DOWN = """
groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.job }} is down"}
"""


def verdict(folder: Path, tests: str, rules: str = DOWN, *, on_arrival: bool = False) -> Verdict:
    """The verdict on the test file `tests`, beside which `rules` is `rules.yaml`."""
    (folder / "rules.yaml").write_text(rules)
    file = folder / "rules_test.yaml"
    file.write_text(f"rule_files: [rules.yaml]\n{tests}")
    return run(file, VERBS, on_arrival=on_arrival)


def problems(found: Verdict) -> list[str]:
    """What is wrong, without the folder."""
    return [problem.rpartition(f"{Path(found.path).parent}/")[2] for problem in found.problems]
