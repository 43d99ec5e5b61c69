"""Alertmanager's webhook, version 4: each alert of a notification is one event, firing or resolved."""

import hashlib
from typing import Any, Literal

import msgspec

from collectors.ingest.pushed import Malformed, all_of, expected, json_of
from schemas.events import Event
from schemas.foreign.times import rfc3339

SOURCE = "alertmanager"
TYPE = "alertmanager.alert"
_VERSION = "4"


class _Alert(msgspec.Struct, frozen=True, rename="camel"):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    starts_at: str
    annotations: dict[str, str] = {}
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")
    fingerprint: str = ""


class _Notification(msgspec.Struct, frozen=True, rename="camel"):
    version: str
    alerts: list[Any]
    receiver: str = ""
    group_key: str = ""
    external_url: str = msgspec.field(default="", name="externalURL")


def read(body: bytes) -> list[Event]:
    """The events of a notification. Raises `Malformed` with the mistakes of all its alerts."""
    try:
        notification = msgspec.convert(json_of(body), _Notification)
    except msgspec.ValidationError as error:
        raise Malformed(f"expected a notification of Alertmanager: {error}") from error
    if notification.version != _VERSION:
        raise expected("$.version", f'"{_VERSION}"', notification.version)
    places = ((f"$.alerts[{number}]", alert) for number, alert in enumerate(notification.alerts))
    return all_of(places, lambda alert: _event(notification, alert))


def _event(notification: _Notification, item: Any) -> Event:
    """Raises `Malformed`, or msgspec.ValidationError."""
    alert = msgspec.convert(item, _Alert)
    began = rfc3339(alert.starts_at)
    if began is None:
        raise expected(".startsAt", "a time as RFC 3339 writes it", alert.starts_at)
    fingerprint = alert.fingerprint or _digest(alert.labels)
    name = alert.labels.get("alertname", "")
    message = alert.annotations.get("summary") or alert.annotations.get("description") or name
    return Event(
        id=f"{fingerprint}.{alert.starts_at}.{alert.status}",
        source=notification.external_url or SOURCE,
        type=TYPE,
        time=rfc3339(alert.ends_at) or began if alert.status == "resolved" else began,
        subject=name or None,
        data={
            "message": message,
            "event.action": alert.status,
            "alertname": name,
            "status": alert.status,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "startsAt": alert.starts_at,
            "endsAt": alert.ends_at,
            "generatorURL": alert.generator_url,
            "fingerprint": fingerprint,
            "receiver": notification.receiver,
            "groupKey": notification.group_key,
        },
        product="alertmanager",
    )


def _digest(labels: dict[str, str]) -> str:
    return hashlib.blake2b(msgspec.json.encode(labels, order="sorted"), digest_size=8).hexdigest()
