"""What holds a step back although its alert fires: halts, and not knowing what happened while nobody was looking."""

from engine.core.step import TICKS_MISSED
from schemas.reasons import Reason
from tests.core.story import Story, commands, entries, only_command, reasons
from tests.core.world import INTERVAL_S, alert, heal, page, program, restart, rollback

RULES = program(alert(), heal(restart(), rollback(), page()))

# --- halt ---


def test_a_halt_holds_every_act_until_resumed() -> None:
    """What fires meanwhile waits, says so once, and goes on with the resume."""
    story = Story(RULES)
    story.halt()
    assert reasons(story.every_second(60, 0)) == [Reason.HALTED]
    assert only_command(story.resume()).verb == "restart"


def test_a_halt_of_one_target_leaves_the_others_alone() -> None:
    """Only what is halted waits."""
    story = Story(RULES)
    story.halt("replica:shop/0")
    assert only_command(story.samples(0, 0)).target == "replica:shop/1"
    assert only_command(story.resume("replica:shop/0")).target == "replica:shop/0"


def test_resuming_one_target_does_not_lift_the_global_halt() -> None:
    """Halts are ended by their own scope."""
    story = Story(RULES)
    story.halt()
    story.halt("replica:shop/0")
    story.samples(0)
    assert commands(story.resume("replica:shop/0")) == []
    assert len(commands(story.resume())) == 1


def test_a_halt_in_the_middle_of_a_ladder_holds_its_next_step() -> None:
    """The outcome of what was on the way is taken; the ladder goes no further until resumed."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    story.halt()
    assert reasons(story.answer(command, "failed")) == [Reason.HALTED]
    assert only_command(story.resume()).verb == "rollback"


def test_a_page_is_not_held_by_a_halt() -> None:
    """People are told all the more."""
    story = Story(program(alert(), heal(page())))
    story.halt()
    assert only_command(story.samples(0)).verb == "page"


def test_a_halt_that_the_actuator_knew_first_is_waited_out() -> None:
    """Its message is on the way to us: the command is not sent again and again meanwhile, nor is the step given up."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    assert reasons(story.answer(command, "refused", Reason.HALTED)) == [Reason.HALTED]
    story.halt()
    assert commands(story.every_second(120, 0)) == []
    again = only_command(story.resume())
    assert (again.verb, again.attempt, again.id == command.id) == ("restart", 1, False)


def test_a_refusal_for_a_halt_that_is_over_is_decided_anew() -> None:
    """Whatever order the messages came in, the ladder goes on by itself."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    story.halt()
    story.resume()
    assert commands(story.answer(command, "refused", Reason.HALTED)) == []
    assert only_command(story.every_second(INTERVAL_S, 0)).verb == "restart"


def test_what_a_halt_held_is_forgotten_when_its_alert_resolves() -> None:
    """A resume does not act on yesterday's trouble."""
    story = Story(RULES)
    story.halt()
    story.samples(0)
    assert Reason.RESOLVED_BEFORE_ACT in reasons(story.every_second(1, 1))
    assert commands(story.resume()) == []


# --- settling ---


def test_a_fresh_engine_settles_before_it_acts() -> None:
    """Until one interval has passed, nobody knows whether an alert is old or new."""
    story = Story(RULES, settled=False)
    story.tick()
    assert reasons(story.samples(0)) == [Reason.SETTLING]
    assert commands(story.every_second(INTERVAL_S - 1, 0)) == []
    assert len(commands(story.every_second(2, 0))) == 1


def test_missing_ticks_mean_that_nobody_was_deciding() -> None:
    """After an absence acts wait; nothing is forgotten, and each held ladder acts once."""
    story = Story(RULES)
    story.tick(TICKS_MISSED + 1)
    assert reasons(story.effects[-1:]) == [Reason.TIME_JUMPED]
    assert reasons(story.samples(0, 0)) == [Reason.SETTLING, Reason.SETTLING]
    after = story.every_second(3 * INTERVAL_S, 0, 0)
    assert sorted(command.target for command in commands(after)) == ["replica:shop/0", "replica:shop/1"]


def test_a_slow_tick_is_no_absence() -> None:
    """A busy second or two is not worth a pause."""
    story = Story(RULES)
    story.tick(TICKS_MISSED)
    assert len(commands(story.samples(0))) == 1


def test_a_gap_in_the_journal_makes_acts_wait() -> None:
    """What was in the missing messages is not known: it could have been an outcome or a halt."""
    story = Story(RULES)
    story.seq += 3
    first = story.seq - 2
    effects = story.tick()
    assert entries(effects)[0].detail == f"messages {first} to {first + 2} are missing"
    assert reasons(story.samples(0)) == [Reason.SETTLING]


def test_what_came_due_while_nobody_was_deciding_is_not_acted_on_at_once() -> None:
    """A `for` that ended during the absence fires, and its command waits for fresh data like any other."""
    story = Story(program(alert(for_s=10), heal(restart())))
    story.samples(0)
    story.tick(40)
    assert commands(story.effects) == []
    assert commands(story.every_second(INTERVAL_S - 1, 1)) == []
    assert Reason.RESOLVED_BEFORE_ACT in reasons(story.effects)


def test_a_step_does_not_fail_for_an_absence() -> None:
    """A `within` that ended while nobody was looking is judged on fresh samples."""
    story = Story(RULES)
    story.answer(only_command(story.samples(0)))
    story.tick(60)
    assert commands(story.effects[-3:]) == []
    assert Reason.VERIFIED in reasons(story.every_second(INTERVAL_S, 1))


def test_a_page_does_not_wait_for_settling() -> None:
    """Telling somebody needs no certainty."""
    story = Story(program(alert(), heal(page())), settled=False)
    assert only_command(story.samples(0)).verb == "page"


def test_a_person_need_not_wait_for_settling() -> None:
    """Who asks has looked."""
    story = Story(RULES, settled=False)
    assert only_command(story.ask("restart", workload="shop")).target == "workload:shop"
