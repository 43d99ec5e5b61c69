"""Alerts of Falco's `http_output` and of Falcosidekick's webhook: one object to a push."""

import hashlib
from typing import Any

import msgspec

from collectors.ingest.pushed import Malformed, all_of, json_of
from schemas.events import Event
from schemas.foreign.falco import falco
from schemas.foreign.records import Fields

SOURCE = "falco"


def read(body: bytes) -> list[Event]:
    """The event of the alert. Raises `Malformed`."""
    return all_of([("$", json_of(body))], _event)


def _event(item: Any) -> Event:
    known = falco(item) if isinstance(item, dict) else None
    if known is None:
        raise Malformed(": expected an alert of Falco, with its rule and its output as text (json_output: true)")
    return Event(
        id=_id(item),
        source=SOURCE,
        type=known.type,
        time=known.time,
        data=known.data,
        product=known.product,
        service=known.service,
    )


def _id(alert: Fields) -> str:
    """Falcosidekick's own, or a digest of what tells one alert of Falco from another."""
    uuid = alert.get("uuid")
    if isinstance(uuid, str) and uuid:
        return uuid
    telling = msgspec.json.encode([alert.get(name) for name in ("time", "rule", "output", "hostname")])
    return hashlib.blake2b(telling, digest_size=16).hexdigest()
