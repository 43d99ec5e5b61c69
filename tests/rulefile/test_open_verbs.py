"""Verbs whose further arguments the actuator's configuration declares: a rule file cannot know them, and shows them."""

from pathlib import Path

import pytest

from engine.core.command import describe
from engine.rulefile import RuleErrors, load, read
from engine.runtime.registry import actuators, verbs
from schemas.inventory import Inventory, Target
from tests.core.story import Story, only_command
from tests.core.world import alert, heal, program

RULES = """\
groups:
  - name: g
    rules:
      - alert: Full
        expr: disk_full == 1
      - heal: Clean
        alert: Full
        mode: auto
        steps:
          - run: {command: vacuum, size: 5M, level: "{{ $labels.level }}"}
          - call: {endpoint: purge, zone: shop}
          - %s
"""


def loaded(folder: Path, step: str) -> Story:
    (folder / "rules.yaml").write_text(RULES % step)
    rules = load(read([folder]), verbs(actuators()))
    told = Story(program(alert(), heal(*rules.heals[0].steps), verbs=rules.verbs))
    for actuator, target in (("exec", "command:vacuum"), ("http", "endpoint:purge")):
        attributes = {"definition": "d", "runs": 0}
        told.tell(
            Inventory(actuator=actuator, scope="n1", targets=(Target(id=target, lock=target, attributes=attributes),))
        )
    return told


def test_a_rule_says_the_parameters_of_a_command(tmp_path: Path) -> None:
    """They go into the command as they are, and whoever is to approve it sees them."""
    command = only_command(loaded(tmp_path, "page: {receiver: oncall}").samples(0))
    assert command.args == {"command": "vacuum", "size": "5M", "level": ""}
    assert describe(command) == 'run command:vacuum size=5M level="" if definition = d and runs = 0'


@pytest.mark.parametrize("step", ["run: {size: 5M}", "restart: {workload: w, size: 5M}", "call: {command: x}"])
def test_a_step_still_names_a_target_and_other_verbs_take_what_they_declare(tmp_path: Path, step: str) -> None:
    """What is open are the further arguments of these verbs."""
    with pytest.raises(RuleErrors):
        loaded(tmp_path, step)
