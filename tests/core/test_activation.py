"""New rules while the old ones are at work, and what is kept of whom."""

from msgspec.structs import replace

from engine.core.program import Verify
from schemas.reasons import Reason
from tests.core.story import Story, alerts, commands, entries, only_command, reasons, replica, series, states
from tests.core.world import INTERVAL_S, alert, heal, page, program, record, restart, rollback

RULES = program(alert(), heal(restart(), rollback(), page()))


def test_an_activation_is_on_record() -> None:
    """Who put which rules in force."""
    (entry,) = entries(Story(program()).activate(RULES))
    assert (entry.reason, entry.by, entry.detail) == (
        Reason.RULES_ACTIVATED,
        "ann",
        "d: 1 alert, 0 recording, 0 event, 1 heal, 0 respond, 0 scale rules, 0 playbooks",
    )


def test_an_unchanged_trigger_keeps_its_pending_time() -> None:
    """An edit of an annotation does not start `for` anew, not even on the exact millisecond."""
    story = Story(program(alert(for_s=10)))
    story.samples(0)
    due_ms = story.now_ms + 10_000
    story.tick(3)
    story.activate(program(alert(for_s=10, annotations={"summary": "new"})))
    story.tick(3)
    story.tick(3)
    (fired,) = alerts(story.tick(1.5))
    assert (fired.state, fired.time_ms, fired.annotations) == ("firing", due_ms, {"summary": "new"})


def test_an_unchanged_trigger_keeps_keep_firing_for() -> None:
    """Nor does it keep an alert firing for longer."""
    story = Story(program(alert(keep_firing_for_s=10)))
    story.samples(0)
    story.every_second(1, 1)
    due_ms = story.now_ms + 10_000
    story.activate(program(alert(keep_firing_for_s=10)))
    (resolved,) = alerts(story.wait(INTERVAL_S))
    assert (resolved.state, resolved.time_ms) == ("resolved", due_ms)


def test_a_changed_trigger_resolves_what_it_had_made_fire() -> None:
    """Its alerts are over by name, and the new rule begins for itself."""
    story = Story(program(alert(for_s=0)))
    story.samples(0)
    effects = story.activate(program(alert(for_s=10)))
    assert states(effects) == ["resolved"]
    assert entries(effects)[0].reason is Reason.RULE_REMOVED
    story.tick()
    assert states(story.samples(0)) == ["pending"]


def test_activating_fires_nothing_by_itself() -> None:
    """New rules see samples that come, or their first interval; the activation is no occasion to act."""
    story = Story(program())
    story.samples(0)
    assert (states(story.activate(RULES)), commands(story.effects)) == ([], [])
    assert len(commands(story.wait(INTERVAL_S))) == 1


def test_a_running_ladder_ends_with_the_rule_that_it_began_with() -> None:
    """An edit in the middle of a remediation does not change what was planned."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    story.activate(program(alert(), heal(restart(), page())))
    assert only_command(story.answer(command, "failed")).verb == "rollback"


def test_a_ladder_goes_no_further_when_its_alert_rule_is_removed() -> None:
    """Nothing says any more that there is trouble."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    story.activate(program())
    assert reasons(story.answer(command, "failed")) == [Reason.RESOLVED_BEFORE_ACT]


def test_a_step_whose_alert_rule_is_removed_is_not_taken_for_verified() -> None:
    """That the alert is gone says nothing about the target when nobody asks any more."""
    story = Story(program(alert(), heal(restart(None), page())))
    story.answer(only_command(story.samples(0)))
    assert reasons(story.activate(program())) == [Reason.RULE_REMOVED]


def test_a_verify_goes_on_without_its_alert_rule() -> None:
    """What was done is still checked."""
    story = Story(RULES)
    story.answer(only_command(story.samples(0)))
    story.activate(program())
    assert Reason.VERIFIED in reasons(story.every_second(3, 1))


def test_the_timers_of_removed_rules_and_ended_ladders_do_nothing() -> None:
    """What is woken looks whether there is still work."""
    story = Story(program(alert(for_s=60), alert("Now", "up == 0"), heal(restart(), on="Now")))
    story.answer(only_command(story.samples(0)), "failed")
    story.activate(program())
    assert story.wait(120) == []


def test_timers_do_not_pile_up() -> None:
    """An alert that comes and goes for hours leaves as many timers as it found, or so."""
    story = Story(program(alert(for_s=5), heal(restart(), mode="shadow")))
    for _ in range(200):
        story.every_second(7, 0)
        story.every_second(1, 1)
    story.wait(60)
    assert len(list(story.state.timers)) <= 2


