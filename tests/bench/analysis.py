"""What mining an event for templates costs, beside looking for secrets in that event, which every event pays as well.

Lines of forty templates whose numbers, names and addresses vary; and lines of words that somebody makes up, so that
each is compared with as many templates as there may be and is none of them, which is the worst that there is.
"""

import time
from collections.abc import Sequence
from random import Random

import msgspec

from engine.analysis.analyzer import Analyzer
from engine.analysis.settings import Settings
from engine.cli.config import Config
from schemas.events import Event
from tests.bench.figures import Figure

EVENTS = 20_000
MADE_UP = 2_000
REPEAT = 3
NOW_MS = 1_709_600_000_000
WORDS = ["request", "order", "cart", "shard", "worker", "queue", "user", "cache", "from", "to", "was", "is", "done"]

MAX_RATIO = 25.0
MAX_MADE_UP_RATIO = 400.0


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    usual, made_up = _usual(), _made_up()
    tries = [(_mined(usual), _redacted(usual), _mined(made_up)) for _ in range(REPEAT)]  # in turn, on a shared machine
    usual_us, redacted_us, made_up_us = (min(column) for column in zip(*tries, strict=True))
    return [
        Figure(name="log analysis of an event", measured=usual_us, unit="µs"),
        Figure(name="the same, against its redaction", measured=usual_us / redacted_us, unit="times", limit=MAX_RATIO),
        Figure(
            name="log analysis of made-up words, against that",
            measured=made_up_us / redacted_us,
            unit="times",
            limit=MAX_MADE_UP_RATIO,
        ),
        Figure(name="keeping what is known of a thousand templates", measured=_kept(made_up), unit="ms"),
    ]


def _usual() -> list[Event]:
    chance = Random(1)
    templates = [[chance.choice(WORDS) for _ in range(chance.randint(5, 14))] for _ in range(40)]
    messages = []
    for _ in range(EVENTS):
        words = list(chance.choice(templates))
        words[2] = f"id={chance.randint(1, 10**6)}"
        words[-1] = chance.choice([f"10.0.0.{chance.randint(1, 99)}:80", f"/srv/{chance.randint(1, 99)}/a", "3.5ms"])
        messages.append(" ".join(words))
    return _events(messages)


def _made_up() -> list[Event]:
    chance = Random(2)
    return _events(["error " + " ".join(_word(chance) for _ in range(9)) for _ in range(MADE_UP)])


def _word(chance: Random) -> str:
    return "".join(chance.choice("ghijklmnopqrst") for _ in range(8))


def _events(messages: Sequence[str]) -> list[Event]:
    at = "2024-03-05T00:53:20.120000+00:00"
    return [
        Event(id=f"{number:032x}", source="/log", type="log.line", time=at, data={"message": message})
        for number, message in enumerate(messages)
    ]


def _mined(events: Sequence[Event]) -> float:
    """CPU time of an event, µs."""
    analyzer = Analyzer("log:/log", Settings())
    started_s = time.process_time()
    for event in events:
        analyzer.observe(event, NOW_MS)
    spent_s = time.process_time() - started_s
    assert analyzer.events == len(events)
    return spent_s * 1e6 / len(events)


def _redacted(events: Sequence[Event]) -> float:
    """CPU time of an event, µs."""
    redactor = Config().agent.redact.redactor()
    assert redactor
    started_s = time.process_time()
    for event in events:
        redactor.redact(event)
    return (time.process_time() - started_s) * 1e6 / len(events)


def _kept(events: Sequence[Event]) -> float:
    """CPU time of encoding all of it once, ms."""
    analyzer = Analyzer("log:/log", Settings())
    for event in events:
        analyzer.observe(event, NOW_MS)
    assert analyzer.templates == Settings().max_templates
    started_s = time.process_time()
    msgspec.json.encode(analyzer.state(""))
    return (time.process_time() - started_s) * 1e3
