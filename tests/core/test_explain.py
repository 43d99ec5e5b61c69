"""Why a rule has not acted: what is meant, its alert, its ladder; each reason by its name."""

import pytest
from msgspec.structs import replace

from engine.core.policy import Approval, Policy, Window
from schemas.control import Play
from schemas.reasons import MEANING, Reason
from tests.core.asking import TARGET, objecting, reasons, verdict, why_not
from tests.core.books import call, do, site, story_of
from tests.core.fleet import HOUR_MS, bounded, fleet, name
from tests.core.scaling_world import Shop, scale, scaling
from tests.core.story import START_MS, Story, asked, only_command
from tests.core.world import (
    alert,
    collect,
    heal,
    isolate,
    page,
    program,
    respond,
    restart,
    rollback,
)

RULES = program(alert(), heal(restart(), rollback(), page()))


# --- what is asked about ---


def test_a_rule_that_there_is_not_suggests_what_was_meant() -> None:
    """A misspelt name, and the name of an alert in place of the rule that acts on it."""
    story = Story(RULES)
    misspelt = why_not(story, rule="Haal")
    assert (reasons(misspelt), misspelt.suggestions) == ([Reason.UNKNOWN_RULE], ("Heal",))
    assert why_not(story, rule="Down").suggestions == ("Heal",)


def test_a_name_of_several_groups_asks_which() -> None:
    """Its full name is taken."""
    other = replace(heal(page()), group="h")
    story = Story(program(alert(), heal(restart()), other))
    assert why_not(story).suggestions == ("g/Heal", "h/Heal")
    assert reasons(why_not(story, rule="h/Heal")) == [Reason.ALERT_INACTIVE]


def test_a_target_that_no_inventory_has_is_said_to_be_unknown() -> None:
    """With the names that are alike."""
    found = why_not(Story(RULES), "replica:shop/7")
    assert reasons(found)[0] is Reason.UNKNOWN_TARGET
    assert "replica:shop/0" in found.suggestions
    assert objecting(found)["command"] == [Reason.UNKNOWN_TARGET]


@pytest.mark.parametrize(("typed", "meant"), [("shop/0", "replica:shop/0"), ("shop", "workload:shop")])
def test_a_target_may_be_named_as_in_other_commands(typed: str, meant: str) -> None:
    """Without its kind."""
    assert why_not(Story(RULES), typed).target == meant


def test_a_target_that_the_verb_is_not_for_is_said_to_be_none_of_the_rule() -> None:
    """A rule that restarts does nothing about a receiver, whatever fires."""
    story = Story(RULES)
    story.samples(0)
    assert reasons(why_not(story, "receiver:oncall"))[0] is Reason.NOT_ITS_TARGET


# --- the alert ---


def test_an_expression_without_any_sample_is_told_from_one_that_does_not_hold() -> None:
    """Whoever sees that nothing comes looks for the source, not for the load."""
    story = Story(RULES)
    (why,) = why_not(story).why
    assert (why.reason, "no sample" in why.detail, why.source) == (Reason.ALERT_INACTIVE, True, "rules.yaml:1")
    story.samples(1, 1)
    assert "yields nothing, of 2 series" in why_not(story).why[0].detail


def test_a_pending_alert_tells_when_it_fires() -> None:
    """And since when its condition holds."""
    story = Story(program(alert(for_s=30), heal(restart())))
    story.samples(0, 0)
    story.wait(10)
    found = why_not(story)
    assert reasons(found) == [Reason.ALERT_PENDING]
    assert found.why[0].until_ms == story.now_ms + 20_000
    assert (found.alerts[0].target, found.alerts[0].since_ms) == (TARGET, story.now_ms - 10_000)


def test_an_alert_of_another_target_is_named_with_that_target() -> None:
    """What the rule acts on instead is told."""
    story = Story(RULES)
    story.samples(1, 0)
    found = why_not(story)
    assert reasons(found) == [Reason.NOT_ITS_TARGET]
    assert "replica:shop/1" in found.why[0].detail


