"""Lines to analyze, and what is said about them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.analysis.analyzer import Analyzer
from engine.analysis.settings import Settings
from schemas.events import Event

START_S = 1_700_000_040
"""Where a minute begins."""
NEVER_MS = (START_S + 10_000_000) * 1000
"""A now that is after all lines."""
SOURCE = "log:/srv/app.log"


def at(second: float) -> str:
    """A time as events have it, in seconds after the start."""
    return datetime.fromtimestamp(START_S + second, UTC).isoformat()


def line(number: int, message: str, second: float = 0, **data: Any) -> Event:
    """The line `number` of a log."""
    return Event(
        id=f"e{number}",
        source="/srv/app.log",
        type="log.line",
        time=at(second),
        data={"message": message, **data},
        file="1:2:3",
        offset=number,
    )


def lines(messages: Iterable[str], each_s: float = 0, first: int = 0) -> list[Event]:
    """Lines one after the other."""
    return [line(number, message, (number - first) * each_s) for number, message in enumerate(messages, first)]


def analyzer(**settings: Any) -> Analyzer:
    """One that learns nothing before it says what is new, unless it is told to."""
    return Analyzer(SOURCE, Settings(**({"learned_events": 0} | settings)))


def said(by: Analyzer, events: Iterable[Event], now_ms: int = NEVER_MS) -> list[Event]:
    return [found for event in events for found in by.observe(event, now_ms)]


def texts(found: Sequence[Event], kind: str = "log.template.new") -> list[str]:
    """The templates that findings of a kind are about."""
    return [event.data["log.template.text"] for event in found if event.type == kind]
