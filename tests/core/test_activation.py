"""New rules while the old ones are at work, and what is kept of whom."""

from schemas.reasons import Reason
from tests.core.story import Story, alerts, commands, entries, only_command, reasons, series, states
from tests.core.world import INTERVAL_S, alert, heal, page, program, record, restart, rollback

RULES = program(alert(), heal(restart(), rollback(), page()))


def test_an_activation_is_on_record() -> None:
    """Who put which rules in force."""
    (entry,) = entries(Story(program()).activate(RULES))
    assert (entry.reason, entry.by, entry.detail) == (
        Reason.RULES_ACTIVATED,
        "ann",
        "d: 1 alert, 0 recording, 1 heal rules",
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


def test_series_that_no_rule_looks_at_are_kept_for_the_lookback() -> None:
    """Whoever queries by hand sees the present, and a new rule need not wait."""
    story = Story(program(record("n", "sum(up)")))
    story.scrape({series("other"): 1.0})
    assert states(story.activate(program(alert("Other", "other == 1"))) + story.wait(INTERVAL_S)) == ["firing"]
