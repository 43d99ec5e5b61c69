"""Events: CloudEvents 1.0 in JSON, one to a message or an array of them.

`data` is the event's own content. `offset`, `file` and `skip` are extension attributes of events read from a file: they
say where to go on reading, which is what lets a tail resume after its own last message in the journal; of an entry of
systemd's journal, `file` is the cursor. `product`,
`category` and `service` are Sigma's log source, in lower case: they decide which rules are tried on the event.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One CloudEvent. `time` is RFC 3339 UTC; `type` is reverse-DNS or dotted, such as `log.line`."""

    id: str
    source: str
    type: str
    specversion: Literal["1.0"] = "1.0"
    time: str | None = None
    subject: str | None = None
    datacontenttype: str | None = None
    data: Any = None
    file: str | None = None
    offset: int | None = None
    skip: str | None = None
    product: str = ""
    category: str = ""
    service: str = ""


def time_ms(event: Event) -> int | None:
    """When it happened, Unix milliseconds; None where it does not say, or not so that it can be read."""
    try:
        said = datetime.fromisoformat(event.time or "")
    except ValueError:
        return None
    return round((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() * 1000)


class Events(msgspec.Struct, frozen=True):
    """The events of one journal message, in their order. `refused` says what else is in the message and why it is no
    event; nothing of it is encoded."""

    events: tuple[Event, ...]
    refused: tuple[str, ...] = ()
