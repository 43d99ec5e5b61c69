"""What redaction costs an event, beside encoding that event as JSON, which every event pays as well.

Events of each format, as they come from a log; and the same with a secret in each, which is the rare case.
"""

import time
from collections.abc import Sequence

import msgspec

from collectors.formats import FORMATS
from engine.cli.config import Config
from schemas.events import Event
from tests.bench.figures import Figure
from tests.collectors.formats.lines import configured

ROUNDS = 2_000
REPEAT = 3
NOW_MS = 1_709_600_000_000
SECRET = "backup --password hunter2hunter2"

MAX_RATIO = 8.0


async def run() -> list[Figure]:
    """The figures; nothing in here waits."""
    plain = [event for name in FORMATS for event in _events(name)]
    secret = [_with_secret(event) for event in plain]
    tries = [
        (_redacted(plain), _as_json(plain), _redacted(secret)) for _ in range(REPEAT)
    ]  # in turn, on a shared machine
    plain_us, json_us, secret_us = (min(column) for column in zip(*tries, strict=True))
    return [
        Figure(name="redaction of an event without secrets", measured=plain_us, unit="µs"),
        Figure(
            name="the same, against encoding it as JSON", measured=plain_us / json_us, unit="times", limit=MAX_RATIO
        ),
        Figure(name="redaction of an event with a secret", measured=secret_us, unit="µs"),
    ]


def _events(name: str) -> list[Event]:
    parser, lines = configured(name), FORMATS[name].example.split("\n")
    parsed = [parser.joined.parse(lines)] if parser.joined else parser.parse(lines[0], NOW_MS)
    return [Event(id="1" * 32, source="/log", type=each.type, time=each.time, data=each.data) for each in parsed]


def _with_secret(event: Event) -> Event:
    return msgspec.structs.replace(event, data={**event.data, "process.command_line": SECRET})


def _redacted(events: Sequence[Event]) -> float:
    """CPU time of an event, µs."""
    redactor = Config().agent.redact.redactor()
    assert redactor
    started_s = time.process_time()
    for _ in range(ROUNDS):
        for event in events:
            redactor.redact(event)
    spent_s = time.process_time() - started_s
    assert sum(redactor.counts.values()) in {0, ROUNDS * len(events)}
    return spent_s * 1e6 / ROUNDS / len(events)


def _as_json(events: Sequence[Event]) -> float:
    """CPU time of an event, µs."""
    encoder = msgspec.json.Encoder()
    started_s = time.process_time()
    for _ in range(ROUNDS):
        for event in events:
            encoder.encode(event)
    return (time.process_time() - started_s) * 1e6 / ROUNDS / len(events)
