"""`python -m tests.promql.conformance`: every evaluation of Prometheus' own scripts, counted per file.

Read in place from the corpora. Exit 1 when an evaluation fails; what is refused is listed with its reason.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

from tests.promql.verdicts import Outcome, Verdict, run

CORPORA = Path(os.environ.get("REFLEXARC_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
PROMETHEUS = CORPORA / "prometheus"
OUTCOMES: tuple[Outcome, ...] = ("passed", "refused", "failed")

Verdicts = dict[str, list[Verdict]]


def verdicts() -> Verdicts:
    """Script name → its verdicts. Raises `FileNotFoundError` where the corpora are not."""
    if not PROMETHEUS.exists():
        raise FileNotFoundError(f"no corpora at {CORPORA}; REFLEXARC_CORPORA may say where they are")
    scripts = sorted((PROMETHEUS / "promql/promqltest/testdata").glob("*.test"))
    return {script.name: list(run(script.read_text())) for script in scripts}


def core(every: Verdicts) -> Verdicts:
    """Only the evaluations that use nothing but what real alert rules use."""
    lines: dict[str, list[int]] = json.loads((PROMETHEUS / "CORE_EVAL_LINES.json").read_text())
    return {
        name: [verdict for verdict in every[name] if verdict.asked.line in wanted] for name, wanted in lines.items()
    }


def described(name: str, verdict: Verdict) -> str:
    return f"{name}:{verdict.asked.line}: {verdict.asked.expr}: {verdict.detail}"


def table(every: Verdicts) -> str:
    """One line for each script, and the sum."""
    counts = {name: Counter(verdict.outcome for verdict in found) for name, found in every.items()}
    counts["all"] = sum(counts.values(), Counter())
    head = f"{'script':<28}" + "".join(f"{outcome:>9}" for outcome in OUTCOMES)
    rows = [f"{name:<28}" + "".join(f"{count[outcome]:>9}" for outcome in OUTCOMES) for name, count in counts.items()]
    return "\n".join([head, *rows])


def main() -> int:
    every = verdicts()
    reasons = Counter(verdict.detail for found in every.values() for verdict in found if verdict.outcome == "refused")
    failures = [described(name, each) for name, found in every.items() for each in found if each.outcome == "failed"]
    lines = [table(every), "", "of these, what real alert rules use:", table(core(every)), "", "refused by name:"]
    lines += [f"{count:>6}  {reason}" for reason, count in sorted(reasons.items())]
    lines += ["", "failed:", *failures] if failures else []
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
