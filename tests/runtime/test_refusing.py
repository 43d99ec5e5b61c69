"""Whoever may publish on COMMANDS may send any number of messages: what that costs is bounded, and blocks nothing."""

from collections import Counter
from pathlib import Path

from engine.runtime.bus import Bus, Message
from engine.runtime.metrics import REFUSED
from engine.runtime.publishing import new_id
from engine.runtime.refusing import MOST_DETAIL, MOST_KEPT_BYTES, MOST_SUBJECT, Rate
from schemas import subjects
from schemas.commands import HEADER_KEY_ID, HEADER_SIGNATURE
from schemas.reasons import Reason
from schemas.refusals import Refusals
from tests.conftest import ServerUnderTest
from tests.runtime.probe import NAME, Probe, command
from tests.runtime.roles import actuator, answered, outcomes, said, send, stored, until

FLOOD = 500


def unsigned() -> float:
    (family,) = REFUSED.collect()
    return sum(
        sample.value
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels["reason"] == Reason.UNSIGNED
    )


async def test_a_flood_is_counted_and_neither_kept_nor_reported_one_by_one(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """As many as the rate permits are kept and reported, the others are a number; a command behind them is done."""
    scope, probe = f"s-{new_id()}", Probe()
    subject, before = subjects.commands(NAME, scope, "turn"), unsigned()
    await bus.publish_many([Message(subject, b"%d" % number) for number in range(FLOOD)])
    async with actuator(nats_server, tmp_path, scope, probe, refusal_rate=Rate(burst=3, every_s=0.2)):
        await answered(bus, await send(bus, command(scope)))
        assert (await outcomes(bus, scope))[0].status == "succeeded"
        await until(lambda: unsigned() - before == FLOOD, "all to be counted")
        reported, reports = 0, 0
        async for report in said(bus, subjects.outcomes(NAME, scope), Refusals, FLOOD):
            reports += 1
            reported += sum(each.count for each in report.refused)
            if reported == FLOOD:
                break
    kept = await stored(bus, subjects.DEAD, subjects.dead(subject))
    assert max(reports, len(kept)) < FLOOD / 10
    assert await stored(bus, subjects.COMMANDS, subject) == []


async def test_of_what_a_stranger_wrote_little_is_kept_and_nothing_that_a_terminal_obeys(
    nats_server: ServerUnderTest, bus: Bus, tmp_path: Path
) -> None:
    """A vast message is cut off in DEAD, and the report quotes it in printable characters, shortened."""
    scope = f"s-{new_id()}"
    subject = f"ops.commands.{NAME}.{scope}.\x1b[2J" + "x" * 1000
    headers = {HEADER_KEY_ID: "\x1b[31m" + "k" * 5000, HEADER_SIGNATURE: "s"}
    async with actuator(nats_server, tmp_path, scope, Probe()):
        await bus.publish(subject, b"x" * 1_000_000, headers=headers)
        (report,) = [found async for found in said(bus, subjects.outcomes(NAME, scope), Refusals, 1)]
    (refused,) = report.refused
    assert (report.scope, report.executor, refused.reason) == (scope, f"actuator@{scope}", Reason.UNKNOWN_KEY)
    for text, most in ((refused.subject, MOST_SUBJECT), (refused.key, MOST_DETAIL), (refused.detail, MOST_DETAIL)):
        assert text.isprintable()
        assert len(text) <= most + 20
    (kept,) = await stored(bus, subjects.DEAD, subjects.dead(subject))
    assert len(kept.data) == MOST_KEPT_BYTES


async def test_a_report_says_how_many_of_each_kind(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """What could not be reported at once is in the next report, by reason."""
    scope, counted = f"s-{new_id()}", Counter[Reason]()
    subject = subjects.commands(NAME, scope, "turn")
    strange = {HEADER_KEY_ID: "k", HEADER_SIGNATURE: "s"}
    forged = [Message(subject, b"", headers=strange if number % 3 else {}) for number in range(9)]
    await bus.publish_many(forged)
    async with actuator(nats_server, tmp_path, scope, Probe(), refusal_rate=Rate(burst=1, every_s=0.3)):
        async for report in said(bus, subjects.outcomes(NAME, scope), Refusals, len(forged)):
            counted.update({each.reason: each.count for each in report.refused})
            if counted.total() == len(forged):
                break
    assert counted == {Reason.UNSIGNED: 3, Reason.UNKNOWN_KEY: 6}
