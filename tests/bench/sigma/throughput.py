"""All rules over the mix: events a second on one core, verdicts, and what ten times the rules cost."""

import gc
import time
from collections.abc import Sequence
from random import Random

import msgspec

from engine.sigma.matcher import Matcher
from engine.sigma.model import Detection, SigmaRule
from tests.bench.figures import Figure
from tests.bench.sigma import mix
from tests.bench.sigma.mix import Event
from tests.bench.sigma.mutants import multiplied
from tests.bench.sigma.rules import detections
from tests.sigma import naive

EVENTS = 10_000
SEED, OTHER_SEED = 1, 2
REPEAT = 3
SAMPLE = 100
TIMES = 10

MIN_EVENTS_PER_S = 20_000
MAX_RATIO = 1.5
MAX_AGAINST_JSON = 40.0


def run(rules: tuple[SigmaRule, ...]) -> list[Figure]:
    """The figures. Times are of this process's CPU."""
    loaded = detections(rules)
    by_class = mix.events(SEED, EVENTS, rules)
    events = mix.shuffled(by_class, SEED)
    matcher = Matcher(loaded)
    first_s = _once_s(matcher, mix.shuffled(mix.events(OTHER_SEED, EVENTS, rules), SEED))
    event_s, json_s = _best_s(matcher, events), _json_s(events)
    return [
        Figure(name=f"all {len(rules):,} rules", measured=1 / event_s, unit="events/s", limit=MIN_EVENTS_PER_S, at_least=True),
        Figure(name="an event, against decoding it from JSON", measured=event_s / json_s, unit="times", limit=MAX_AGAINST_JSON),
        Figure(name="the first events after a start", measured=1 / first_s, unit="events/s"),
        *_classes(matcher, by_class),
        Figure(name="verdicts that a naive evaluation differs in", measured=_differing(matcher, loaded, by_class), unit="", limit=0),
        _multiplied(loaded, events, event_s),
    ]  # fmt: skip


def _classes(matcher: Matcher, by_class: dict[str, list[Event]]) -> list[Figure]:
    return [
        Figure(name=f"an event of {name}", measured=_best_s(matcher, events) * 1e6, unit="µs")
        for name, events in by_class.items()
    ]


def _multiplied(loaded: Sequence[Detection], events: Sequence[Event], event_s: float) -> Figure:
    matcher = Matcher(multiplied(loaded, TIMES, SEED))
    _once_s(matcher, events)
    ratio = _best_s(matcher, events) / event_s
    return Figure(name=f"an event, {TIMES} times the rules against all", measured=ratio, unit="times", limit=MAX_RATIO)


def _differing(matcher: Matcher, loaded: Sequence[Detection], by_class: dict[str, list[Event]]) -> int:
    """Of a sample, and of the same number that are made to be hits."""
    sample = [*Random(SEED).sample(mix.shuffled(by_class, SEED), SAMPLE), *by_class[mix.HITS][:SAMPLE]]
    differing = 0
    for data, source in sample:
        tried = [place for place, each in enumerate(loaded) if naive.covers(each.logsource, source)]
        expected = {place for place in tried if naive.holds(loaded[place].condition, data)}
        differing += len(expected ^ set(matcher.match(data, source)))
    return differing


def _best_s(matcher: Matcher, events: Sequence[Event]) -> float:
    return min(_once_s(matcher, events) for _ in range(REPEAT))


def _once_s(matcher: Matcher, events: Sequence[Event]) -> float:
    """Of one event."""
    gc.collect()
    started_s = time.process_time()
    for data, source in events:
        matcher.match(data, source)
    return (time.process_time() - started_s) / len(events)


def _json_s(events: Sequence[Event]) -> float:
    encoded = [msgspec.json.encode(event.data) for event in events]
    taken = []
    for _ in range(REPEAT):
        started_s = time.process_time()
        for text in encoded:
            msgspec.json.decode(text)
        taken.append((time.process_time() - started_s) / len(events))
    return min(taken)
