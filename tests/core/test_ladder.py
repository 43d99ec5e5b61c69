"""The remediation ladder: every transition of the table in `engine.core.ladder`."""

import msgspec
import pytest

from engine.core.effects import Effect
from engine.core.moves import MAX_ATTEMPTS
from engine.core.program import DEFAULT_WITHIN_MS, Verify
from schemas.commands import Command
from schemas.outcomes import Status
from schemas.reasons import Reason
from tests.core.story import Story, alerts, asked, commands, entries, only_command, reasons, series, silence_s, states
from tests.core.world import COOLDOWN_S, INTERVAL_S, SETTINGS, alert, heal, page, program, restart, rollback, shop

LADDER = (restart(), rollback(), page())
WITHIN_S = 30
APPROVAL_S = SETTINGS.approval_ttl_ms // 1000


def fired() -> tuple[Story, Command]:
    """A story in which replica 0 went down and its ladder's first command is on the way."""
    story = Story(program(alert(), heal(*LADDER)))
    return story, only_command(story.samples(0, 1))


def ended(effects: list[Effect]) -> list[Reason]:
    """Why ladders ended."""
    return [
        entry.reason
        for entry in entries(effects)
        if entry.state == "ended" and entry.kind == "decision" and entry.reason
    ]


# --- from alert to command ---


def test_a_blip_shorter_than_for_commands_nothing() -> None:
    """A condition that clears before `for` elapses never reaches an actuator."""
    story = Story(program(alert(for_s=10), heal(*LADDER)))
    story.every_second(9, 0)
    story.every_second(60, 1)
    assert commands(story.effects) == []


def test_a_firing_alert_commands_the_first_step() -> None:
    """One sample later the command is out."""
    _, command = fired()
    assert (command.verb, command.target, command.step) == ("restart", "replica:shop/0", 0)


def test_an_alert_that_nobody_heals_commands_nothing() -> None:
    """Ladders are found by the alert's name."""
    story = Story(program(alert("Other"), heal(*LADDER)))
    assert (states(story.samples(0)), commands(story.effects)) == (["firing"], [])


# --- from outcome to verification ---


def test_verify_needs_samples_newer_than_the_outcome() -> None:
    """What was measured before the effect says nothing about the effect."""
    story = Story(program(alert(), alert("Other", "up == 2"), heal(restart(), page(), on="Down")))
    command = only_command(story.samples(0))
    story.every_second(1, 1)
    assert states(story.effects)[-1] == "resolved"
    story.answer(command)
    assert ended(story.wait(WITHIN_S - 1)) == []
    assert Reason.VERIFIED not in reasons(story.wait(10))


def test_verify_holds_for_two_sample_intervals_by_default() -> None:
    """One good sample is not health."""
    story, command = fired()
    story.every_second(3, 0, 1)
    story.answer(command)
    assert ended(story.every_second(2, 1, 1)) == []
    assert ended(story.every_second(1, 1, 1)) == [Reason.VERIFIED]


def test_a_verify_that_breaks_within_hold_begins_anew() -> None:
    """`hold` counts from the last time that the expression began to hold."""
    verify = Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=30_000, hold_ms=5_000)
    story = Story(program(alert(), heal(restart(verify), page())))
    story.answer(only_command(story.samples(0)))
    story.every_second(4, 1)
    story.every_second(1, 0)
    assert ended(story.every_second(5, 1)) == []
    assert ended(story.every_second(1, 1)) == [Reason.VERIFIED]


def test_within_counts_from_the_outcome() -> None:
    """A slow actuator does not eat the step's time."""
    story, command = fired()
    story.every_second(25, 0, 1)
    story.answer(command)
    assert commands(story.every_second(WITHIN_S - 1, 0, 1)) == []
    assert only_command(story.every_second(1, 0, 1)).verb == "rollback"


def test_a_verify_that_began_to_hold_within_its_time_may_hold_on_beyond_it() -> None:
    """`within` is for beginning to hold; `hold` comes on top."""
    story, command = fired()
    story.answer(command)
    story.every_second(WITHIN_S - 2, 0, 1)
    assert ended(story.every_second(3, 1, 1)) == [Reason.VERIFIED]


