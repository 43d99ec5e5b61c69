"""A stored message as our readers hand it on, whichever way the server delivered it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from nats.aio.msg import Msg

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIRECT_HEADERS = frozenset(
    {"Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Num-Pending", "Nats-Last-Sequence"}
)


class Received(msgspec.Struct, frozen=True, gc=False):
    """A stored message. `time_ms` is when the server stored it, Unix milliseconds."""

    subject: str
    data: bytes
    seq: int
    time_ms: int
    headers: Mapping[str, str]


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """A message as a consumer delivers it: for the `times`th time, as its delivery number `number`."""

    message: Received
    times: int
    number: int


def delivered(msg: Msg) -> Delivered:
    # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<times>.<stream seq>.<number>.<time ns>.<pending>
    tokens = msg.reply.split(".")
    times, seq, number, time_ns = tokens[4:8] if len(tokens) == 9 else tokens[6:10]
    message = Received(msg.subject, msg.data, int(seq), int(time_ns) // 1_000_000, msg.headers or {})
    return Delivered(message, int(times), int(number))


def looked_up(msg: Msg) -> Received:
    """A message as a direct get delivers it: its own headers, without those that the answer carries."""
    carried = msg.headers or {}
    time_ms = (datetime.fromisoformat(carried["Nats-Time-Stamp"]) - _EPOCH) // timedelta(milliseconds=1)
    own = {name: value for name, value in carried.items() if name not in _DIRECT_HEADERS}
    return Received(carried["Nats-Subject"], msg.data, int(carried["Nats-Sequence"]), time_ms, own)
