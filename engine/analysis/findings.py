"""What an analyzer says, as events.

Each follows from one event, whose id makes its own: whoever reads that line again says the same again. It stands at the
same place in a log, so that a tail goes on where the event it follows from would have it go on.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from engine.analysis.state import Known
from schemas.events import Event

PRODUCT, SERVICE = "reflexarc", "analysis"
NEW, RATE = "log.template.new", "log.template.rate"
ACTIONS = {NEW: "template_new", RATE: "template_rate"}
"""By type; a rule sees the action."""

_CARRIED = ("host.hostname", "process.name", "log.level")
"""What the event of the finding takes over from the one that it follows from."""


def new(source: str, event: Event, known: Known) -> Event:
    """A template that was not there before."""
    return _finding(NEW, source, event, known, "new template", count=1)


def rate(source: str, event: Event, known: Known, window_ms: int) -> Event:
    """A template that comes much more often than it did."""
    count, usual = known.baseline.count, round(known.baseline.mean, 3)
    said = f"{count} in {window_ms / 1000:g}s, usually {usual:g}"
    return _finding(RATE, source, event, known, said, count=count, baseline=usual, window_s=window_ms / 1000)


def _finding(kind: str, source: str, event: Event, known: Known, message: str, **said: float) -> Event:
    carried = {key: event.data[key] for key in _CARRIED if key in event.data} if isinstance(event.data, dict) else {}
    text = " ".join(known.words).removeprefix(f"{carried.get('process.name')}:")
    about: Mapping[str, Any] = {
        "id": known.name,
        "text": text,
        "source": source,
        "type": event.type,
        "product": event.product,
        "category": event.category,
        "service": event.service,
        "example.id": event.id,
        **said,
    }
    return Event(
        id=blake2b(f"{event.id}\0{kind}".encode(), digest_size=16).hexdigest(),
        source=event.source,
        type=kind,
        time=event.time,
        data={"message": f"{message}: {text}", "event.action": ACTIONS[kind]}
        | carried
        | {f"log.template.{key}": each for key, each in about.items()},
        file=event.file,
        offset=event.offset,
        skip=event.skip,
        product=PRODUCT,
        service=SERVICE,
    )
