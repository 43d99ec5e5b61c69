"""The page of the security pack lists the alerts that there are."""

import re

from engine.core.program import AlertRule
from engine.rulefile import load, read
from engine.runtime.registry import actuators, verbs
from tests.docs.pages import ROOT

ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|", re.MULTILINE)


def test_every_alert_is_listed_with_its_severity() -> None:
    """Each once, and no other."""
    program = load(read([ROOT / "rules" / "security"]), verbs(actuators()))
    rules = [rule for rule in program.alerting if isinstance(rule, AlertRule) or rule.raises]
    listed = ROW.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted((rule.name, rule.labels["severity"]) for rule in rules)
