"""`reflexarc playbook`, on a machine with `reflexarc up` on it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.site import WAIT_S, Site

RULES = """
groups:
- name: shop
  rules:
  - alert: Serving
    expr: count(up{workload="shop"}) > 0
"""

GROW = """
playbook: grow
version: 2
summary: more replicas, kept only if they answer
parameters:
  workload:
  replicas: {type: integer, min: 1, max: 6, summary: how many}
  last: {type: integer, default: 0}
steps:
- scale: {workload: "{{ $params.workload }}", replicas: "{{ $params.replicas }}"}
  name: resize
  compensate:
    scale: {workload: "{{ $params.workload }}", replicas: 3}
- gate: {expr: 'count by (workload) (up{workload="{{ $params.workload }}"} == 1) == 4', within: 15s, hold: 100ms}
- restart: {workload: shop, replica: "{{ $params.last }}"}
"""

WAIT = """
playbook: wait
steps:
- restart: {workload: shop, replica: 0}
  compensate: {restart: {workload: shop, replica: 1}}
- pause: 10m
- restart: {workload: shop, replica: 2}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, RULES)
    for name, text in (("grow", GROW), ("wait", WAIT)):
        (site.rules.parent / f"{name}.yaml").write_text(text)
    yield site
    site.kill_what_is_left()


def test_playbooks_are_run_looked_at_and_aborted(site: Site) -> None:
    """From what there is to how a run ended, each step told as it goes on."""
    site.up()
    what_there_is(site)
    what_is_wrong_is_said_before_anything_is_sent(site)
    tried = played(site, "grow", "--dry-run", "workload=shop", "--version", "2", "replicas=5")
    assert tried.splitlines()[1:] == [
        "step 1: SHADOW: would scale workload:shop replicas=5 if generation = 1",
        'step 2: SHADOW: would wait: until count by (workload) (up{workload="shop"} == 1) == 4',
        "step 3: SHADOW: would restart replica:shop/0 if generation = 1, touching 1 of shop",
        "it was a dry run: nothing was done",
    ]
    done = played(site, "grow", "workload=shop", "replicas=4")
    assert "step 1: commanded: scale workload:shop replicas=4" in done
    assert "COMPLETED" in done
    undone = site.run("playbook", "run", "grow", "workload=shop", "replicas=4", "last=9")
    assert undone.returncode == 1
    assert "commanded: scale workload:shop replicas=3" in undone.stdout
    assert "grow did not come about: COMPENSATED" in undone.stderr
    runs = site.ask("playbook", "list", "--last", "3")["runs"]
    assert [run["reason"] for run in runs] == ["COMPENSATED", "COMPLETED", "SHADOW"]
    told = site.run("playbook", "show", runs[0]["id"][:8]).stdout
    assert told.startswith("grow@2 workload=shop replicas=4 last=9\n")
    assert "UNKNOWN_TARGET" in told
    a_run_that_waits_is_aborted(site)


def played(site: Site, *words: str) -> str:
    """What is said of a run that comes about."""
    ended = site.run("playbook", "run", *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def what_there_is(site: Site) -> None:
    listed = site.run("playbook", "list").stdout
    assert re.search(r"grow +2 +workload replicas \[last\] +more replicas", listed)
    shown = site.run("playbook", "show", "grow").stdout
    assert "replicas   integer, required, 1 or more, 6 or less  how many" in shown
    assert "1. resize: scale workload={{ $params.workload }}" in shown
    assert "undone by scale" in shown


def what_is_wrong_is_said_before_anything_is_sent(site: Site) -> None:
    refused = site.run("playbook", "run", "grow", "replicas=7", "wrkload=shop")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "grow: wrkload: there is no such parameter, expected last, replicas, workload",
        "grow: workload: is required",
        "grow: replicas: expected 6 or less, got 7",
    ]
    assert "there is no playbook gro; there is: grow, wait" in site.run("playbook", "run", "gro").stderr


def a_run_that_waits_is_aborted(site: Site) -> None:
    """From another terminal, and though the engine died; who follows it is told, and of what is compensated for."""
    watching = site.start("playbook", "run", "wait", "--why", "try it")
    try:
        run: list[dict[str, Any]] = []
        engine = next(each for each in site.processes() if each.cmdline()[-1] == "engine")

        def paused() -> bool:
            run[:] = (site.ask("playbook", "list", "--last", "1") or {"runs": []})["runs"]
            return bool(run and run[0]["playbook"] == "wait" and run[0]["step"] == 1)

        site.wait_for(paused, "the run to pause")
        engine.kill()  # the run goes on with the next one, and so does whoever follows it
        site.wait_for(paused, "an engine to answer")
        assert "ends at its next step" in site.run("playbook", "abort", run[0]["id"][:8], "--why", "wrong one").stdout
        said, _ = watching.communicate(timeout=WAIT_S)
    finally:
        watching.kill()
    assert "  compensating, step 2.1 / 1: commanded: restart replica:shop/1" in said
    assert watching.returncode == 1
    chain = site.run("why", run[0]["id"]).stdout
    assert re.search(r"abort .* wrong one  by ", chain)
    assert re.search(r"asked .* on ops.control.play.\S+, by \S+: try it\n", chain)
