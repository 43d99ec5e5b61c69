"""Bytes to values and back, by subject. The one place that knows which encoding a subject has.

Metrics are MessagePack, everything else is JSON, so that people and foreign publishers can read and write it.
"""

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from schemas.alerts import AlertTransition
from schemas.audit import AuditRecord
from schemas.commands import Command
from schemas.control import Abort, Act, Activate, Approve, Control, Emergency, Halt, Play, Resume, Tick
from schemas.events import Event, Events
from schemas.foreign.intake import from_bytes, located
from schemas.inventory import Inventory
from schemas.labels import Labels
from schemas.outcomes import Outcome
from schemas.refusals import Refusals
from schemas.samples import Metadata, SampleBatch, unpack_positions
from schemas.subjects import commands, source_of, token

Body = SampleBatch | Events | Outcome | Refusals | Control | Inventory | Tick
"""What a journal message may hold."""


class Undecodable(Exception):
    """The peer's failure: the message goes to DEAD with this reason, and the loop goes on."""


class _SamplesOnWire(msgspec.Struct, frozen=True, kw_only=True, tag="samples", tag_field="kind"):
    """A `SampleBatch` whose series are not read yet."""

    time_ms: int
    layout: str
    values: bytes
    series: msgspec.Raw = msgspec.Raw()
    at: bytes | None = None
    metadata: dict[str, Metadata] | None = None


