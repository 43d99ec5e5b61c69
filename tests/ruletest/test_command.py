"""`reflexarc rules test`, as a pipeline runs it."""

from pathlib import Path

import pytest

from engine.cli import rules
from engine.cli.config import Config
from engine.cli.main import parser
from tests.rulefile.corpora import REPOSITORY


async def status_of(*arguments: str | Path) -> int:
    return await rules.test(parser().parse_args(["rules", "test", *map(str, arguments)]), Config())


@pytest.mark.parametrize("clock", [[], ["--on-arrival"]])
async def test_the_shipped_rules_pass_on_both_clocks(clock: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is shipped does what its tests say, as promtool would evaluate it and as the engine does."""
    assert await status_of(REPOSITORY / "rules", *clock) == 0
    assert capsys.readouterr().out.endswith(": all passed\n")


async def test_each_file_has_a_verdict_and_one_failure_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All files are run; the exit status is one if any has failed."""
    (tmp_path / "a_test.yaml").write_text("tests: [{promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]}]")
    (tmp_path / "b_test.yaml").write_text("tests: [{promql_expr_test: [{expr: '1', exp_samples: [{value: 2}]}]}]")
    (tmp_path / "c_test.yaml").write_text("tests: []")
    assert await status_of(tmp_path) == 1
    assert [line.replace(f"{tmp_path}/", "") for line in capsys.readouterr().out.splitlines()] == [
        "PASS a_test.yaml",
        "FAIL b_test.yaml",
        "b_test.yaml:1:29: test #1: expr 1 at 0s:",
        "    expected   got",
        "    {} 2     | {} 1",
        "PASS c_test.yaml",
        "3 test files with 2 cases: 1 failed",
    ]


async def test_a_folder_without_tests_does_not_pass(tmp_path: Path) -> None:
    """A pipeline that tests nothing shall notice."""
    assert await status_of(tmp_path) == 1
