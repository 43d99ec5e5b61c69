"""`reflexarc rules record` and `rules promote`: what a rule has to show, and its mode in its file."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.cli.config import Config
from engine.cli.failure import CommandFailedError
from engine.cli.main import parser
from engine.cli.promote import next_mode, promote, record
from engine.cli.rule_record import Record, Would, lines, record_of
from engine.runtime.asking import ask
from engine.runtime.bus import Bus
from schemas.reasons import Reason
from tests.cli.audit import climbed, happening, healed_episode, outcome, transition
from tests.cli.shadowed import RULES, document, shop
from tests.cli.site import WAIT_S, command_line, environment
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, POLL_S, entry

CHANGING = ("restart",)


def recorded(*happenings: Any) -> Record:
    return record_of(happenings, "g/Restart", "Down", CHANGING)


# --- the record ---


def test_a_rule_that_was_never_heard_of_has_an_empty_record() -> None:
    """And it is said how far back nothing is known of it."""
    found = recorded(transition(1, "firing", 1, rule="Other"))
    assert (found.since_ms, found.audit_since_ms, found.fired, found.turns) == (None, 1000, 0, 0)
    assert next(lines(found, 2000)) == "  nothing is on record of it since 1970-01-01 00:00"


def test_what_healed_is_counted() -> None:
    """The alert fired, the rule acted, and it was verified."""
    found = recorded(*healed_episode(1))
    assert (found.fired, found.turns, found.acts, found.verified) == (1, 1, {"succeeded": 1}, 1)
    assert (found.failed, found.unknown, found.false, found.since_ms) == (0, 0, 0, 2000)


def test_shadow_is_counted_by_what_would_have_been_touched() -> None:
    """How often, and how many replicas of which service."""
    details = ["would restart replica:shop/0 if generation = 1, touching 1 of shop"] * 2
    details += ["would restart workload:shop if generation = 1, touching 3 of shop", "would restart workload:x"]
    found = recorded(
        *(
            climbed(nth, "decision", Reason.SHADOW, nth, state="ended", detail=detail, ladder=f"{nth:016x}")
            for nth, detail in enumerate(details, start=1)
        )
    )
    assert found.would == (
        Would(verb="restart", service="shop", times=3, replicas=5),
        Would(verb="restart", service="", times=1, replicas=0),
    )
    assert any("restart: 3 times, touching 5 replicas of shop" in line for line in lines(found, 9000))


def test_what_held_and_what_refused_is_counted_by_reason() -> None:
    """A wait is no refusal."""
    found = recorded(
        climbed(1, "decision", Reason.COOLDOWN, 1, state="held"),
        climbed(2, "decision", Reason.COOLDOWN, 2, state="held"),
        climbed(3, "decision", Reason.AWAITING_APPROVAL, 3, state="approval"),
        climbed(4, "decision", Reason.APPROVED, 3, state="approval", by="ann"),
        climbed(5, "decision", Reason.PROTECTED, 5, state="held"),
        climbed(6, "decision", Reason.RESOLVED_BEFORE_ACT, 6, state="ended"),
    )
    assert found.held == {"COOLDOWN": 2, "AWAITING_APPROVAL": 1}
    assert (found.refused, found.approved, found.false) == ({"PROTECTED": 1}, 1, 1)


def test_what_its_ladders_began_counts_for_the_rule() -> None:
    """What a playbook did for it, what was undone, and what nobody knows."""
    ladder, child = "b2" * 8, "b2" * 8 + "-0.0.0"
    found = recorded(
        climbed(1, "command", Reason.ALERT_FIRED, 1, rule="fix@1", ladder=child),
        outcome(2, "failed", ladder=child),
        climbed(3, "decision", Reason.EXHAUSTED, 1, state="ended"),
        climbed(4, "decision", Reason.REVERTED, 1, rule="g/Restart/undo", ladder=f"{ladder}-0-undo", state="ended"),
        climbed(5, "decision", Reason.FATE_UNKNOWN, 1, rule="fix@1", ladder=child, state="ended"),
        climbed(6, "command", Reason.STEP_FAILED, 1, verb="page", command="d4" * 16),
        climbed(7, "command", Reason.ALERT_FIRED, 1, rule="g/Other", ladder="e5" * 8, command="e5" * 16),
        happening(8, kind="control", verb="halt", by="ann"),
    )
    assert (found.turns, found.acts, found.told) == (1, {"failed": 1}, 1)
    assert (found.failed, found.undone, found.unknown, found.verified) == (1, 1, 1, 0)


# --- the step ---


@pytest.mark.parametrize(
    ("mode", "to", "demote", "then"),
    [
        ("shadow", None, False, "approve"),
        ("approve", None, False, "auto"),
        ("shadow", "auto", False, "auto"),
        ("auto", None, True, "approve"),
        ("auto", "shadow", True, "shadow"),
    ],
)
def test_one_step_unless_more_is_said(mode: str, to: str | None, demote: bool, then: str) -> None:
    """To skip one it must be named."""
    assert next_mode(mode, to, demote=demote) == then


@pytest.mark.parametrize(
    ("mode", "to", "demote", "says"),
    [
        ("auto", None, False, "in mode auto already: there is none above"),
        ("shadow", None, True, "in mode shadow already: there is none below"),
        ("approve", "approve", False, "in mode approve already"),
        ("auto", "shadow", False, "would lower it: ask for that with --demote"),
        ("shadow", "auto", True, "would raise it: ask for that without --demote"),
    ],
)
def test_a_step_the_wrong_way_is_refused(mode: str, to: str | None, demote: bool, says: str) -> None:
    """What was meant is asked for."""
    with pytest.raises(CommandFailedError, match=says):
        next_mode(mode, to, demote=demote)


# --- both, on a live engine ---


async def run(config: Config, *words: str) -> None:
    args = parser().parse_args(["rules", *words])
    await (record if words[0] == "record" else promote)(args, config)


async def test_a_rule_is_raised_after_its_record_was_seen(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only with a yes; then the file says so, nothing else in it is another, and the engine follows."""
    file = tmp_path / "rules" / "shop.yaml"
    async with shop(mortal_server, mortal_bus, tmp_path) as config:
        await entry(mortal_bus, lambda each: each.reason is Reason.SHADOW)
        await run(config, "record", "Watch", "--json")
        shown = document(capsys.readouterr().out)
        assert (shown["mode"], shown["record"]["fired"], shown["record"]["turns"]) == ("shadow", 1, 1)
        assert shown["record"]["would"] == [{"verb": "restart", "service": "shop", "times": 1, "replicas": 1}]
        with pytest.raises(CommandFailedError, match="no terminal to ask at: say --yes"):
            await run(config, "promote", "Watch")
        with pytest.raises(CommandFailedError, match="did you mean Watch"):
            await run(config, "promote", "Wathc", "--yes")
        assert file.read_text() == RULES
        file.chmod(0o640)
        capsys.readouterr()
        await run(config, "promote", "Watch", "--yes")
        printed = capsys.readouterr().out
        assert "restart: once, touching 1 replica of shop" in printed
        assert f"{file}: mode of shop/Watch: shadow → approve" in printed
        assert f"git add {file}" in printed
        await follows(mortal_bus, "approve")
        assert "nothing was changed" in await asyncio.to_thread(_at_a_terminal, config, "n")
        assert "approve → auto" in await asyncio.to_thread(_at_a_terminal, config, "y")
        real = file.rename(tmp_path / "real.yaml")
        file.symlink_to(real)
        await run(config, "promote", "Watch", "--demote", "--to", "shadow", "--yes")
        assert file.is_symlink()
    wanted = RULES.replace("        # Nobody", "        mode: shadow\n        # Nobody")
    assert (file.read_text(), file.stat().st_mode & 0o777) == (wanted, 0o640)
    assert sorted(path.name for path in file.parent.iterdir()) == ["policy.yaml", "shop.yaml"]


async def follows(bus: Bus, mode: str) -> None:
    """Wait until the engine has the rule in this mode."""
    async with asyncio.timeout(PATIENCE_S):
        while (await ask(bus, "engine", "why-not", b'{"rule": "Watch"}'))["mode"] != mode:
            await asyncio.sleep(POLL_S)


def _at_a_terminal(config: Config, answer: str) -> str:
    """What `rules promote Watch` prints to somebody who answers so."""
    ours, theirs = os.openpty()
    (rules,) = config.engine.rules
    file = rules.parent / "reflexarc.toml"
    file.write_text(f'[nats]\ncredentials = "{config.credentials_file}"\n[engine]\nrules = ["{rules}"]\n')
    try:
        os.write(ours, f"{answer}\n".encode())
        ended = subprocess.run(
            command_line("--config", str(file), "rules", "promote", "Watch"),
            stdin=theirs,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=WAIT_S,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == (answer != "y"), ended.stderr
    return ended.stdout + ended.stderr
