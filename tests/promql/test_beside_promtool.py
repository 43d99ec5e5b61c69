"""Values of expressions, asked of promtool where it is installed: our answers are what its unit test expects."""

import json
import math
import random
import subprocess
from pathlib import Path
from typing import TypeVar

from engine.promql import PromqlError
from schemas.labels import Labels, text
from tests.peers import installed
from tests.promql.columns import STEP_MS, ask, labels, store_of

T = TypeVar("T")
EXPRESSIONS = 400
SAMPLES = 31
RANGE_FUNCTIONS = (
    "rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time", "sum_over_time",
    "min_over_time", "max_over_time", "count_over_time", "last_over_time", "stddev_over_time", "present_over_time",
)  # fmt: skip
FUNCTIONS = ("abs", "ceil", "floor", "sgn", "sqrt", "round", "timestamp", "absent", "month", "sort")
AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group", "quantile(0.3, ", "topk(1, ", "count_values('v', ")


class _Author:
    """Writes series and expressions, the same ones on every machine."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def values(self) -> list[float | None]:
        # Sums of halves and quarters are exact in whatever order they are taken.
        return [self._one_of(None, 0.0, 1.0, 2.5, 7.0, 100.25, -3.0) for _ in range(SAMPLES)]

    def expr(self, depth: int = 2) -> str:
        if not depth:
            return self._one_of("a", "b", "a{i='1'}", "b{j!='x'}", "a offset 20s", "nothing")
        inner = self.expr(depth - 1)
        name, other = self._one_of("a", "b"), self.expr(depth - 1)
        by = self._one_of("", " by (i)", " without (j)")
        return self._one_of(
            f"{self._one_of(*RANGE_FUNCTIONS)}({name}[{self._one_of('20s', '1m', '95s')}])",
            f"{self._one_of(*RANGE_FUNCTIONS)}(({inner})[1m:20s])",
            f"{self._one_of(*FUNCTIONS)}({inner})",
            self._aggregated(self._one_of(*AGGREGATIONS), inner, by),
            f"({inner}) {self._one_of('+', '-', '*', '/', '%', '> bool', '<', '==')} {self._one_of('2', '0.5', '-1')}",
            f"({inner}) {self._one_of('+', '*', '>', 'and', 'or', 'unless')} on (i) ({other})",
        )

    @staticmethod
    def _aggregated(name: str, inner: str, by: str) -> str:
        return f"{name}{inner}){by}" if "(" in name else f"{name}({inner}){by}"

    def _one_of(self, *choices: T) -> T:
        return self._random.choice(choices)


def test_promtool_expects_our_values(tmp_path: Path) -> None:
    """Expressions of functions, operators and aggregations over series with gaps and resets."""
    promtool = installed("promtool", "prometheus", at_least=(3, 5, 0))
    author = _Author(seed=1)
    keys = [labels(name, i=i, j=j) for name in "ab" for i in "123" for j in "xy"]
    series = {each: author.values() for each in keys}
    store = store_of(series)
    cases = []
    for expr in (author.expr() for _ in range(EXPRESSIONS)):
        try:
            answer = ask(store, expr, (SAMPLES - 1) * STEP_MS)
        except PromqlError:
            continue  # promtool would fail with it
        if all(map(math.isfinite, answer.values())):
            cases.append(_case(expr, answer))
    assert len(cases) > EXPRESSIONS // 2
    group = {"interval": "10s", "input_series": list(map(_input, series.items())), "promql_expr_test": cases}
    path = tmp_path / "test.yaml"
    path.write_text(json.dumps({"evaluation_interval": "10s", "fuzzy_compare": True, "tests": [group]}))
    ran = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert "FAILED" not in ran.stdout + ran.stderr


def _case(expr: str, answer: dict[Labels, float]) -> dict[str, object]:
    samples = [{"labels": text(each), "value": value} for each, value in answer.items()]
    return {"expr": expr, "eval_time": f"{(SAMPLES - 1) * STEP_MS}ms", "exp_samples": samples}


def _input(series: tuple[Labels, list[float | None]]) -> dict[str, str]:
    return {"series": text(series[0]), "values": " ".join("_" if each is None else str(each) for each in series[1])}
