"""`reflexarc rules check`, as a pipeline runs it."""

import re
from pathlib import Path

import pytest

from engine.cli import rules
from engine.cli.config import Config
from engine.cli.main import parser

ROOT = Path(__file__).parents[2]


async def check(path: Path) -> int:
    return await rules.check(parser().parse_args(["rules", "check", str(path)]), Config())


async def test_the_shipped_rules_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shipped is without error, and the count says that it was read."""
    assert await check(ROOT / "rules") == 0
    assert re.fullmatch(
        r"[1-9]\d* alert, [1-9]\d* recording, \d+ event, [1-9]\d* heal and \d+ respond rules: no error\n",
        capsys.readouterr().out,
    )


async def test_every_mistake_has_its_place_and_the_exit_status_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several mistakes in one file are reported in one run, on standard error."""
    file = tmp_path / "bad.yaml"
    file.write_text("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up ==\n    for: soon\n    colour: red\n")
    assert await check(file) == 1
    written = capsys.readouterr()
    assert written.out == ""
    lines = written.err.splitlines()
    assert [line.split(":")[1] for line in lines] == ["5", "6", "7"]
    assert all(line.startswith(f"{file}:") and 'group "g", rule "A"' in line for line in lines)
