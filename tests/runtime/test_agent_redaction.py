"""What an agent stores of events that hold secrets, and what it tells of them."""

from pathlib import Path

from engine.redaction import SHIPPED, Redactor
from engine.runtime.agent_host import AgentConfig, AgentHost
from engine.runtime.bus import Bus
from engine.runtime.self_metrics import SelfMetrics
from schemas import subjects
from schemas.codec import decode
from schemas.events import Event, Events
from schemas.labels import text
from schemas.plugins import Occurrence, PluginConfig
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.collecting import Collector
from tests.runtime.roles import agent, messages


async def test_secrets_do_not_reach_the_bus(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """Whichever collector read the event; where it was read is kept, so that a log goes on where it was."""
    collector, redactor = Collector(), Redactor([SHIPPED["url"]])
    event = Event(
        id="1", source=collector.name, type="test", data={"message": "db://a:hunter2@b"}, file="1:2", offset=17
    )
    collecting = agent(
        nats_server, tmp_path, {collector.name: collector.spec}, {collector.name: PluginConfig()}, redactor=redactor
    )
    async with collecting:
        collector.readings.put_nowait(Occurrence(collector.name, event))
        subject = subjects.events(NODE, collector.name)
        (stored,) = await messages(bus, subjects.JOURNAL, 1, subject)
    assert b"hunter2" not in stored.data
    body = decode(subject, stored.data)
    assert isinstance(body, Events)
    (found,) = body.events
    assert found.data == {"message": "db://a:[redacted:url]@b"}
    assert (found.id, found.file, found.offset) == ("1", "1:2", 17)


def test_what_was_redacted_is_a_metric(bus: Bus, tmp_path: Path) -> None:
    """By pattern, each there from the start."""
    redactor = Redactor([SHIPPED["url"], SHIPPED["bearer"]])
    host = AgentHost(bus, AgentConfig(node=NODE, state_dir=tmp_path, collectors={}, redactor=redactor), {})
    redactor.redact(Event(id="1", source="s", type="t", data="db://a:hunter2@b"))
    samples = SelfMetrics(bus, "agent", NODE, host.measured).reading(0)
    found = {text(each): value for each, value in zip(samples.series, samples.values, strict=True)}
    common = f'instance="{NODE}", job="reflexarc"'
    assert found[f'reflexarc_redacted_total{{{common}, pattern="url", role="agent"}}'] == 1
    assert found[f'reflexarc_redacted_total{{{common}, pattern="bearer", role="agent"}}'] == 0
