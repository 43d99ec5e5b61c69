"""Days on which nothing happens: no alert, neither of our rules nor of those of others."""

from collections import Counter

import msgspec
import pytest

from engine.core.program import EventRule, Program
from engine.rulefile import SigmaCache, load_all
from engine.runtime.registry import actuators, verbs
from engine.sigma.model import Correlation, Detection
from schemas.events import Event
from tests.rulefile.corpora import corpus, rule_files
from tests.security.ordinary import BEGIN, ordinary
from tests.security.replay import Replay, events, pack, parser

LINES = 6_000
_BEGIN_MS = int(BEGIN.timestamp() * 1000)
_NOW_MS = _BEGIN_MS + 180 * 86_400_000


@pytest.fixture(scope="module")
def days() -> list[Event]:
    """The events of ordinary lines, each of which is understood."""
    lines = ordinary(LINES)
    found = list(events(lines, [parser("syslog", timezone="UTC")], _NOW_MS))
    assert len(found) == len(lines)
    return found


def fired(program: Program, days: list[Event]) -> Counter[str]:
    replay = Replay(program, _BEGIN_MS)
    replay.tell(days)
    replay.end()
    return Counter(alert.alertname for alert in replay.firing)


def test_they_are_of_all_kinds(days: list[Event]) -> None:
    """Logins, sudo, cron, accounts and the rest each have their log source, so that rules are tried on them."""
    services = Counter(event.service for event in days)
    assert set(services) == {"auth", "cron", "sshd", "sudo", "syslog"}
    assert min(services.values()) > 30


def test_our_pack_raises_nothing(days: list[Event]) -> None:
    """Not by the mistyped passwords either, nor by the users that packages make."""
    assert fired(pack(), days) == Counter()


def test_no_rule_for_linux_raises_anything(days: list[Event]) -> None:
    """With every rule for Linux of the corpus beside ours."""
    found = load_all(rule_files(corpus("sigma")), verbs(actuators()), SigmaCache()).program
    linux = tuple(rule for rule in found.events if _may_be_of_linux(rule))
    assert len(linux) > 200
    ours = pack()
    assert fired(msgspec.structs.replace(ours, events=(*ours.events, *linux)), days) == Counter()


def _may_be_of_linux(rule: EventRule) -> bool:
    does = rule.does
    if isinstance(does, Correlation):
        return False
    assert isinstance(does, Detection)
    return does.logsource.product in ("linux", "")