_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoders raise: wrong, not text, nested beyond reason."""

_samples = msgspec.msgpack.Decoder(_SamplesOnWire)
_series = msgspec.msgpack.Decoder(list[Labels])
_NIL = msgspec.msgpack.encode(None)
_events = msgspec.json.Decoder(Event | list[Event])
_controls: dict[str, msgspec.json.Decoder[Control]] = {
    "halt": msgspec.json.Decoder(Halt),
    "resume": msgspec.json.Decoder(Resume),
    "emergency": msgspec.json.Decoder(Emergency),
    "approve": msgspec.json.Decoder(Approve),
    "activate": msgspec.json.Decoder(Activate),
    "act": msgspec.json.Decoder(Act),
    "play": msgspec.json.Decoder(Play),
    "abort": msgspec.json.Decoder(Abort),
}
_outcome: msgspec.json.Decoder[Outcome | Refusals] = msgspec.json.Decoder(Outcome | Refusals)
_inventory = msgspec.json.Decoder(Inventory)
_tick = msgspec.json.Decoder(Tick)
_command = msgspec.json.Decoder(Command)
_alert = msgspec.json.Decoder(AlertTransition)
_audit = msgspec.json.Decoder(AuditRecord)


def encode(value: msgspec.Struct) -> bytes:
    """The bytes that `value` is published as."""
    if isinstance(value, SampleBatch):
        return msgspec.msgpack.encode(value)
    if isinstance(value, Events):
        return msgspec.json.encode(value.events)
    return msgspec.json.encode(value)


def decode(subject: str, data: bytes, is_known: Callable[[str], bool] = lambda _: False, seq: int = 0) -> Body:
    """What a journal message on `subject` holds.

    Now and then a batch names its series, for whoever does not know its layout yet. They are most of its bytes, and of
    a layout that `is_known` they are passed over. `seq` is the message's place in the journal: an event that comes
    without an id is named after it, or, where it is not given, after the message's content. Raises `Undecodable` naming
    the place and what was expected.
    """
    kind, _, rest = subject.removeprefix("ops.").partition(".")
    try:
        match kind:
            case "metrics":
                return _decode_samples(data, is_known)
            case "events":
                return _decode_events(subject, data, seq)
            case "outcomes":
                outcome = _outcome.decode(data)
                _spoken_for(rest, f"{token(outcome.actuator)}.{token(outcome.scope)}")
                _storable(outcome)
                return outcome
            case "inventory":
                inventory = _inventory.decode(data)
                _spoken_for(rest, token(inventory.scope))
                _storable(inventory)
                return inventory
            case "ticks":
                tick = _tick.decode(data)
                _spoken_for(rest, token(tick.shard))
                return tick
            case "control" if (verb := rest.partition(".")[0]) in _controls:
                control = _controls[verb].decode(data)
                _spoken_for(rest, f"{verb}.{token(control.by)}")
                return control
    except _UNDECODABLE as error:
        raise Undecodable(str(error)) from error
    raise Undecodable(f"no message is defined for subject {subject!r}")


def _spoken_for(rest: str, named: str) -> None:
    """The server authorises subjects, so a payload must not speak for another than its subject names."""
    if rest != named:
        raise Undecodable(f"the message is about {named!r} but came on a subject of {rest!r}")


def _storable(value: msgspec.Struct) -> None:
    """JSON has numbers of any size; what is kept must fit into a snapshot."""
    try:
        msgspec.msgpack.encode(value)
    except OverflowError as error:
        raise Undecodable(str(error)) from error


def _decode_samples(data: bytes, is_known: Callable[[str], bool]) -> SampleBatch:
    wire = _samples.decode(data)
    named = bytes(wire.series) not in (b"", _NIL)
    batch = SampleBatch(
        time_ms=wire.time_ms,
        layout=wire.layout,
        values=wire.values,
        series=_decode_series(wire.series) if named and not is_known(wire.layout) else None,
        at=wire.at,
        metadata=wire.metadata,
    )
    if len(batch.values) % 8:
        raise Undecodable(f"values: expected a multiple of 8 bytes, got {len(batch.values)}")
    if batch.metadata is not None and not named:
        raise Undecodable("metadata: expected only together with series")
    if batch.at is not None:
        _check_positions(batch.at, len(batch.values) // 8, batch.series)
    elif batch.series is not None and len(batch.series) * 8 != len(batch.values):
        raise Undecodable(f"values: expected {len(batch.series)} samples, got {len(batch.values) // 8}")
    return batch


def _decode_series(encoded: msgspec.Raw) -> list[Labels]:
    try:
        return _series.decode(encoded)
    except _UNDECODABLE as error:
        raise Undecodable(f"series: {error}") from error


def _check_positions(at: bytes, samples: int, series: Sequence[Labels] | None) -> None:
    """Each sample has its position, and where the series are named it is one of theirs."""
    if len(at) % 4:
        raise Undecodable(f"at: expected a multiple of 4 bytes, got {len(at)}")
    if len(at) != samples * 4:
        raise Undecodable(f"at: expected {samples} positions, one for each sample, got {len(at) // 4}")
    if series is not None and (last := max(unpack_positions(at), default=-1)) >= len(series):
        raise Undecodable(f"at: expected positions below {len(series)}, the number of series, got {last}")


def _decode_events(subject: str, data: bytes, seq: int) -> Events:
    """Nearly all are our own, so what reads those quickly is tried first."""
    try:
        decoded = _events.decode(data)
    except _UNDECODABLE:
        place = str(seq) if seq else hashlib.blake2b(data, digest_size=16).hexdigest()
        found = from_bytes(data, source_of(subject), place)
        if found.refused and not found.events:
            raise Undecodable("; ".join(found.refused)) from None
        return found
    events = decoded if isinstance(decoded, list) else [decoded]
    # What our own collectors read from files is what the format of the file made of it.
    return Events(tuple([event if event.product or event.file else located(event) for event in events]))


def decode_command(subject: str, data: bytes) -> Command:
    """A command as an actuator receives it. Raises `Undecodable`."""
    try:
        command = _command.decode(data)
    except _UNDECODABLE as error:
        raise Undecodable(str(error)) from error
    _spoken_for(subject, commands(command.actuator, command.scope, command.verb))
    return command


def decode_alert(data: bytes) -> AlertTransition:
    """A message of ALERTS; they are our own, so a broken one is a bug."""
    return _alert.decode(data)


def decode_audit(data: bytes) -> AuditRecord:
    """A message of AUDIT; they are our own, so a broken one is a bug."""
    return _audit.decode(data)
