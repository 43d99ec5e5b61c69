"""What an agent's log analyzer says, on its way from a line to an alert."""

import asyncio
import shutil
from pathlib import Path

from collectors.log import SPEC
from collectors.log.config import LogConfig
from engine.redaction import SHIPPED, Redactor
from engine.runtime.bus import Bus
from schemas import subjects
from schemas.codec import decode, decode_alert
from schemas.events import Event, Events
from schemas.plugins import Occurrence, PluginConfig
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.analyzing import analyses, event, new
from tests.runtime.collecting import Collector
from tests.runtime.roles import agent, engine, messages, stored

COUNTED = """\
groups:
  - name: counted
    rules:
      - alert: NewTemplates
        expr: sum by (source) (ops_events_total{type="log.template.new", product="reflexarc", service="analysis"}) == 2
"""
RULES = Path(__file__).parents[2] / "rules" / "logs.yaml"
LEARNED = "".join(f"job {number} done in {number} ms\n" for number in range(20))


async def events_of(bus: Bus, source: str) -> list[Event]:
    subject = subjects.events(NODE, source)
    bodies = [decode(subject, message.data) for message in await stored(bus, subjects.JOURNAL, subject)]
    return [each for body in bodies if isinstance(body, Events) for each in body.events]


async def until_stored(bus: Bus, source: str, wanted: int) -> list[Event]:
    """Wait until the journal has so many events of the source."""
    async with asyncio.timeout(15):
        while len(found := await events_of(bus, source)) < wanted:
            await asyncio.sleep(0.01)
    return found


async def test_a_new_error_in_a_log_is_an_alert(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """From a file by way of the shipped rule, and by a count of all such events; without the secret in the line."""
    (tmp_path / "rules").mkdir()
    shutil.copy(RULES, tmp_path / "rules")
    (tmp_path / "rules" / "counted.yaml").write_text(COUNTED)
    file = tmp_path / "app.log"
    file.write_text(LEARNED)
    config = LogConfig(paths=[str(file)], start="beginning", poll_s=0.02)
    collecting = agent(
        mortal_server,
        tmp_path / "agent",
        {"log": SPEC},
        {"log": config},
        redactor=Redactor([SHIPPED["url"]]),
        analyses=analyses(tmp_path),
    )
    async with engine(mortal_server, tmp_path), collecting:
        await messages(mortal_bus, subjects.JOURNAL, 1, subjects.control("activate", "e1"))
        await until_stored(mortal_bus, f"log:{file}", 20)
        with file.open("a") as log:
            log.write(
                "job 20 done in 7 ms\nERROR cannot reach db://app:hunter2@db1 after 30 s\nERROR cannot reach db://x\n"
            )
        told, *_ = await messages(mortal_bus, subjects.ALERTS, 2, subjects.alerts("warning", "NewErrorTemplate"))
        (counted,) = await messages(mortal_bus, subjects.ALERTS, 1, subjects.alerts("none", "NewTemplates"))
        found = await until_stored(mortal_bus, f"log:{file}", 24)
    alert = decode_alert(told.data)
    assert (alert.alertname, alert.state, alert.labels["node"]) == ("NewErrorTemplate", "firing", NODE)
    said = f"an error that log:{file} on {NODE} never had: ERROR cannot reach <url> after <num> s"
    assert alert.annotations["summary"] == said
    assert decode_alert(counted.data).labels["source"] == str(file)
    texts = ["ERROR cannot reach <url> after <num> s", "ERROR cannot reach <url>"]
    assert new(found) == texts
    assert [each.type for each in found] == ["log.line"] * 22 + ["log.template.new", "log.line", "log.template.new"]
    assert not any(b"hunter2" in kept.read_bytes() for kept in (tmp_path / "analysis").iterdir())


async def test_an_agent_that_stops_goes_on_where_it_was(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """What it has learned it still knows; the log is read on after its last line, which a finding has followed."""
    file = tmp_path / "app.log"
    file.write_text(f"{LEARNED}disk failed\n")
    config = LogConfig(paths=[str(file)], start="beginning", poll_s=0.02)
    for expected, more in ((22, "disk failed\njob 21 done in 5 ms\nfan 3 has stopped\n"), (26, "")):
        async with agent(nats_server, tmp_path, {"log": SPEC}, {"log": config}, analyses=analyses(tmp_path)):
            found = await until_stored(bus, f"log:{file}", expected)
        with file.open("a") as log:
            log.write(more)
    assert new(found) == ["disk failed", "fan <num> has stopped"]
    assert len(found) == len({each.id for each in found}) == 26


async def test_only_named_sources_are_analyzed(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """By patterns of their names."""
    collector = Collector()
    collecting = agent(
        nats_server,
        tmp_path,
        {collector.name: collector.spec},
        {collector.name: PluginConfig()},
        analyses=analyses(tmp_path, f"{collector.name}:a*", learned_events=0),
    )
    async with collecting:
        for name in ("app", "web"):
            source = f"{collector.name}:{name}"
            collector.readings.put_nowait(Occurrence(source, event(1, "disk failed")))
        app = await until_stored(bus, f"{collector.name}:app", 2)
        web = await until_stored(bus, f"{collector.name}:web", 1)
    assert (new(app), new(web)) == (["disk failed"], [])
