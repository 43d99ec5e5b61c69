"""`reflexarc rules check`, as a pipeline runs it."""

import re
from pathlib import Path

import pytest

from engine.cli import rules
from engine.cli.config import Config
from engine.cli.failure import CommandFailedError
from engine.cli.main import parser

ROOT = Path(__file__).parents[2]


async def check(path: Path) -> int:
    return await rules.check(parser().parse_args(["rules", "check", str(path)]), Config())


async def test_the_shipped_rules_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shipped is without error, and the count says that it was read."""
    assert await check(ROOT / "rules") == 0
    assert re.fullmatch(
        r"[1-9]\d* alert, [1-9]\d* recording, \d+ event, [1-9]\d* heal, \d+ respond and \d+ scale rules "
        r"and [1-9]\d* playbooks: no error\n",
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


SUDO = "title: Sudo\nlogsource: {product: linux, service: sudo}\ndetection: {sel: {a: 1}, condition: sel}\n"


async def coverage(path: Path, state_dir: Path, *fed: str) -> int:
    named = [argument for source in fed for argument in ("--fed", source)]
    arguments = parser().parse_args(["rules", "check", "--coverage", *named, str(path)])
    return await rules.check(arguments, Config(state_dir=state_dir))


async def test_rules_that_nobody_feeds_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the log source that it waits for, and how many wait for that."""
    file = tmp_path / "sudo.yml"
    file.write_text(SUDO)
    assert await coverage(file, tmp_path, "linux//sshd", "nginx/webserver/access") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{file}:1: Sudo: nobody feeds linux//sudo" in lines
    assert lines[-1] == "0 of 1 rules over events are fed, by 2 log sources"


async def test_rules_that_are_fed_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log source may say more than the rule asks for."""
    file = tmp_path / "sudo.yml"
    file.write_text(SUDO)
    assert await coverage(file, tmp_path, "linux/process_creation/sudo") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 rules over events are fed, by 1 log sources"


async def test_a_log_source_has_three_parts(tmp_path: Path) -> None:
    """What is no log source is told."""
    file = tmp_path / "sudo.yml"
    file.write_text(SUDO)
    with pytest.raises(CommandFailedError, match="expected product/category/service"):
        await coverage(file, tmp_path, "a/b/c/d")