def test_an_expression_that_fails_is_told_with_its_error() -> None:
    """It yields nothing for another reason."""
    story = Story(program(alert(expr="up * on (workload) up == 0"), heal(restart())))
    story.samples(0, 0)
    assert reasons(why_not(story, "")) == [Reason.EVALUATION_FAILED]


# --- a ladder that runs ---


def test_a_command_under_way_is_told_with_its_deadline() -> None:
    """The rule has acted: its actuator has to answer."""
    story = Story(RULES)
    command = only_command(story.samples(0))
    found = why_not(story)
    assert (reasons(found), found.why[0].until_ms) == ([Reason.COMMAND_UNDER_WAY], command.deadline_ms)
    assert (found.ladders[0].phase, found.ladders[0].does[:22]) == ("commanded", "restart replica:shop/0")


def test_a_step_that_is_verified_tells_what_is_waited_for() -> None:
    """And until when, with what the alert says filled in."""
    story = Story(RULES)
    story.answer(only_command(story.samples(0)))
    found = why_not(story)
    assert (reasons(found), found.why[0].until_ms) == ([Reason.VERIFYING], story.now_ms + 30_000)
    assert 'up{replica="0"} == 1' in found.why[0].detail


def test_a_ladder_that_waits_for_leave_tells_whose() -> None:
    """Who of how many, who has given it, by when, and by what it is let go."""
    approval = Approval(source="policy.yaml:7", by=("ann", "bob"), count=2, deadline_ms=HOUR_MS)
    story = Story(bounded(Policy(approvals=(approval,))))
    command = asked(story.samples(0))
    story.approve(command)
    found = why_not(story)
    assert reasons(found) == [Reason.AWAITING_APPROVAL]
    assert "2 of ann, bob must approve (policy.yaml:7); approved by ann" in found.why[0].detail
    assert (found.why[0].until_ms, found.ladders[0].waits_as) == (story.now_ms + HOUR_MS, command)
    assert objecting(found) == {"approved": [Reason.AWAITING_APPROVAL]}


