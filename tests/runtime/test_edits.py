"""Edits of rules while an engine runs: the good ones count, and the others leave what was last good."""

from pathlib import Path

from structlog.testing import capture_logs

from engine.runtime.bus import Bus
from schemas import subjects
from schemas.reasons import Reason
from tests.conftest import ServerUnderTest
from tests.runtime.roles import engine, entry, messages, status, stored
from tests.runtime.shop import DOWN, diverged, rules_until, sample, write_rules

ONE_MORE = """\
      - alert: Up
        expr: up == 1
"""
TWO_MISTAKES = DOWN.replace("up == 0", "up ==").replace("mode: auto", "mode: often")


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
