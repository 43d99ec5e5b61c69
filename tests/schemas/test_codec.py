"""What is published can be read again, whatever it says, and only by the subject it was published on."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec, subjects
from schemas.alerts import AlertTransition
from schemas.audit import GENESIS, AuditEntry, AuditRecord
from schemas.codec import Undecodable, decode, encode
from schemas.commands import Command, Origin, command_id
from schemas.control import Act, Activate, Approve, Control, Emergency, Halt, Resume, Tick
from schemas.events import Event, Events
from schemas.inventory import Inventory, Target
from schemas.labels import canonical
from schemas.outcomes import Outcome
from schemas.reasons import MEANING, Reason
from schemas.samples import Metadata, SampleBatch, layout_digest, pack_positions, pack_values

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
optional_texts = st.none() | texts
numbers = st.integers(0, 2**53)
booleans = st.booleans()
reasons = st.none() | st.sampled_from(Reason)
scalars: st.SearchStrategy[Any] = st.none() | booleans | st.integers(-(2**53), 2**53) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
attributes = st.dictionaries(texts, values, max_size=3)
label_maps = st.dictionaries(texts, texts, max_size=4)
label_sets = st.builds(canonical, label_maps)
metadata = st.builds(Metadata, type=texts, help=texts, unit=texts)
all_floats = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def batches(draw: st.DrawFn) -> SampleBatch:
    series = draw(st.lists(label_sets, max_size=4, unique=True))
    positions = range(len(series))
    at = draw(st.none() | st.lists(st.sampled_from(positions), unique=True)) if series else None
    count = len(series) if at is None else len(at)
    named = draw(booleans)
    return SampleBatch(
        time_ms=draw(numbers),
        layout=layout_digest(series),
        values=pack_values(draw(st.lists(all_floats, min_size=count, max_size=count))),
        series=series if named else None,
        at=None if at is None else pack_positions(at),
        metadata=draw(st.none() | st.dictionaries(texts, metadata, max_size=2)) if named else None,
    )


events = st.builds(
    Event,
    id=texts,
    source=texts,
    type=texts,
    time=optional_texts,
    subject=optional_texts,
    datacontenttype=optional_texts,
    data=values,
    file=optional_texts,
    offset=st.none() | numbers,
)
targets = st.builds(Target, id=texts, lock=texts, attributes=attributes, protected=booleans)
inventories = st.builds(Inventory, actuator=texts, scope=texts, targets=st.lists(targets, max_size=3).map(tuple))
outcomes = st.builds(
    Outcome,
    command=texts,
    actuator=texts,
    scope=texts,
    verb=texts,
    target=texts,
    status=st.sampled_from(["succeeded", "failed", "refused", "expired", "conflict", "unknown"]),
    executor=texts,
    started_ms=numbers,
    finished_ms=numbers,
    reason=reasons,
    detail=texts,
    before=attributes,
    after=attributes,
    observed=booleans,
)
controls = st.one_of(
    st.builds(Halt, id=texts, by=texts, scope=texts, why=texts),
    st.builds(Resume, id=texts, by=texts, scope=texts),
    st.builds(Emergency, id=texts, by=texts, why=texts, over=booleans),
    st.builds(Approve, id=texts, by=texts, command=texts, deny=booleans),
    st.builds(Activate, id=texts, by=texts, bundle=texts),
    st.builds(Act, id=texts, by=texts, verb=texts, args=label_maps, why=texts),
)
ticks = st.builds(Tick, shard=texts, interval_ms=st.integers(1, 60_000))
origins = st.builds(Origin, kind=st.sampled_from(["rule", "playbook", "control"]), name=texts)
commands = st.builds(Command, args=attributes, condition=attributes, origin=origins)
alerts = st.builds(AlertTransition, labels=label_maps, annotations=label_maps)
records = st.builds(
    AuditRecord,
    prev=st.just(GENESIS),
    entries=st.lists(st.builds(AuditEntry, reason=reasons), max_size=3).map(tuple),
)


@given(batches(), texts, texts)
def test_samples(batch: SampleBatch, node: str, source: str) -> None:
    """A batch comes back with every bit of every value."""
    assert decode(subjects.metrics(node, source), encode(batch)) == batch


@given(batches())
def test_series_of_a_known_layout_are_passed_over(batch: SampleBatch) -> None:
    """Everything else of the batch is there."""
    read = decode(subjects.metrics("n", "s"), encode(batch), lambda layout: layout == batch.layout)
    assert read == msgspec.structs.replace(batch, series=None)


@given(st.lists(events, max_size=4), texts, texts)
def test_events(several: list[Event], node: str, source: str) -> None:
    """Events come back in their order."""
    sent = Events(tuple(several))
    assert decode(subjects.events(node, source), encode(sent)) == sent


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"values": b"1234567"}, "values: expected a multiple of 8 bytes, got 7"),
        ({"series": [(), ()]}, "values: expected 2 samples, got 1"),
        ({"at": b"123"}, "at: expected a multiple of 4 bytes, got 3"),
        ({"at": pack_positions([0, 1])}, "at: expected 1 positions, one for each sample, got 2"),
        (
            {"at": pack_positions([2]), "series": [(), ()]},
            "at: expected positions below 2, the number of series, got 2",
        ),
        ({"metadata": {}}, "metadata: expected only together with series"),
    ],
)
def test_a_batch_that_contradicts_itself_is_undecodable(parts: dict[str, Any], why: str) -> None:
    """Whatever does not fit together is named, with what was expected."""
    whole: dict[str, Any] = {"time_ms": 1, "layout": "x", "values": pack_values([1.0]), **parts}
    with pytest.raises(Undecodable) as raised:
        decode("ops.metrics.n.s", encode(SampleBatch(**whole)))
    assert str(raised.value) == why


@given(events)
def test_a_single_event_is_a_message_too(event: Event) -> None:
    """Foreign publishers send one event by itself."""
    assert decode(subjects.events("n", "s"), encode(event)) == Events((event,))


@given(outcomes)
def test_outcomes(outcome: Outcome) -> None:
    """An outcome comes back from the subject of its actuator and scope."""
    assert decode(subjects.outcomes(outcome.actuator, outcome.scope), encode(outcome)) == outcome


@given(inventories)
def test_inventories(inventory: Inventory) -> None:
    """An inventory comes back from the subject of its scope."""
    assert decode(subjects.inventory(inventory.scope), encode(inventory)) == inventory


@given(controls)
def test_controls(control: Control) -> None:
    """A control message comes back from the subject of its verb, and from no other verb's."""
    kind = type(control).__struct_config__.tag
    assert isinstance(kind, str)
    assert decode(subjects.control(kind, control.by), encode(control)) == control
    other = "halt" if kind != "halt" else "resume"
    with pytest.raises(Undecodable, match=" but came on "):
        decode(subjects.control(kind, f"{control.by} and another"), encode(control))
    with pytest.raises(Undecodable, match="kind"):
        decode(subjects.control(other, control.by), encode(control))


