"""Events to redact, and what is left of them."""

from typing import Any

from engine.redaction import SHIPPED, Redactor
from schemas.events import Event

DEFAULT = tuple(pattern for pattern in SHIPPED.values() if not pattern.optional)


def event(data: Any, subject: str | None = None) -> Event:
    return Event(
        id="e1",
        source="/log",
        type="log.line",
        subject=subject,
        data=data,
        file="1:2:3",
        offset=7,
        skip="1",
        product="p",
    )


def left(data: Any, redactor: Redactor | None = None) -> Any:
    """What the shipped patterns that are on by default, or this redactor, leave of the data of an event."""
    return (redactor or Redactor(DEFAULT)).redact(event(data)).data


def text_left(text: str, *names: str) -> str:
    """Of a text, by the shipped patterns of these names alone, or by those that are on by default; `*` stands for each
    secret."""
    patterns = [SHIPPED[name] for name in names] or DEFAULT
    redacted: str = left({"message": text}, Redactor(patterns, replacement="*"))["message"]
    return redacted
