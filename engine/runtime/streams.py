"""The streams, buckets and object stores that Reflexarc needs, and how they come to be.

What stands here is the whole of what is asked of JetStream; everything else is left as the server has it.
"""

from collections.abc import Mapping
from typing import Any

from engine.runtime.bus import Bus
from engine.runtime.bus_errors import ApiError, StreamMismatch
from schemas.subjects import ALERTS, AUDIT, COMMANDS, DEAD, JOURNAL, STREAM_SUBJECTS

BUCKETS = ("inventory", "ledger", "rules", "policy", "leases", "halt")
OBJECT_STORES = ("snapshots", "evidence", "bundles")

_DAY_NS = 24 * 3600 * 1_000_000_000
_DUPLICATE_WINDOW_NS = 120 * 1_000_000_000
_STREAM_NOT_FOUND = 10059

Config = Mapping[str, Any]


async def ensure(
    bus: Bus, *, replicas: int = 1, journal_max_age_days: float = 7, journal_max_bytes: int | None = None
) -> None:
    """Create what is missing and change what differs; nothing when all is as it should be.

    `journal_max_bytes` None leaves the size of the journal to the server's storage limit. Raises `StreamMismatch`
    where something exists that cannot be changed, and `StoreFull`.
    """
    journal = {"max_age": int(journal_max_age_days * _DAY_NS)}
    if journal_max_bytes is not None:
        journal["max_bytes"] = journal_max_bytes
    for config in _configs(journal):
        await _ensure_stream(bus, {**config, "num_replicas": replicas})


def _configs(journal: Config) -> list[Config]:
    return [
        _stream(JOURNAL, **journal),
        _stream(ALERTS, max_age=30 * _DAY_NS),
        _stream(COMMANDS, retention="workqueue"),
        _stream(AUDIT, deny_delete=True, deny_purge=True),
        _stream(DEAD, max_age=7 * _DAY_NS, max_msgs=100_000),
        *(_bucket(name) for name in BUCKETS),
        *(_object_store(name) for name in OBJECT_STORES),
    ]


def _stream(name: str, **settings: Any) -> Config:
    return {
        "name": name,
        "subjects": list(STREAM_SUBJECTS[name]),
        "retention": "limits",
        "discard": "old",
        "storage": "file",
        "allow_direct": True,
        "duplicate_window": _DUPLICATE_WINDOW_NS,
        **settings,
    }


def _bucket(name: str) -> Config:
    """As every NATS client makes a KV bucket (ADR-8), so that its tools work on ours."""
    return {
        "name": f"KV_{name}",
        "subjects": [f"$KV.{name}.>"],
        "max_msgs_per_subject": 1,
        "discard": "new",
        "storage": "file",
        "allow_rollup_hdrs": True,
        "deny_delete": True,
        "allow_direct": True,
        "duplicate_window": _DUPLICATE_WINDOW_NS,
    }


def _object_store(name: str) -> Config:
    """As every NATS client makes an object store (ADR-20)."""
    return {
        "name": f"OBJ_{name}",
        "subjects": [f"$O.{name}.C.>", f"$O.{name}.M.>"],
        "discard": "new",
        "storage": "file",
        "allow_rollup_hdrs": True,
        "allow_direct": True,
        "duplicate_window": _DUPLICATE_WINDOW_NS,
    }


async def _ensure_stream(bus: Bus, wanted: Config) -> None:
    name = wanted["name"]
    try:
        existing = (await bus.api(f"STREAM.INFO.{name}"))["config"]
    except ApiError as error:
        if error.code != _STREAM_NOT_FOUND:
            raise
        await bus.api(f"STREAM.CREATE.{name}", wanted)
        return
    # The server leaves out of its answer what is false or zero.
    differing = [key for key, value in wanted.items() if existing.get(key, type(value)()) != value]
    if differing:
        await _update_stream(bus, name, {**existing, **wanted}, differing)


async def _update_stream(bus: Bus, name: str, config: Config, differing: list[str]) -> None:
    try:
        await bus.api(f"STREAM.UPDATE.{name}", config)
    except ApiError as error:
        wanted = ", ".join(f"{key}: {config[key]}" for key in differing)
        raise StreamMismatch(f"stream {name} exists and cannot be given {wanted}: {error.description}") from error
