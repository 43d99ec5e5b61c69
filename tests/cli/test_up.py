"""`reflexarc up` and the commands that look and steer, on a machine of its own."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.api import Address, listen
from tests.cli.site import WAIT_S, Site

RULES = """
groups:
- name: shop
  rules:
  - alert: Serving
    expr: count(up{workload="shop"}) > 0
  - alert: ReplicaDown
    expr: up{workload="shop"} == 0
    labels: {severity: critical}
  - heal: Restart
    alert: ReplicaDown
    mode: approve
    cooldown: 1s
    steps:
    - restart: {workload: shop, replica: "{{ $labels.replica }}"}
      verify: {expr: 'up{workload="shop", replica="{{ $labels.replica }}"} == 1', within: 10s, hold: 200ms}
"""


POLICY = """
approvals:
- {verbs: [scale], by: [somebody else]}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, RULES)
    (site.rules.parent / "policy.yaml").write_text(POLICY)
    yield site
    site.kill_what_is_left()


def test_a_day_with_reflexarc_up(site: Site) -> None:
    """Look, halt, resume, approve, explain; refuse a bad edit; stop cleanly; start again where it ended."""
    site.up()
    assert len(site.ask("query", 'up{workload="shop"}')) == 3
    command = heal_with_leave(site)
    assert [each["id"] for each in site.ask("commands")] == [command]
    explained = site.run("why", command[:8]).stdout
    assert "sensed" in explained
    assert "AWAITING_APPROVAL" in explained
    assert "VERIFIED" in explained
    refused = site.run("deploy", "shop", "version=v9")
    assert refused.returncode == 1
    assert "failed: version 'v9' is not declared" in refused.stdout
    assert "STEP_FAILED" not in refused.stdout  # there is no other step
    who_may_not_approve_is_told_so(site)
    what_reaches_nobody_is_said(site)
    refuse_a_bad_edit(site)
    site.run("halt", "--target", "workload:shop")
    serving = alert(site, "Serving")

    ended = site.processes()
    assert site.end(signal.SIGINT) == 130
    assert still_alive(ended) == []
    refused = site.run("up")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "shop.yaml:3:3" in refused.stderr

    site.rules.write_text(RULES)
    site.up()
    status = site.ask("status")
    assert status["engine"]["halts"].keys() == {"workload:shop"}
    assert all(role["alive"] for role in status["roles"])
    assert status["engine"]["policy"] == str(site.rules.parent / "policy.yaml")
    assert alert(site, "Serving")["onset"] == serving["onset"]
    assert [each["outcome"] for each in site.ask("commands")] == ["succeeded", "failed"]
    assert {check["verdict"] for check in site.ask("doctor")} == {"ok", "warn"}  # the warning is the halt

    roles = site.processes()
    assert site.end(signal.SIGKILL) == -signal.SIGKILL
    assert still_alive(roles) == []


def heal_with_leave(site: Site) -> str:
    """A replica dies while acts are halted; resumed, the restart still waits for leave. The command's id."""
    site.run("halt", "--why", "maintenance")
    victim = next(start for start in site.starts() if start.replica == "0")
    os.kill(victim.pid, signal.SIGKILL)
    site.wait_for(lambda: held_by(site) == "HALTED", "the ladder to be held by the halt")
    assert "HALTED     everything" in site.run("status").stdout
    asked = site.run("restart", "shop/1")
    assert asked.returncode == 1
    assert "HALTED" in asked.stdout
    assert site.run("resume").returncode == 0
    again = site.run("resume")
    assert (again.returncode, again.stderr) == (1, "there was no halt of *; halted: nothing\n")
    site.wait_for(lambda: phase(site) == "approval", "the ladder to ask for approval")
    assert alert(site, "ReplicaDown")["state"] == "firing"
    assert site.ask("commands") == []
    assert len(site.starts()) == 3
    command: str = ladders(site)[0]["command"]
    approved = site.run("approve", command[:6]).stdout
    assert "approved: restart replica:shop/0" in approved
    assert approved.count("restart replica:shop/0") == 1
    site.wait_for(lambda: not ladders(site), "the ladder to end")
    assert [start.command for start in site.starts()[3:]] == [command]
    return command


def who_may_not_approve_is_told_so(site: Site) -> None:
    """By the engine's own word, and not by what was sent; nothing is done."""
    asking = site.start("scale", "shop", "replicas=4")
    try:
        site.wait_for(lambda: phase(site) == "approval", "the request to wait for others")
        refused = site.run("approve", ladders(site)[0]["command"])
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert "NOT_AN_APPROVER: " in refused.stderr
        assert "1 of somebody else must approve" in refused.stderr
    finally:
        asking.kill()
        asking.communicate()


