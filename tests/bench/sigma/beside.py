"""Ours beside engines that do the same: azuma on the rules for Windows process starts, durable_rules on equality."""

import time
from collections.abc import Sequence
from random import Random
from typing import Any

from engine.sigma.matcher import Matcher
from engine.sigma.model import And, Detection, LogSource, Node, Not, Or, Regexp, SigmaRule, Text
from tests.bench.figures import Figure
from tests.bench.sigma import hits, mix, peers, windows
from tests.bench.sigma.mix import Data
from tests.bench.sigma.rules import detections

SEED = 3
AZUMA_EVENTS, AZUMA_WARM_UP = 200, 20
OURS_PER_THEIRS = 20
"""We go over the same events so often, for once would be too short to time."""
EQUALITY_RULES = (10, 100, 400)
EQUALITY_EVENTS = 20_000

MIN_AGAINST_AZUMA = 300.0
MIN_AGAINST_DURABLE = 2.0
MAX_SLOWER = 1.2


def run(rules: Sequence[SigmaRule]) -> list[Figure]:
    return [*_azuma([rule for rule in rules if _process_start(rule.does)]), *_durable()]


def _process_start(does: Any) -> bool:
    return isinstance(does, Detection) and (does.logsource.product, does.logsource.category) == (
        "windows",
        "process_creation",
    )


def _azuma(rules: Sequence[SigmaRule]) -> list[Figure]:
    events = _process_starts(rules, AZUMA_EVENTS + AZUMA_WARM_UP)
    warm_up, events = events[:AZUMA_WARM_UP], events[AZUMA_WARM_UP:]
    answer = peers.ask("azuma", {"rules": [rule.path for rule in rules], "events": events, "warm_up": warm_up})
    if answer is None:
        return []
    by_path = {rule.path: rule for rule in rules}
    same = detections(by_path[path] for path in answer["rules"])
    matcher = Matcher(same)
    matched = [matcher.match(event, mix.WINDOWS) for event in events]
    alike = {place for place, rule in enumerate(same) if not _has_expression(rule.condition)}
    differing = sum(
        len((set(ours) ^ set(theirs)) & alike) for ours, theirs in zip(matched, answer["matched"], strict=True)
    )
    ours_s, theirs_s = _event_s(matcher, events, mix.WINDOWS), answer["taken_s"] / len(events)
    return [
        Figure(name=f"{len(same):,} rules for process starts, azuma", measured=1 / theirs_s, unit="events/s"),
        Figure(name="the same, ours", measured=1 / ours_s, unit="events/s"),
        Figure(name="azuma's time against ours", measured=theirs_s / ours_s, unit="times", limit=MIN_AGAINST_AZUMA, at_least=True),
        Figure(name=f"verdicts that differ, of {len(alike) * len(events):,}", measured=differing, unit="", limit=0),
    ]  # fmt: skip


def _has_expression(node: Node) -> bool:
    """For azuma a regular expression is to be found at the start of the value, for Sigma anywhere."""
    match node:
        case And(of) | Or(of):
            return any(map(_has_expression, of))
        case Not(of):
            return _has_expression(of)
    return isinstance(node, Regexp)


def _process_starts(rules: Sequence[SigmaRule], count: int) -> list[Data]:
    """Five of six ordinary, every tenth at a shell, and some that are hits."""
    random = Random(SEED)
    made = [windows.started(random, windows.SHELLS if number % 6 == 0 else windows.ORDINARY) for number in range(count)]
    for place, (data, _) in zip(range(0, count, 50), hits.made_of(rules, random, count), strict=False):
        made[place] = data
    return made


def _durable() -> list[Figure]:
    theirs_s = peers.ask("durable", {"rules": EQUALITY_RULES, "events": EQUALITY_EVENTS})
    ours_s = [_equality_s(count) for count in EQUALITY_RULES]
    figures = [
        Figure(name=f"{count} equality rules, ours", measured=1 / taken_s, unit="events/s")
        for count, taken_s in zip(EQUALITY_RULES, ours_s, strict=True)
    ]
    slower = max(ours_s) / min(ours_s)
    figures.append(
        Figure(name="equality rules, slowest against fastest", measured=slower, unit="times", limit=MAX_SLOWER)
    )
    for count, ours, theirs in zip(EQUALITY_RULES, ours_s, theirs_s or (), strict=False):
        name = f"{count} equality rules, durable_rules' time against ours"
        figures.append(
            Figure(name=name, measured=theirs / ours, unit="times", limit=MIN_AGAINST_DURABLE, at_least=True)
        )
    return figures


def _equality_s(count: int) -> float:
    """Half of the events are of one rule each, the other half of none."""
    source = LogSource()
    matcher = Matcher([Detection(logsource=source, condition=Text("type", (f"t{number}",))) for number in range(count)])
    return _event_s(matcher, [{"type": f"t{number % (2 * count)}"} for number in range(EQUALITY_EVENTS)], source)


def _event_s(matcher: Matcher, events: Sequence[Data], source: LogSource) -> float:
    started_s = time.process_time()
    for _ in range(OURS_PER_THEIRS):
        for data in events:
            matcher.match(data, source)
    return (time.process_time() - started_s) / len(events) / OURS_PER_THEIRS
