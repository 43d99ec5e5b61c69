"""Attacks as they stand in logs: from the raw lines of others to the alerts of our pack, for the same offender."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from collectors.formats.model import Parser
from engine.core.program import Program
from schemas.events import time_ms
from tests.rulefile.corpora import corpus
from tests.security.replay import Replay, events, pack, parser, shop
from tests.security.scenarios import ALSO, NOT_OURS, SCENARIOS

_SOURCE = re.compile(r'"([^"]+)" in results\[(\d+)\]\.Overflow\.GetSources\(\)')
_SCENARIO = re.compile(r'results\[(\d+)\]\.Overflow\.Alert\.GetScenario\(\) == "([^"]+)"')
_KNOWN = (
    "http-admin-interface-probing",
    "http-dos-random-uri",
    "http-wordpress-scan",
    "http-wordpress_wpconfig",
    "ssh-slow-bf",
)
"""Folders in whose lines several rules could see something."""
_NOW_MS = 1_800_000_000_000
"""2027: dates without a year are the last that have been."""

Alert = tuple[str, str]
"""Rule and offender."""

program = cache(pack)


def folders() -> list[str]:
    """Each folder of theirs whose name says SSH or HTTP."""
    tests = corpus("crowdsec") / ".tests"
    return sorted(path.parent.name for path in tests.glob("*/config.yaml") if path.parent.name[:4] in ("ssh-", "http"))


def parsers(log_type: str) -> list[Parser]:
    """The formats that a log of theirs has: web servers may log to syslog."""
    match log_type:
        case "nginx":
            return [parser("nginx", timezone="UTC"), parser("syslog", timezone="UTC")]
        case "apache2":
            return [parser("apache", timezone="UTC"), parser("syslog", timezone="UTC")]
        case "magento-extension":
            return [shop()]
    return [parser("auth", timezone="UTC")]


def wanted(folder: Path) -> tuple[set[Alert], set[Alert]]:
    """What is to be raised, and what may be."""
    text = (folder / "scenario.assert").read_text()
    sources = {index: source for source, index in _SOURCE.findall(text)}
    asserted = [(scenario, sources[index]) for index, scenario in _SCENARIO.findall(text) if scenario not in NOT_OURS]
    said = [(SCENARIOS[scenario], source) for scenario, source in asserted]
    must = {(rule.name, source) for rule, source in said}
    may = {(each, source) for rule, source in said for each in rule.beside}
    return must, may | ALSO.get(folder.name, set())


def raised(program: Program, folder: Path) -> set[Alert]:
    """What our rules make of its lines."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    lines = (folder / config["log_file"]).read_text().splitlines()
    happened = list(events(lines, parsers(config["log_type"]), _NOW_MS))
    assert len(happened) == sum(1 for line in lines if line.strip()), "a line was not understood"
    replay = Replay(program, min(time_ms(event) or 0 for event in happened))
    replay.tell(happened)
    replay.end()
    return {(alert.alertname, alert.labels.get("source_ip", "")) for alert in replay.firing}


def test_what_they_raise_we_raise_for_the_same_offender_and_nothing_else() -> None:
    """Of every folder, the alerts are those of the table, for the addresses that are asserted."""
    found = corpus("crowdsec") / ".tests"
    wrong = {}
    for name in folders():
        must, may = wanted(found / name)
        got = raised(program(), found / name)
        if got - must - may or must - got:
            wrong[name] = {"missing": must - got, "not asserted": got - must - may}
    assert wrong == {}
    assert len(folders()) >= 18


def test_what_the_table_allows_beside_is_not_needed() -> None:
    """In the folders that are known here, every alert that is raised is asserted, but for `ALSO`."""
    found = corpus("crowdsec") / ".tests"
    more = {name: raised(program(), found / name) - wanted(found / name)[0] - ALSO.get(name, set()) for name in _KNOWN}
    assert {name: alerts for name, alerts in more.items() if alerts} == {}


def test_every_rule_of_the_table_is_there() -> None:
    """A rule that has another name now is named so in the table."""
    shipped = {rule.name for rule in program().events if rule.raises}
    named = {name for rule in SCENARIOS.values() for name in (rule.name, *rule.beside)}
    assert named - shipped == set()


@pytest.mark.parametrize("folder", sorted(ALSO))
def test_what_else_is_in_their_lines_is_still_there(folder: str) -> None:
    """An exception that is no longer needed leaves the table."""
    assert ALSO[folder] <= raised(program(), corpus("crowdsec") / ".tests" / folder)
