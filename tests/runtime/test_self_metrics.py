"""What a role says of itself: an ordinary source of the journal, with what an operator alerts on."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from engine.core.messages import Activation, Message
from engine.core.state import State
from engine.core.step import step
from engine.rulefile import load
from engine.runtime.asking import ask
from engine.runtime.bus import Bus
from engine.runtime.engine_metrics import measured
from engine.runtime.metrics import OF_ROLE
from engine.runtime.outbox import MAX_READINGS, SampleStack
from engine.runtime.self_metrics import SelfMetrics
from schemas import subjects
from schemas.codec import decode
from schemas.control import Activate
from schemas.labels import METRIC_NAME, Labels, canonical, text
from schemas.plugins import PluginConfig, Samples
from schemas.samples import SampleBatch, layout_digest, pack_values, unpack_values
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.collecting import Collector
from tests.runtime.probe import Probe
from tests.runtime.roles import PATIENCE_S, POLL_S, actuator, agent, engine, messages, status, until

START_MS = 1_700_000_000_000
OWN = "groups: [{name: own, rules: [{alert: Own, expr: 'EXPR'}]}]"
PROCESS = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
}


async def own(bus: Bus, role: str) -> Mapping[str, float]:
    """Wait for the first reading of the role; `name{labels}` → value."""
    subject = subjects.metrics(NODE, subjects.own_source(role))
    (found,) = await messages(bus, subjects.JOURNAL, 1, subject)
    batch = decode(subject, found.data)
    assert isinstance(batch, SampleBatch)
    assert batch.series is not None
    return dict(zip(map(text, batch.series), unpack_values(batch.values), strict=True))


def series(name: str, role: str) -> str:
    return f'{name}{{instance="{NODE}", job="reflexarc", role="{role}"}}'


def names(samples: Mapping[str, float]) -> set[str]:
    return {each.partition("{")[0] for each in samples}


async def test_each_role_publishes_itself_when_it_starts(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """`up`, its process and what it counts, under the labels that a scrape would have given them."""
    collector = Collector()
    collecting = agent(mortal_server, tmp_path, {collector.name: collector.spec}, {collector.name: PluginConfig()})
    async with engine(mortal_server, tmp_path), actuator(mortal_server, tmp_path / "a", NODE, Probe()), collecting:
        for role in OF_ROLE:
            found = await own(mortal_bus, role)
            assert found[series("up", role)] == 1
            assert names(found) >= PROCESS | {"reflexarc_bus_disconnects_total"}
            assert all(each == series(each.partition("{")[0], role) for each in found if each.startswith("process_"))
            assert not any("_created" in each for each in found)
        assert (await own(mortal_bus, "actuator"))[series("reflexarc_lease_epoch", "actuator")] == 1


async def test_an_engine_sees_itself_through_the_journal(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """What it measures of its state are samples like any other, and rules of its own program select them."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(OWN.replace("EXPR", 'reflexarc_rules{kind="alert"} == 1'))
    async with engine(mortal_server, tmp_path, metrics_every_s=0.05):
        await status(mortal_bus)
        async with asyncio.timeout(PATIENCE_S):
            while not await ask(mortal_bus, "engine", "alerts"):
                await asyncio.sleep(POLL_S)
        answer = await ask(mortal_bus, "engine", "query", b"reflexarc_rules")
    assert [each["metric"]["kind"] for each in answer["data"]["result"]] == ["alert"]


def test_what_is_wrong_with_an_engine_is_a_series() -> None:
    """A rule that fails is named, a refused edit is counted, and being behind is told in seconds."""
    state = State()
    program = load({"own.yaml": OWN.replace("EXPR", "up * on () group_left () up")}, {})
    step(state, Message(1, START_MS, Activation(Activate(id="1", by="test", bundle="b"), program)))
    up = [canonical({METRIC_NAME: "up", "instance": name}) for name in ("a", "b")]
    batch = SampleBatch(time_ms=START_MS, layout=layout_digest(up), values=pack_values([1, 1]), series=up)
    step(state, Message(2, START_MS, batch))
    families = measured(state, refused=3, left_out=2, epoch=7, now_ms=START_MS + 2500)
    found = {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}
    assert found["reflexarc_rule_failing", "own", "Own"] == 1
    assert found[("reflexarc_rules_refused",)] == 3
    assert found[("reflexarc_lease_epoch",)] == 7
    assert found[("reflexarc_journal_sequence",)] == 2
    assert found[("reflexarc_journal_lag_seconds",)] == 2.5
    assert (found[("reflexarc_store_series",)], found[("reflexarc_store_samples",)]) == (2, 2)
    assert found[("reflexarc_store_series_refused",)] == found[("reflexarc_store_samples_refused_total",)] == 0
    assert found["reflexarc_rules", "alert"] == 1
    assert found["reflexarc_alerts", "firing"] == 0


async def test_an_agent_tells_what_waits_and_what_it_read(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Readings are counted by collector, with the time of the newest; those that wait for the bus are a gauge."""
    collector = Collector()
    collecting = agent(mortal_server, tmp_path, {collector.name: collector.spec}, {collector.name: PluginConfig()})
    async with collecting:
        await own(mortal_bus, "agent")
        collector.scrape(5_000, up=1)
        await messages(mortal_bus, subjects.JOURNAL, 1, subjects.metrics(NODE, collector.name))
    read = {text(each): value for each, value in reading(mortal_bus, "agent").items()}
    by_collector = f'collector="{collector.name}", instance="{NODE}", job="reflexarc", role="agent"'
    assert read[f"reflexarc_readings_total{{{by_collector}}}"] == 1
    assert read[f"reflexarc_last_reading_timestamp_seconds{{{by_collector}}}"] == 5


async def test_a_reading_that_gives_way_to_a_newer_one_is_counted(bus: Bus) -> None:
    """An outbox holds so many readings; what it lets go of is gone, and that is told."""
    dropped = next(each for each in reading(bus, "agent") if dict(each)[METRIC_NAME].endswith("dropped_readings_total"))
    before = reading(bus, "agent")[dropped]
    stack = SampleStack()
    for time_ms in range(MAX_READINGS + 2):
        stack.put(Samples(time_ms, (), ()))
    assert len(stack) == MAX_READINGS
    assert reading(bus, "agent")[dropped] == before + 2


def reading(bus: Bus, role: str) -> Mapping[Labels, float]:
    """What the role would publish now."""
    samples = SelfMetrics(bus, role, NODE).reading(0)
    return dict(zip(samples.series, samples.values, strict=True))


async def test_a_lost_connection_is_counted(mortal_server: ServerUnderTest, tmp_path: Path) -> None:
    """How often the bus was away is known to everybody once it is back."""
    bus = await mortal_server.connect()
    count = next(each for each in reading(bus, "agent") if dict(each)[METRIC_NAME] == "reflexarc_bus_disconnects_total")
    before = reading(bus, "agent")[count]
    await mortal_server.kill()
    await until(lambda: reading(bus, "agent")[count] == before + 1, "the loss to be counted")
    await bus.close()