@given(ticks)
def test_ticks(tick: Tick) -> None:
    """A tick comes back from the subject of its shard."""
    assert decode(subjects.ticks(tick.shard), encode(tick)) == tick


@given(commands)
def test_commands(command: Command) -> None:
    """A command comes back as it was sent."""
    assert (
        codec.decode_command(subjects.commands(command.actuator, command.scope, command.verb), encode(command))
        == command
    )


@given(alerts)
def test_alerts(alert: AlertTransition) -> None:
    """An alert comes back as it was sent."""
    assert codec.decode_alert(encode(alert)) == alert


@given(records)
def test_audit_records(record: AuditRecord) -> None:
    """An audit record comes back as it was written."""
    assert codec.decode_audit(encode(record)) == record


@given(
    st.binary(max_size=200), st.sampled_from(["metrics.n.s", "events.n.s", "outcomes.a.s", "control.act", "ticks.0"])
)
def test_any_bytes_are_either_read_or_undecodable(data: bytes, rest: str) -> None:
    """Nothing that a peer sends raises anything but `Undecodable`."""
    with suppress(Undecodable):
        decode(f"ops.{rest}", data)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            subjects.outcomes("a", "n1"),
            Outcome(
                command="c",
                actuator="a",
                scope="n2",
                verb="v",
                target="t",
                status="failed",
                executor="x",
                started_ms=0,
                finished_ms=0,
            ),
        ),
        (subjects.inventory("n1"), Inventory(actuator="a", scope="n2", targets=())),
        (subjects.ticks("0"), Tick(shard="1", interval_ms=1)),
    ],
)
def test_a_payload_speaks_only_for_its_subject(subject: str, body: msgspec.Struct) -> None:
    """The server authorises the subject, so what the payload says of itself must be the same."""
    with pytest.raises(Undecodable, match="the message is about"):
        decode(subject, encode(body))


def test_nesting_beyond_reason_is_undecodable() -> None:
    """Brackets by the hundred thousand are the peer's failure, not ours."""
    deep = b'{"id":"1","source":"s","type":"t","data":' + b"[" * 100_000
    with pytest.raises(Undecodable, match="recursion"):
        decode(subjects.events("n", "s"), deep)
    with pytest.raises(Undecodable, match="recursion"):
        codec.decode_command("ops.commands.a.b.c", b'{"args":{"a":' + b"[" * 100_000)


def test_a_command_id_depends_on_each_of_its_parts() -> None:
    """The same act has the same id for ever; another act has another."""
    usual: list[Any] = [Origin(kind="rule", name="r"), "t", 1, 2, 3, "restart"]
    others = [Origin(kind="control", name="r"), "u", 9, 9, 9, "scale"]
    changed = [[*usual[:at], other, *usual[at + 1 :]] for at, other in enumerate(others)]
    ids = [command_id(*parts) for parts in (usual, *changed)]
    assert ids[0] == "14eb6eecda36af0dc5c571ddc7923c66"
    assert len(set(ids)) == len(ids)


def test_every_reason_has_a_meaning() -> None:
    """`why` can explain each of them."""
    assert set(MEANING) == set(Reason)
