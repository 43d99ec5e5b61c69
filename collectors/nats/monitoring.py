"""What the server's monitoring says, under prometheus-nats-exporter's names: decoded JSON in, metrics out."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.series import Metric

_NAME = re.compile(r"[a-z0-9_]+")
_SERVER = {
    "streams": "total_streams",
    "consumers": "total_consumers",
    "messages": "total_messages",
    "bytes": "total_message_bytes",
}
_LIMITS = ("max_memory", "max_storage")
_STREAM = {
    "messages": "total_messages",
    "bytes": "total_bytes",
    "first_seq": "first_seq",
    "last_seq": "last_seq",
    "consumer_count": "consumer_count",
}


def varz(answer: Mapping[str, Any], prefix: str = "gnatsd_varz") -> Iterator[Metric]:
    """`/varz`: every number in it, named by its path, such as `gnatsd_varz_jetstream_stats_storage`."""
    for key, value in answer.items():
        if not _NAME.fullmatch(key):  # how often each page of the monitoring was asked for
            continue
        if isinstance(value, Mapping):
            yield from varz(value, f"{prefix}_{key}")
        elif _is_number(value):
            yield f"{prefix}_{key}", (), float(value)


def jsz(answer: Mapping[str, Any]) -> Iterator[Metric]:
    """`/jsz?streams=true`: what JetStream stores and may store, and each stream of each account."""
    yield "jetstream_server_jetstream_disabled", (), float(bool(answer.get("disabled")))
    for key, name in _SERVER.items():
        yield from _number(answer, key, f"jetstream_server_{name}")
    for key in _LIMITS:
        yield from _number(answer.get("config") or {}, key, f"jetstream_server_{key}")
    for account in answer.get("account_details") or ():
        for stream in account.get("stream_detail") or ():
            labels = ("account", account["name"]), ("stream_name", stream["name"])
            for key, name in _STREAM.items():
                yield from _number(stream["state"], key, f"jetstream_stream_{name}", *labels)


def _number(found: Mapping[str, Any], key: str, name: str, *labels: tuple[str, str]) -> Iterator[Metric]:
    if _is_number(found.get(key)):
        yield name, labels, float(found[key])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
