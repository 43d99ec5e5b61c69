"""An object for people to read, with what happened to it: what `kubectl describe` tells first. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from actuators.kubernetes.resources import annotations_of, controller_of, labels_of
from schemas.kubernetes import Object, last_seen, times_seen


def described(found: Object, events: Iterable[Object]) -> str:
    """Name, labels, owner, status, conditions, containers and events."""
    return "\n".join(_lines(found, events))


def _lines(found: Object, events: Iterable[Object]) -> Iterator[str]:
    meta = found["metadata"]
    yield f"{found['kind']} {'/'.join(filter(None, (meta.get('namespace'), meta['name'])))}"
    owner = controller_of(found)
    about = {"uid": meta["uid"], "created": meta.get("creationTimestamp"), "ends": meta.get("deletionTimestamp")}
    about |= {"controlled by": f"{owner['kind']} {owner['name']}" if owner else None}
    yield from (f"  {name}: {value}" for name, value in about.items() if value)
    yield from _mapping("labels", labels_of(found))
    yield from _mapping("annotations", dict.fromkeys(annotations_of(found), ""))
    status = found.get("status") or {}
    plain = {name: value for name, value in status.items() if isinstance(value, str | int | bool)}
    yield from _mapping("status", plain)
    for each in status.get("conditions") or ():
        told = " ".join(filter(None, (each.get("reason"), each.get("message"))))
        yield f"  condition {each['type']}: {each.get('status')} {told}".rstrip()
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield from _container(each)
    uid = meta["uid"]
    for event in events:
        if (event.get("involvedObject") or {}).get("uid") == uid:
            told = " ".join(map(str, (last_seen(event), event.get("type"), event.get("reason"))))
            yield f"  event {told}, {times_seen(event)} times: {event.get('message')}"


def _mapping(name: str, values: dict[str, Any]) -> Iterator[str]:
    if values:
        yield f"  {name}:"
        yield from (f"    {each}: {value}".rstrip(": ") for each, value in sorted(values.items()))


def _container(status: Object) -> Iterator[str]:
    yield f"  container {status['name']}: image {status.get('image')}, restarts {status.get('restartCount', 0)}"
    for when in ("state", "lastState"):
        for name, state in (status.get(when) or {}).items():
            told = ", ".join(f"{field} {value}" for field, value in sorted((state or {}).items()))
            yield f"    {when}: {name} {told}".rstrip()
