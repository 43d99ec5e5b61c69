"""The life of an engine: it goes on where the last one ended, alone, with the rules that were last good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.cli.history import read_audit
from engine.core.snapshot import save
from engine.core.state import State
from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import StreamBehind, WrongLastSequence
from engine.runtime.lease import LeaseLostError
from engine.runtime.publishing import now_ms
from engine.runtime.recovery import BUCKET, SnapshotHead, object_name, pack, recover
from schemas import subjects
from schemas.codec import encode
from schemas.inventory import Inventory, Target
from schemas.labels import canonical
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, POLL_S, engine, entry, error_of, messages, status, stored

DOWN = """\
groups:
  - name: shop
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: page}
      - heal: Restart
        alert: Down
        mode: auto
        cooldown: 0s
        steps:
          - restart: {workload: "{{ $labels.workload }}"}
            verify: {expr: 'up{workload="{{ $labels.workload }}"} == 1', within: 10s, hold: 1s}
          - page: {receiver: oncall}
"""
ONE_MORE = """\
      - alert: Up
        expr: up == 1
"""
TWO_MISTAKES = DOWN.replace("up == 0", "up ==").replace("mode: auto", "mode: often")

UP = [canonical({"__name__": "up", "workload": "shop"})]
ONCALL = Inventory(actuator="page", scope="n1", targets=(Target(id="receiver:oncall", lock="oncall", attributes={}),))
SHOP = Inventory(
    actuator="process", scope="n1", targets=(Target(id="workload:shop", lock="shop", attributes={"generation": 7}),)
)


def write_rules(folder: Path, text: str) -> Path:
    (folder / "rules").mkdir(exist_ok=True)
    file = folder / "rules" / "shop.yaml"
    file.write_text(text)
    return file


async def sample(bus: Bus, value: float, age_s: int = 0) -> int:
    """One scrape of `up`; its journal sequence."""
    time_ms = now_ms() - age_s * 1000
    batch = SampleBatch(time_ms=time_ms, layout=layout_digest(UP), values=pack_values([value]), series=UP)
    return (await bus.publish(subjects.metrics("n1", "host"), encode(batch))).seq


async def own(bus: Bus, inventory: Inventory) -> None:
    await bus.publish(subjects.inventory(inventory.scope), encode(inventory))


async def rules_until(bus: Bus, alerts: int, refused: Callable[[Sequence[str]], bool]) -> list[str]:
    """Wait until so many alert rules run and the refusals are as wanted; the refusals."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rules = (await status(bus))["rules"]
            if rules["alert"] == alerts and refused(rules["refused"]):
                return list(rules["refused"])
            await asyncio.sleep(POLL_S)


async def snapshots_until(bus: Bus, count: int) -> list[str]:
    """Wait until so many snapshots are stored; their names, oldest first."""
    async with asyncio.timeout(PATIENCE_S):
        while len(names := sorted(await objects.names(bus, BUCKET))) < count:
            await asyncio.sleep(POLL_S)
    return names


async def diverged(bus: Bus) -> bool:
    return any(found.entry.reason is Reason.REPLAY_DIVERGED for found in await read_audit(bus))