def test_without_verify_the_alert_must_stay_resolved() -> None:
    """A restart makes the alert's own series end, which resolves it; that alone is not health."""
    story = Story(program(alert(), heal(restart(None), page())))
    command = only_command(story.samples(0))
    story.every_second(1, 1)
    assert ended(story.answer(command)) == []
    assert ended(story.every_second(3, 0)) == []
    assert ended(story.every_second(INTERVAL_S, 1)) == []
    assert ended(story.every_second(1, 1)) == [Reason.VERIFIED]


def test_without_verify_an_alert_that_goes_on_firing_fails_the_step() -> None:
    """The default time to help is generous, and it ends."""
    story = Story(program(alert(), heal(restart(None), page())))
    story.answer(only_command(story.samples(0)))
    assert commands(story.every_second(DEFAULT_WITHIN_MS // 1000 - 1, 0)) == []
    assert only_command(story.every_second(1, 0)).verb == "page"


def test_a_verify_window_longer_than_the_lookback_is_kept_for() -> None:
    """The samples that a `verify` looks back on are there when it is asked."""
    verify = Verify(expr="count_over_time(up[10m]) > 400", within_ms=5_000, hold_ms=0)
    story = Story(program(alert(), heal(restart(verify))))
    story.every_second(450, 1)
    story.tick()
    story.answer(only_command(story.samples(0)))
    assert ended(story.every_second(1, 1)) == [Reason.VERIFIED]


# --- down the ladder ---


def test_each_step_is_taken_only_when_the_one_before_has_not_helped() -> None:
    """Restart, rollback, page, and then it is known that nothing helped."""
    story, command = fired()
    for verb in ("rollback", "page"):
        story.answer(command)
        command = only_command(story.every_second(WITHIN_S, 0, 1))
        assert command.verb == verb
    assert ended(story.answer(command)) == [Reason.EXHAUSTED]
    assert story.state.ladders == {}


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_a_step_that_did_not_succeed_leads_to_the_next(status: Status) -> None:
    """Nothing is waited for when the actuator already said no."""
    story, command = fired()
    assert only_command(story.answer(command, status)).verb == "rollback"


def test_a_conflict_is_verified() -> None:
    """Somebody else changed the target first: if that helped, nothing more is done."""
    story, command = fired()
    assert commands(story.answer(command, "conflict")) == []
    assert ended(story.every_second(3, 1, 1)) == [Reason.VERIFIED]


@pytest.mark.parametrize(
    ("status", "reason"),
    [("expired", None), ("refused", Reason.FENCED), ("refused", Reason.SUPERSEDED)],
)
def test_a_command_without_effect_is_decided_anew(status: Status, reason: Reason | None) -> None:
    """Under a new id, on the inventory of now, and not for ever."""
    story, command = fired()
    ids = {command.id}
    story.tell(shop(generation=8))
    for attempt in range(1, MAX_ATTEMPTS):
        command = only_command(story.answer(command, status, reason))
        assert (command.verb, command.attempt, command.condition) == ("restart", attempt, {"generation": 8})
        ids.add(command.id)
    assert len(ids) == MAX_ATTEMPTS
    assert only_command(story.answer(command, status, reason)).verb == "rollback"


def test_an_unknown_fate_is_never_repeated_and_told_to_somebody() -> None:
    """Neither the same act again nor another act on top of it."""
    story, command = fired()
    assert only_command(story.answer(command, "unknown")).verb == "page"


def test_an_unknown_fate_is_told_even_when_the_alert_has_resolved() -> None:
    """That the symptom is gone does not say what was done."""
    story, command = fired()
    story.every_second(1, 1, 1)
    assert only_command(story.answer(command, "unknown")).verb == "page"


def test_an_unknown_fate_without_anybody_to_tell_ends_the_ladder() -> None:
    """It is on record under its name."""
    story = Story(program(alert(), heal(restart(), rollback())))
    assert ended(story.answer(only_command(story.samples(0)), "unknown")) == [Reason.FATE_UNKNOWN]


def test_silence_is_told_and_the_answer_still_counts() -> None:
    """Only an outcome moves a ladder, however late; but meanwhile a person hears of it, once."""
    story, command = fired()
    assert reasons(story.every_second(silence_s(story, command) - 1, 0, 1)) == []
    silent = story.every_second(120, 0, 1)
    assert reasons(silent)[0] is Reason.NO_OUTCOME
    assert [told.verb for told in commands(silent)] == ["page"]
    story.answer(command)
    assert ended(story.every_second(3, 1, 1)) == [Reason.VERIFIED]


def test_silence_is_noted_for_every_command_of_a_ladder() -> None:
    """The page that nobody answered is as silent as the restart was."""
    story = Story(program(alert(), heal(restart(), page())))
    command = only_command(story.samples(0))
    story.every_second(60, 0)
    paging = only_command(story.answer(command, "failed"))
    assert Reason.NO_OUTCOME in reasons(story.every_second(silence_s(story, paging), 0))


def test_an_outcome_moves_a_ladder_once() -> None:
    """The second delivery of an answer is seen, and nothing follows from it."""
    story, command = fired()
    story.answer(command, "failed")
    effects = story.answer(command, "failed")
    assert [entry.reason for entry in entries(effects)] == [Reason.UNSOLICITED_OUTCOME]
    assert commands(effects) == []


def test_a_page_needs_no_verification() -> None:
    """A ladder that only tells is done when it has told."""
    story = Story(program(alert(), heal(page())))
    assert ended(story.answer(only_command(story.samples(0)))) == [Reason.DONE]


def test_a_page_may_come_first() -> None:
    """Telling is a step like any other: the next one follows."""
    story = Story(program(alert(), heal(page(), restart())))
    assert only_command(story.answer(only_command(story.samples(0)))).verb == "restart"


def test_the_record_of_a_ladder_is_about_what_it_heals() -> None:
    """Whoever asks about a replica finds how its ladder ended, although the last step was a page."""
    story = Story(program(alert(), heal(restart(), page())))
    paged = only_command(story.answer(only_command(story.samples(0)), "failed"))
    (outcome, last) = entries(story.answer(paged))
    assert (outcome.target, last.target, last.reason) == ("receiver:oncall", "replica:shop/0", Reason.EXHAUSTED)


# --- alerts that come and go meanwhile ---


def test_a_step_is_not_taken_when_its_alert_has_resolved() -> None:
    """A failed step whose trouble has gone by itself is not escalated."""
    story, command = fired()
    story.every_second(1, 1, 1)
    assert ended(story.answer(command, "failed")) == [Reason.RESOLVED_BEFORE_ACT]


def test_an_alert_that_refires_while_its_ladder_runs_starts_no_second_one() -> None:
    """One ladder at a time for an alert; it goes on where it is."""
    story, command = fired()
    story.answer(command)
    story.every_second(1, 1, 1)
    assert commands(story.every_second(2, 0, 1)) == []
    assert only_command(story.every_second(WITHIN_S - 3, 0, 1)).step == 1


def test_an_alert_that_resolved_and_refired_before_the_outcome_is_the_same_trouble() -> None:
    """The outcome finds the alert firing and is verified like any other."""
    story, command = fired()
    story.every_second(1, 1, 1)
    assert commands(story.every_second(1, 0, 1)) == []
    assert only_command(story.answer(command, "failed")).verb == "rollback"


# --- cooldown ---


def healed(story: Story, command: Command) -> None:
    """The command helped, and its ladder is over."""
    story.answer(command)
    story.every_second(3, 1, 1)
    assert story.state.ladders == {}


def test_cooldown_lies_between_ladders() -> None:
    """A target that breaks again at once waits for the rest of its rest."""
    story, command = fired()
    healed(story, command)
    assert reasons(story.every_second(COOLDOWN_S - 1, 0, 1)) == [Reason.COOLDOWN]
    assert only_command(story.every_second(1, 0, 1)).id != command.id


def test_cooldown_is_of_a_target() -> None:
    """Another replica is not made to wait for the first."""
    story, command = fired()
    healed(story, command)
    assert only_command(story.every_second(1, 1, 0)).target == "replica:shop/1"


def test_cooldown_is_of_every_target_that_the_ladder_acted_on() -> None:
    """Also where the ladder went on to another target, and ended with a page."""
    story, command = fired()
    for _ in range(2):
        command = only_command(story.answer(command, "failed"))
    assert ended(story.answer(command)) == [Reason.EXHAUSTED]
    story.every_second(1, 1, 1)
    assert reasons(story.every_second(1, 0, 1)) == [Reason.COOLDOWN]


def test_cooldown_does_not_follow_a_ladder_that_did_nothing() -> None:
    """Only acts need rest."""
    story = Story(program(alert(), heal(*LADDER)))
    story.halt()
    story.samples(0)
    assert ended(story.every_second(1, 1)) == [Reason.RESOLVED_BEFORE_ACT]
    story.resume()
    assert len(commands(story.every_second(1, 0))) == 1


def test_ladders_of_a_rule_come_one_after_the_other_on_a_target() -> None:
    """Two alerts that ask for the same act at the same instant send one command; the other waits, and for nothing."""
    whole = restart(workload="{{ $labels.workload }}")
    story = Story(program(alert(), heal(whole, rollback(), page())))
    effects = story.samples(0, 0)
    command = only_command(effects)
    assert (command.target, reasons(effects)) == ("workload:shop", [Reason.ALERT_FIRED, Reason.COOLDOWN])
    story.answer(command)
    assert ended(story.every_second(3, 1, 1)) == [Reason.RESOLVED_BEFORE_ACT, Reason.VERIFIED]


def test_a_ladder_that_waited_for_another_acts_after_the_cooldown() -> None:
    """What is still broken then gets its turn, once."""
    whole = restart(workload="{{ $labels.workload }}")
    story = Story(program(alert(), heal(whole, page())))
    first = only_command(story.samples(0, 0))
    story.answer(first)
    assert commands(story.every_second(COOLDOWN_S + 2, 1, 0)) == []
    second = only_command(story.every_second(1, 1, 0))
    assert (second.target, second.step) == (first.target, 0)
    assert second.id != first.id


def test_without_cooldown_a_waiting_ladder_acts_as_soon_as_the_other_is_over() -> None:
    """Nothing but the other ladder held it."""
    whole = restart(workload="{{ $labels.workload }}")
    story = Story(program(alert(), heal(whole, cooldown_s=0)))
    story.answer(only_command(story.samples(0, 0)))
    assert len(commands(story.every_second(4, 1, 0))) == 1


def test_cooldowns_that_are_over_are_forgotten() -> None:
    """Memory does not grow with history."""
    story, command = fired()
    healed(story, command)
    story.wait(COOLDOWN_S + 61)
    assert story.state.cooldowns == {}


# --- modes ---


def test_shadow_says_what_it_would_do() -> None:
    """Recorded, never sent."""
    story = Story(program(alert(), heal(*LADDER, mode="shadow")))
    effects = story.samples(0)
    assert (commands(effects), ended(effects)) == ([], [Reason.SHADOW])
    assert entries(effects)[-1].detail == "would restart replica:shop/0 if generation = 7"


def test_approve_waits_for_a_person() -> None:
    """The command goes when it is approved, under the id that was shown."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    id_ = asked(story.samples(0))
    assert commands(story.effects) == []
    story.every_second(60, 0)
    command = only_command(story.approve(id_))
    assert (command.id, command.issued_ms) == (id_, story.now_ms)


def test_each_step_that_changes_something_is_approved_for_itself() -> None:
    """Yes to a restart is not yes to a rollback; a page needs no leave."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    command = only_command(story.approve(asked(story.samples(0))))
    second = asked(story.answer(command, "failed"))
    assert commands(story.approve(command.id)) == []
    command = only_command(story.approve(second))
    assert only_command(story.answer(command, "failed")).verb == "page"


def test_denied_ends_the_ladder() -> None:
    """No is no, by name."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    effects = story.approve(asked(story.samples(0)), deny=True)
    assert (commands(effects), ended(effects), entries(effects)[-1].by) == ([], [Reason.APPROVAL_DENIED], "ann")


def test_an_approval_lapses() -> None:
    """A question that nobody answers does not stay open for ever, and a late yes does nothing."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    id_ = asked(story.samples(0))
    assert ended(story.every_second(APPROVAL_S - 1, 0)) == []
    assert ended(story.every_second(1, 0)) == [Reason.APPROVAL_LAPSED]
    assert commands(story.approve(id_)) == []


def test_a_question_ends_with_its_alert() -> None:
    """Nobody is asked to approve what is no longer needed."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    id_ = asked(story.samples(0))
    assert ended(story.every_second(1, 1)) == [Reason.RESOLVED_BEFORE_ACT]
    assert commands(story.approve(id_)) == []


def test_an_approval_is_for_what_was_shown() -> None:
    """When the target has changed since, the person is asked again, under another id."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    id_ = asked(story.samples(0))
    story.tell(shop(generation=8))
    again = story.approve(id_)
    assert commands(again) == []
    assert asked(again) != id_
    assert only_command(story.approve(asked(again))).condition == {"generation": 8}


def test_what_is_approved_while_halted_is_asked_again_after_it() -> None:
    """A yes is for now: it does not go off hours later, when the halt ends."""
    story = Story(program(alert(), heal(*LADDER, mode="approve")))
    id_ = asked(story.samples(0))
    story.halt()
    assert reasons(story.approve(id_)) == [Reason.APPROVED, Reason.HALTED]
    effects = story.resume()
    assert commands(effects) == []
    assert only_command(story.approve(asked(effects))).verb == "restart"


# --- the same alert, the same acts ---


def test_alert_episodes_have_different_ladders_and_commands() -> None:
    """The onset is part of a command's id."""
    story = Story(program(alert(), heal(*LADDER, cooldown_s=0)))
    first = only_command(story.samples(0, 1))
    healed(story, first)
    second = only_command(story.every_second(1, 0, 1))
    assert (first.target, first.step, first.attempt) == (second.target, second.step, second.attempt)
    assert first.id != second.id
    assert first.ladder != second.ladder


def test_two_rules_on_one_alert_climb_each_their_own_ladder() -> None:
    """Rules do not know of each other; conditions keep their acts apart."""
    story = Story(program(alert(), heal(restart(), name="A"), heal(page(), name="B")))
    first, second = commands(story.samples(0))
    assert (first.verb, second.verb) == ("restart", "page")
    assert first.index < second.index
    assert len(alerts(story.effects)) == 1


def test_only_the_actuator_that_was_asked_can_answer() -> None:
    """An outcome from another scope is seen, and moves nothing."""
    story, command = fired()
    effects = story.answer(msgspec.structs.replace(command, scope="elsewhere"))
    assert [entry.reason for entry in entries(effects)] == [Reason.UNSOLICITED_OUTCOME]
    assert story.state.ladders


def test_a_series_that_finds_room_during_a_verify_is_looked_at_as_it_comes() -> None:
    """What a source's samples can move is found anew when more of its series are kept."""
    verify = Verify(expr="other == 1", within_ms=1_200_000, hold_ms=0)
    rules = program(alert(), heal(restart(verify)))
    rules = msgspec.structs.replace(rules, settings=msgspec.structs.replace(rules.settings, max_series=1))
    story = Story(rules)
    story.answer(only_command(story.samples(0)))
    for _ in range(400):
        assert Reason.VERIFIED not in reasons(story.tick())
        effects = story.scrape({series("other"): 1.0})
        if len(story.state.store) == 1 and story.state.store.has_name("other"):
            break
    assert Reason.VERIFIED in reasons(effects)
