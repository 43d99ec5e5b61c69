"""The events of a mixed fleet, by class, from a seed."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from engine.sigma.model import LogSource, SigmaRule
from tests.bench.sigma import hits, linux, web, windows

Data = dict[str, Any]


class Event(NamedTuple):
    data: Data
    logsource: LogSource


WINDOWS = LogSource("windows", "process_creation", "sysmon")
LINUX = LogSource("linux", "process_creation", "sysmon")
HITS = "made to be hits"

CLASSES: dict[str, tuple[int, Callable[[Random], Event]]] = {
    "Windows processes": (35, lambda random: Event(windows.started(random, windows.ORDINARY), WINDOWS)),
    "Linux processes": (15, lambda random: Event(linux.started(random, linux.ORDINARY), LINUX)),
    "Windows shells": (7, lambda random: Event(windows.started(random, windows.SHELLS), WINDOWS)),
    "Linux shells": (3, lambda random: Event(linux.started(random, linux.SHELLS), LINUX)),
    "web requests": (15, lambda random: Event(web.request(random), LogSource(category="webserver", service="nginx"))),
    "syslog": (14, lambda random: _syslog(linux.syslog(random))),
    "AWS calls": (7, lambda random: Event(web.api_call(random), LogSource(product="aws", service="cloudtrail"))),
    "Azure sign-ins": (3, lambda random: Event(web.sign_in(random), LogSource(product="azure", service="signinlogs"))),
}
"""Percent of the mix, and how one is made. What is left to a hundred are hits."""


def events(seed: int, count: int, rules: Sequence[SigmaRule]) -> dict[str, list[Event]]:
    """So many, by class; those that are made to be hits are of all rules in turn."""
    random = Random(seed)
    found = {name: [make(random) for _ in range(count * share // 100)] for name, (share, make) in CLASSES.items()}
    found[HITS] = [Event(*made) for made in hits.made_of(rules, random, count - sum(map(len, found.values())))]
    return found


def shuffled(by_class: dict[str, list[Event]], seed: int) -> list[Event]:
    together = [event for of_class in by_class.values() for event in of_class]
    Random(seed).shuffle(together)
    return together


def _syslog(data: Data) -> Event:
    return Event(data, LogSource(product="linux", service=data["process.name"]))