def test_what_a_rule_failed_with_is_forgotten_with_the_rule() -> None:
    """A rule that comes back with the same mistake reports it again."""
    broken = program(alert(limit=1))
    story = Story(broken)
    story.samples(0, 0)
    story.activate(program())
    story.activate(broken)
    assert reasons(story.every_second(1, 0, 0)) == [Reason.EVALUATION_FAILED]


def test_a_new_rule_need_not_wait_for_its_samples() -> None:
    """What nobody looked at was not kept, but the journal knows it."""
    story = Story(program(record("n", "sum(up)")))
    story.scrape({series("other"): 1.0})
    assert len(story.state.store) == 0
    assert states(story.activate(program(alert("Other", "other == 1"))) + story.wait(INTERVAL_S)) == ["firing"]


def test_a_long_window_is_filled_from_the_journal_and_fires_nothing_about_the_past() -> None:
    """A rule over the last hour knows that hour at once, and its `for` begins now."""
    story = Story(program(record("n", "sum(up)")))
    story.wait(30 * 60)
    story.every_second(30, 0, 0)
    story.wait(30 * 60 - 30)
    busy = alert("Busy", "count_over_time(up[1h]) == 30", for_s=60)
    effects = story.activate(program(record("n", "sum(up)"), busy))
    assert states(effects) == []
    activated_ms = story.now_ms
    pending, *_ = alerts(story.wait(INTERVAL_S))
    assert (pending.state, pending.active_at_ms > activated_ms) == ("pending", True)
    assert [(each.state, each.time_ms - pending.time_ms) for each in alerts(story.wait(61))] == [("firing", 60_000)] * 2


def test_a_longer_window_over_known_series_is_filled_before_what_is_known() -> None:
    """What is already there stays as it is."""
    story = Story(program(alert("Short", "count_over_time(up[1m]) < 0")))
    story.every_second(300, 0)
    story.activate(program(alert("Long", "count_over_time(up[4m]) == 240")))
    assert states(story.every_second(1, 0)) == ["firing"]


def test_a_window_beyond_the_journal_is_told() -> None:
    """Where history is short the audit says which rules know less than they will."""
    story = Story(program(), settled=False)
    story.every_second(60, 0)
    long = alert("Long", "avg_over_time(up[1h]) < 0")
    (told, _) = entries(story.activate(program(long, alert("Now", "up == 0"))))
    assert told.reason is Reason.WARMING_UP
    assert told.detail == "looking back up to 3600 s, of which the journal holds 60 s: Long"
    assert Reason.WARMING_UP not in reasons(story.activate(program(long, alert("Other", "up == 1"))))


def test_the_verify_of_a_running_ladder_keeps_its_series() -> None:
    """A rule that is gone from the files still needs to see whether it helped."""
    story = Story(program(alert(), heal(restart(Verify(expr="other == 1", within_ms=30_000)))))
    story.answer(only_command(story.samples(0)))
    story.activate(program())
    story.tick()
    story.scrape({series("other"): 1.0})
    assert story.state.store.has_name("other")


def test_what_no_rule_looks_at_any_more_is_no_longer_kept() -> None:
    """An edit that removes the last reader of a series ends its keeping."""
    story = Story(program(alert(), alert("Other", "other == 1")))
    story.scrape({replica(0): 1.0, series("other"): 0.0})
    story.activate(program(alert()))
    for _ in range(400):
        story.tick()
        story.scrape({replica(0): 1.0, series("other"): 0.0})
    assert len(story.state.store) == 1


def test_an_edit_plans_only_what_it_changes() -> None:
    """Deciding waits for an activation, so a thousand rules that stay as they are must not cost it a second."""
    kept, moved = alert("Kept"), alert("Moved")
    story = Story(program(kept, moved))
    before = dict(story.state.compiled.rules)
    story.activate(program(kept, alert("New"), moved))
    after = story.state.compiled.rules
    assert [after[rule.id].plan is before[rule.id].plan for rule in (kept, moved)] == [True, True]
    assert [each.place for each in after.values()] == [0, 1, 2]


def test_another_evaluation_interval_plans_everything_anew() -> None:
    """Grids and subqueries without a step follow it."""
    story = Story(program(alert()))
    rules = program(alert())
    story.activate(replace(rules, settings=replace(rules.settings, evaluation_interval_ms=7_000)))
    assert [each.period_ms for each in story.state.compiled.rules.values()] == [7_000]