def what_reaches_nobody_is_said(site: Site) -> None:
    """A halt of what there is not, an emergency where nobody can be paged, and the end of one that there is not."""
    for option, name, said in (
        ("--rule", "Restrat", "no rule Restrat acts now"),
        ("--target", "workload:shpo", "no actuator has a target workload:shpo, did you mean workload:shop?"),
        ("--service", "shpo", "no actuator has a service shpo, did you mean shop?"),
    ):
        assert said in site.run("halt", option, name).stderr
        site.run("resume", option, name)
    assert site.run("halt", "--rule", "Restart").stderr == ""
    site.run("resume", "--rule", "Restart")
    declared = site.run("emergency", "--why", "fire")
    assert (declared.returncode, declared.stderr) == (0, "nobody is paged: no actuator has a receiver\n")
    assert "EMERGENCY  only people act, and the rules that the policy lists: by" in site.run("status").stdout
    assert site.run("emergency", "--over").returncode == 0
    assert "NO_EMERGENCY" in site.run("emergency", "--over").stderr


def refuse_a_bad_edit(site: Site) -> None:
    """Its errors stand in the status, and the rules before it stay."""
    before = site.ask("status")["engine"]["rules"]
    site.rules.write_text("groups:\n- name: shop\n  colour: red\n")
    site.wait_for(lambda: site.ask("status")["engine"]["rules"]["refused"], "the edit to be refused")
    after = site.ask("status")["engine"]["rules"]
    assert {**after, "refused": []} == before
    assert "shop.yaml:3:" in after["refused"][0]
    assert "REFUSED" in site.run("status").stdout


def ladders(site: Site) -> Any:
    return site.ask("status")["ladders"]


def phase(site: Site) -> str | None:
    return next((ladder["phase"] for ladder in ladders(site)), None)


def held_by(site: Site) -> str | None:
    return next((ladder["held_by"] for ladder in ladders(site)), None)


def alert(site: Site, name: str) -> Any:
    return next(found for found in site.ask("alerts") if found["labels"]["alertname"] == name)


def still_alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of the processes that do not end by themselves."""
    return psutil.wait_procs(processes, timeout=WAIT_S)[1]


def test_without_a_bus_a_command_says_what_to_do(tmp_path: Path) -> None:
    """Nobody is left with a traceback; the status is that of a wrong configuration."""
    ended = Site(tmp_path, RULES).run("status")
    assert ended.returncode == 2
    assert "or start one here with `reflexarc up`" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_up_refuses_an_address_that_is_taken(tmp_path: Path) -> None:
    """It is told to the person who is there, before anything starts."""
    with listen(Address("127.0.0.1", 0)) as taken:
        ended = Site(tmp_path, RULES).run("up", REFLEXARC_ENGINE__LISTEN=str(Address(*taken.getsockname())))
    assert ended.returncode == 1
    assert re.fullmatch(r"engine\.listen: cannot listen on 127\.0\.0\.1:\d+: Address already in use\n", ended.stderr)


def test_rules_that_are_not_there_are_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    """Who starts it in a folder without rules is told which setting names them."""
    site = Site(tmp_path, RULES)
    folder = site.rules.parent
    site.rules.unlink()
    folder.rmdir()
    ended = site.run("up")
    assert (ended.returncode, ended.stderr) == (2, f"engine.rules: {folder}: there is no such file or folder\n")


def test_doctor_tells_what_is_wrong_with_a_machine_that_runs_nothing(tmp_path: Path) -> None:
    """What is there is fine, what is not is named, each with what to do; and it fails."""
    site = Site(tmp_path, RULES)
    ended = site.run("doctor")
    assert ended.returncode == 1
    assert "ok    rules" in ended.stdout
    assert "FAIL  bus as operator" in ended.stdout
    assert "→ start a bus here with `reflexarc up`" in ended.stdout


def test_a_machine_that_only_watches_has_nothing_wrong(tmp_path: Path) -> None:
    """Without an actuator plugin there is nothing to act on, and `doctor` does not ask for it."""
    site = Site(tmp_path, RULES.partition("  - heal")[0], acts=False)
    try:
        site.up()
        assert [check for check in site.ask("doctor") if check["verdict"] != "ok"] == []
        (logins,) = tmp_path.rglob("credentials.json")
        logins.chmod(0o644)
        (found,) = [check for check in site.ask("doctor") if check["verdict"] != "ok"]
        assert (found["name"], found["remedy"]) == ("logins", f"chmod o= {logins}")
    finally:
        site.kill_what_is_left()