async def test_a_good_edit_runs_and_a_bad_one_is_refused_with_all_its_mistakes(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """The rules that run are always the last good ones; every mistake of the refused edit is told with its place."""
    file = write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        file.write_text(DOWN + ONE_MORE)
        await rules_until(mortal_bus, 2, lambda refused: not refused)
        file.write_text(TWO_MISTAKES)
        refused = await rules_until(mortal_bus, 2, lambda refused: len(refused) > 0)
        assert [error.split(": ")[0] for error in refused] == [f"{file}:5:15", f"{file}:9:15"]
        file.write_text(DOWN + ONE_MORE)
        await rules_until(mortal_bus, 2, lambda refused: not refused)


async def test_a_new_rule_knows_the_past_that_the_journal_holds(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A rule with a window over samples that nobody looked at when they came has them at once; the audit says how far
    the journal goes back, and so does the log, since it has no id to ask for."""
    file = write_rules(tmp_path, DOWN.replace("up == 0", "other == 0"))
    with capture_logs() as logged:
        async with engine(mortal_server, tmp_path):
            await rules_until(mortal_bus, 1, lambda refused: not refused)
            for age_s in range(600, 0, -1):  # more than one page of the journal
                await sample(mortal_bus, 0.0, age_s)
            file.write_text(DOWN.replace("up == 0", "count_over_time(up[1h]) == 600"))
            await entry(mortal_bus, lambda entry: entry.state == "firing" and entry.alert != "")
            warming = await entry(mortal_bus, lambda entry: entry.reason is Reason.WARMING_UP)
    assert warming.detail in [line.get("detail") for line in logged]
    assert warming.detail.startswith("looking back up to 3600 s, of which the journal holds ")
    async with engine(mortal_server, tmp_path):  # and again, without a snapshot
        await rules_until(mortal_bus, 1, lambda refused: not refused)
    assert not await diverged(mortal_bus)


async def test_a_rule_file_that_an_editor_replaces_is_followed(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A file given by name is read again however often another file takes its place, and may be gone for a while."""
    file, draft = write_rules(tmp_path, DOWN), tmp_path / "draft"
    async with engine(mortal_server, tmp_path, rules=[file]):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        for text, alerts in ((DOWN + ONE_MORE, 2), (DOWN, 1)):
            draft.write_text(text)
            draft.replace(file)
            await rules_until(mortal_bus, alerts, lambda refused: not refused)
        file.unlink()
        await rules_until(mortal_bus, 1, lambda refused: any("cannot be read" in error for error in refused))
        file.write_text(DOWN)
        await rules_until(mortal_bus, 1, lambda refused: not refused)


async def test_a_policy_that_is_gone_leaves_nothing_unbounded(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """The edit is refused, by an engine that starts anew too, until there is a policy again; an empty one is none."""
    bounds = write_rules(tmp_path, DOWN).with_name("policy.yaml")
    bounds.write_text("blast_radius: [{max: 50%, within: 1h}]\n")
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        bounds.unlink()
        write_rules(tmp_path, DOWN + ONE_MORE)
        await rules_until(mortal_bus, 1, lambda refused: any("the policy is gone" in error for error in refused))
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: any("the policy is gone" in error for error in refused))
        bounds.write_text("")
        await rules_until(mortal_bus, 2, lambda refused: not refused)


async def test_rules_that_run_already_are_not_activated_again(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """An activation is in the journal and survives the engine; a second one would say that something changed."""
    write_rules(tmp_path, DOWN)
    for _ in range(2):
        async with engine(mortal_server, tmp_path):
            await rules_until(mortal_bus, 1, lambda refused: not refused)
            await messages(mortal_bus, subjects.JOURNAL, 1, subjects.control("activate", "e1"))
            await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0))
    assert len(await stored(mortal_bus, subjects.JOURNAL, subjects.control("activate", "e1"))) == 1


async def test_a_step_without_its_target_is_passed_over(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A workload that no inventory has is named in the audit, and the next step is taken."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await own(mortal_bus, ONCALL)
        await sample(mortal_bus, 0.0)
        passed = await entry(mortal_bus, lambda found: found.reason is Reason.UNKNOWN_TARGET)
        paged = await entry(mortal_bus, lambda found: found.kind == "command")
    assert (passed.target, passed.step) == ("workload:shop", 0)
    assert (paged.verb, paged.reason, paged.step) == ("page", Reason.STEP_FAILED, 1)


async def test_an_engine_that_died_at_any_point_of_a_decision_is_succeeded_without_a_second_command(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Ended the moment its command is seen, whether or not it is in the audit: one command and one record."""
    write_rules(tmp_path, DOWN)
    await own(mortal_bus, SHOP)
    await own(mortal_bus, ONCALL)
    async with engine(mortal_server, tmp_path):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await sample(mortal_bus, 0.0)
        await _commanded(mortal_bus)
    async with engine(mortal_server, tmp_path):
        await entry(mortal_bus, lambda found: found.kind == "command")
        await status(mortal_bus, applied_seq=await sample(mortal_bus, 0.0))
    sent = await stored(mortal_bus, subjects.COMMANDS, ">")
    recorded = [found.entry for found in await read_audit(mortal_bus) if found.entry.kind == "command"]
    assert len({found.data for found in sent}) == len(recorded) == 1
    assert recorded[0].command in sent[0].data.decode()
    assert not await diverged(mortal_bus)


async def _commanded(bus: Bus) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await stored(bus, subjects.COMMANDS, ">"):
            pass


async def test_an_engine_that_was_replaced_ends(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """One that was thought dead and is not loses its lease, or its place in the audit, and the chain stays whole."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path) as zombie:
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        async with engine(mortal_server, tmp_path):
            errors = await error_of(zombie)
    assert any(isinstance(error, LeaseLostError | WrongLastSequence) for error in errors)
    await read_audit(mortal_bus)


async def test_a_second_engine_waits_for_the_first(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Two engines of different names: one decides, and when it is gone for as long as its lease, the other does."""
    write_rules(tmp_path, DOWN)
    async with AsyncExitStack() as later:
        async with engine(mortal_server, tmp_path, "first"):
            assert (await status(mortal_bus))["engine"] == "first"
            await later.enter_async_context(engine(mortal_server, tmp_path, "second"))
            assert (await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0)))["engine"] == "first"
        answer = await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0))
        assert (answer["engine"], answer["epoch"]) == ("second", 2)


async def spoil(bus: Bus, name: str) -> None:
    """The snapshot is there and is none."""
    await objects.put(bus, BUCKET, name, b"\0\0\0\4spoilt")


async def cut(bus: Bus, name: str) -> None:
    """The snapshot's description is there and its content is not."""
    info = await objects.info(bus, BUCKET, name)
    assert info is not None
    await bus.api(f"STREAM.PURGE.OBJ_{BUCKET}", {"filter": f"$O.{BUCKET}.C.{info.nuid}"})


@pytest.mark.parametrize("harm", [spoil, cut])
async def test_a_snapshot_that_cannot_be_read_gives_way_to_the_one_before(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path, harm: Callable[[Bus, str], Awaitable[None]]
) -> None:
    """The engine goes on from the newest readable snapshot, and decides what was decided."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path, snapshot_every_s=0.1):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await sample(mortal_bus, 0.0)
        await entry(mortal_bus, lambda found: found.reason is Reason.CONDITION_MET)
        await snapshots_until(mortal_bus, 3)
    *_, before, newest = sorted(await objects.names(mortal_bus, BUCKET))
    assert object_name("0", (await recover(mortal_bus, "0")).state.seq) == newest
    await harm(mortal_bus, newest)
    recovered = await recover(mortal_bus, "0")
    assert object_name("0", recovered.state.seq) == before
    async with engine(mortal_server, tmp_path):
        answer = await status(mortal_bus, applied_seq=await sample(mortal_bus, 1.0))
        assert answer["rules"]["alert"] == 1
        await entry(mortal_bus, lambda found: found.state == "resolved")
    assert not await diverged(mortal_bus)


async def test_a_journal_with_a_gap_makes_the_engine_settle(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """Messages that are gone are named in the audit, and acts wait; then it decides again."""
    write_rules(tmp_path, DOWN)
    async with engine(mortal_server, tmp_path, snapshot_every_s=0.1):
        await rules_until(mortal_bus, 1, lambda refused: not refused)
        await snapshots_until(mortal_bus, 1)
    for _ in range(3):
        lost_seq = await sample(mortal_bus, 1.0)
    await sample(mortal_bus, 1.0)
    await mortal_bus.api(f"STREAM.PURGE.{subjects.JOURNAL}", {"seq": lost_seq + 1})
    from_seq = (await recover(mortal_bus, "0")).state.seq
    async with engine(mortal_server, tmp_path):
        missing = f"messages {from_seq + 1} to {lost_seq} are missing"
        await entry(mortal_bus, lambda found: found.reason is Reason.TIME_JUMPED and found.detail == missing)
        await own(mortal_bus, ONCALL)
        await sample(mortal_bus, 0.0)
        assert (await entry(mortal_bus, lambda found: found.kind == "command")).verb == "page"


async def test_a_journal_that_was_replaced_is_told(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """An engine whose snapshot is ahead of the journal does not start on what it does not know."""
    head = SnapshotHead(shard="0", seq=1_000_000, audit_seq=0)
    data = pack(head, save(State(seq=head.seq)))
    await objects.put(mortal_bus, BUCKET, object_name("0", head.seq), data)
    async with engine(mortal_server, tmp_path) as ahead:
        (error,) = [error for error in await error_of(ahead) if isinstance(error, StreamBehind)]
    assert str(error).startswith("stream JOURNAL ends at ")
    assert "cannot read on from 1000001: it was lost or replaced" in str(error)