def test_what_undoes_an_act_is_told_of_but_is_not_the_reason() -> None:
    """The rule itself has had its turn."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"))))
    command = only_command(story.samples(0))
    story.answer(command, undo=None)
    assert reasons(why_not(story, "workload:shop", "Contain"))[0] is Reason.LADDER_OVER


def test_a_rule_that_asks_says_whom_it_will_ask() -> None:
    """That is no reason as long as there is nothing to ask for."""
    found = why_not(Story(program(alert(), heal(restart(), mode="approve"))))
    assert reasons(found) == [Reason.ALERT_INACTIVE]
    (objection,) = verdict(found, "approved").objections
    assert objection.detail == "people will be asked to let it restart replica:shop/0 if generation = 7"


# --- its turn is over ---


def test_a_rule_in_shadow_says_what_it_would_do_and_touch() -> None:
    """Shadow comes first, with the alert that fires."""
    story = Story(bounded(Policy(), heal(restart(), mode="shadow")))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    found = why_not(story, "replica:s0/0")
    assert reasons(found) == [Reason.SHADOW, Reason.LADDER_OVER]
    assert found.does == "restart replica:s0/0 if generation = 1, touching 1 of workload:s0"


def test_a_ladder_that_is_over_is_told_until_the_alert_fires_again() -> None:
    """One episode of an alert is one ladder; the alert names it, so that its end can be looked up."""
    story = Story(program(alert(), heal(restart())))
    command = only_command(story.samples(0))
    story.answer(command, "failed")
    found = why_not(story)
    assert reasons(found) == [Reason.LADDER_OVER, Reason.COOLDOWN]
    assert found.alerts[0].ladder == command.ladder


def test_what_refuses_for_good_comes_before_that_the_ladder_is_over() -> None:
    """It is why there was nothing to wait for."""
    story = Story(program(alert(), heal(restart(workload="bus"))))
    story.samples(0)
    assert reasons(why_not(story, "bus")) == [Reason.PROTECTED, Reason.LADDER_OVER]


# --- rules of other kinds ---


def test_a_response_is_asked_about_its_first_step_that_changes_something() -> None:
    """To collect evidence is bounded by nothing."""
    story = Story(bounded(Policy(protected=("workload:shop",)), respond(collect(), isolate(), page())))
    assert objecting(why_not(story, "workload:shop", "Contain")) == {"protected": [Reason.PROTECTED]}


def test_a_response_is_asked_about_the_step_on_the_target_that_is_meant() -> None:
    """All its steps come to their turn, so each of their targets is one of the rule."""
    story = Story(program(alert(), respond(isolate(), restart(workload="shop", replica="1"), page())))
    command = only_command(story.samples(0))
    assert reasons(why_not(story, "replica:shop/1", "Contain")) == [Reason.COMMAND_UNDER_WAY]
    story.answer(command)
    story.answer(story.sent[-1], "failed")
    story.answer(story.sent[-1])
    found = why_not(story, "replica:shop/1", "Contain")
    assert reasons(found)[0] is Reason.LADDER_OVER
    assert found.does.startswith("restart replica:shop/1")


def test_a_rule_that_only_tells_has_no_guardrail_to_ask() -> None:
    """Nothing could object to it."""
    assert why_not(Story(program(alert(), heal(page()))), "").guardrails == ()


def test_a_scaling_rule_tells_what_it_decided_last() -> None:
    """That it rests is a decision, too."""
    new = Story(scaling(scale()), settled=False)
    assert reasons(why_not(new, "workload:shop", "Shop"))[0] is Reason.NOT_EVALUATED
    story = Shop(scale())
    story.run(20, 200)
    found = why_not(story, "workload:shop", "Shop")
    assert (reasons(found), found.kind) == ([Reason.WITHIN_TOLERANCE], "scale")


def test_a_scaling_rule_that_is_held_tells_by_what() -> None:
    """And what it would do."""
    window = Window(name="night", source="policy.yaml:1", effect="hold", from_ms=0, until_ms=START_MS + 10 * HOUR_MS)
    story = Shop(scale(), policy=Policy(windows=(window,)))
    story.run(30, 500)
    found = why_not(story, "", "Shop")
    assert reasons(found) == [Reason.MAINTENANCE]
    assert found.does.startswith("scale workload:shop replicas=5")


def test_a_scaling_rule_of_another_workload_is_said_to_be_none_of_it() -> None:
    """It names its own."""
    found = why_not(Shop(scale()), "receiver:oncall", "Shop")
    assert (reasons(found)[0], found.why[0].detail) == (Reason.NOT_ITS_TARGET, "it scales workload:shop")


def test_a_playbook_that_nobody_asked_for_says_so() -> None:
    """With how its last run ended."""
    story = story_of(do())
    assert reasons(why_not(story, rule="fix")) == [Reason.COMMAND_UNDER_WAY]
    story.answer(story.sent[-1])
    found = why_not(story, rule="fix")
    assert (reasons(found), found.kind) == ([Reason.NOT_ASKED_FOR], "playbook")
    assert "ended COMPLETED" in found.why[0].detail


def test_a_rule_that_runs_a_playbook_is_asked_about_the_act_within() -> None:
    """The step that would be taken first, with the parameters that the alert gives."""
    steps = call("fix", replica="{{ $labels.replica }}")
    story = Story(site(story_of(do()).state.program.playbooks[0], rules=(heal(steps),)))
    story.halt()
    story.samples(0)
    found = why_not(story)
    assert (reasons(found), objecting(found)) == ([Reason.HALTED], {"halted": [Reason.HALTED]})
    assert found.does.startswith("restart replica:shop/0")


def test_a_playbook_is_known_by_its_version() -> None:
    """Without one the newest is meant."""
    story = story_of(do())
    story.tell(Play(id="q", by="ann", playbook="fix"))
    assert why_not(story, rule="fix@1").rule == why_not(story, rule="fix").rule == "fix@1"


def test_every_reason_has_a_meaning_to_print() -> None:
    """What is told is told to a person."""
    assert set(MEANING) == set(Reason)
