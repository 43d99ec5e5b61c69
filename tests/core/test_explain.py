"""Why a rule has not acted: every reason by its name, each guardrail in turn, and nothing changed by asking."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core import snapshot
from engine.core.explain import Explanation, Verdict, explain
from engine.core.explain.verdicts import ASKS
from engine.core.guardrails import OF_COMMAND, OF_LADDER
from engine.core.policy import Acts, Approval, BlastRadius, Environment, Flapping, Limit, Policy, Window
from engine.core.program import HealRule
from engine.core.step import TICKS_MISSED
from schemas.control import Emergency, Play
from schemas.reasons import MEANING, Reason
from tests.core.books import call, do, site, story_of
from tests.core.fleet import HOUR_MS, MINUTE_MS, bounded, fleet, name
from tests.core.scaling_world import Shop, scale, scaling
from tests.core.story import START_MS, Story, asked, only_command
from tests.core.world import (
    alert,
    collect,
    heal,
    isolate,
    isolated_shop,
    page,
    program,
    respond,
    restart,
    rollback,
)

RULES = program(alert(), heal(restart(), rollback(), page()))
TARGET = "replica:shop/0"


def why_not(story: Story, target: str = TARGET, rule: str = "Heal") -> Explanation:
    """The answer, which leaves the state as it was."""
    before = snapshot.save(story.state)
    found = explain(story.state, rule, target, story.now_ms)
    assert snapshot.save(story.state) == before
    return found


def reasons(found: Explanation) -> list[Reason]:
    return [each.reason for each in found.why]


def objecting(found: Explanation) -> dict[str, list[Reason]]:
    """The reasons of each guardrail that objects."""
    return {
        each.guardrail: [objection.reason for objection in each.objections]
        for each in found.guardrails
        if each.objections
    }


def verdict(found: Explanation, guardrail: str) -> Verdict:
    return next(each for each in found.guardrails if each.guardrail == guardrail)


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
    """And until when."""
    story = Story(RULES)
    story.answer(only_command(story.samples(0)))
    found = why_not(story)
    assert (reasons(found), found.why[0].until_ms) == ([Reason.VERIFYING], story.now_ms + 30_000)
    assert 'up{replica="{{ $labels.replica }}"} == 1' in found.why[0].detail


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


# --- every guardrail ---


def test_guardrails_are_told_in_the_order_in_which_they_are_asked() -> None:
    """Those of the engine, with what makes a command between them, and people at the end."""
    order = [*(each.__name__ for each in OF_LADDER), "command", *(each.__name__ for each in OF_COMMAND)]
    assert list(ASKS) == [*order, "mode", "approved"]
    story = Story(RULES)
    assert [each.guardrail for each in why_not(story).guardrails] == list(ASKS)


def _halted(story: Story) -> None:
    story.halt()


def _in_an_emergency(story: Story) -> None:
    story.tell(Emergency(id="e", by="ann", why="fire"))


def _settling(story: Story) -> None:
    story.tick(TICKS_MISSED + 1)


def _isolated(story: Story) -> None:
    story.tell(isolated_shop())


def _healed(story: Story) -> None:
    story.answer(only_command(story.samples(0)), "failed")
    story.answer(story.sent[-1])
    story.tick()
    story.samples(1)
    story.tick()


def _nothing(_: Story) -> None:
    pass


FLAPPING = Flapping(heals=2, within_ms=MINUTE_MS)
HELD = heal(restart(), page(), cooldown_s=0)
OPEN = Window(name="freeze", source="policy.yaml:1", effect="hold", from_ms=0, until_ms=START_MS + HOUR_MS)
SHUT = replace(OPEN, name="night", effect="permit", until_ms=START_MS)
SECTIONS = {"environments": "policy.yaml:1", "protected": "policy.yaml:1", "freshness": "policy.yaml:1"}
SECTIONS |= {"flapping": "policy.yaml:1", "emergency": "policy.yaml:1"}


def _limit(**bounds: Any) -> Policy:
    return Policy(limits=(Limit(id="l", source="policy.yaml:1", per="target", **bounds),))


def _radius(**bounds: Any) -> Policy:
    return Policy(blast_radius=(BlastRadius(id="b", source="policy.yaml:1", within_ms=HOUR_MS, **bounds),))


CASES: dict[str, tuple[str, Reason, Policy, HealRule, Callable[[Story], None]]] = {
    "halt": ("halted", Reason.HALTED, Policy(), HELD, _halted),
    "emergency": ("emergency", Reason.EMERGENCY, Policy(emergency=("Other",)), HELD, _in_an_emergency),
    "settling": ("settling", Reason.SETTLING, Policy(), HELD, _settling),
    "isolated": ("isolated", Reason.ISOLATED, Policy(), HELD, _isolated),
    "flapping": ("flapping", Reason.FLAPPING, Policy(flapping=Flapping(heals=1, within_ms=HOUR_MS)), HELD, _healed),
    "cooldown": ("cooling", Reason.COOLDOWN, Policy(), heal(restart(), page()), _healed),
    "verb": (
        "allowed",
        Reason.VERB_NOT_ALLOWED,
        Policy(environments=(Environment(name="*", verbs=("scale",)),)),
        HELD,
        _nothing,
    ),
    "protected": ("protected", Reason.PROTECTED, Policy(protected=("replica:shop/*",)), HELD, _nothing),
    "inventory": ("fresh", Reason.STALE_EVIDENCE, Policy(inventory_ms=1), HELD, _nothing),
    "window": ("in_time", Reason.MAINTENANCE, Policy(windows=(OPEN,)), HELD, _nothing),
    "outside": ("in_time", Reason.OUTSIDE_WINDOW, Policy(windows=(SHUT,)), HELD, _nothing),
    "rate": ("limited", Reason.RATE_LIMIT, _limit(rate=1, within_ms=HOUR_MS), HELD, _healed),
    "rest": ("limited", Reason.COOLDOWN, _limit(cooldown_ms=HOUR_MS), HELD, _healed),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_guardrail_objects_by_its_name(
    case: tuple[str, Reason, Policy, HealRule, Callable[[Story], None]],
) -> None:
    """Whether or not the alert fires, with where it is written: in the policy, with the rule, or nowhere for a person's
    word; all others let the step pass."""
    guardrail, reason, policy, rule, happens = case
    story = Story(bounded(replace(policy, sources=SECTIONS), rule))
    happens(story)
    found = why_not(story)
    assert objecting(found) == {guardrail: [reason]}
    (objection,) = verdict(found, guardrail).objections
    by_people = reason in (Reason.HALTED, Reason.SETTLING, Reason.ISOLATED)
    of_rule = guardrail == "cooling"
    assert objection.source == ("" if by_people else "rules.yaml:1" if of_rule else "policy.yaml:1")
    assert reason in reasons(found)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_ladder_that_is_held_gives_that_as_the_reason(
    case: tuple[str, Reason, Policy, HealRule, Callable[[Story], None]],
) -> None:
    """When the alert fires, the same reason leads, and is the one that was decided."""
    _, reason, policy, rule, happens = case
    story = Story(bounded(policy, rule))
    happens(story)
    effects = story.samples(0)
    assert reason in [getattr(effect, "reason", None) for effect in effects]
    assert reasons(why_not(story))[0] is reason


def test_old_samples_are_told_of_an_alert_that_still_fires() -> None:
    """The evidence of an alert is that of its expression."""
    story = Story(bounded(Policy(samples_ms=30_000)))
    story.halt()
    story.samples(0)
    story.wait(60)
    assert objecting(why_not(story)) == {"halted": [Reason.HALTED], "fresh": [Reason.STALE_EVIDENCE]}
    assert verdict(why_not(story), "fresh").objections[0].detail == "the alert's newest sample is 60 s old"


def test_concurrency_is_told_with_who_may_be_waited_for() -> None:
    """It has no time to name: it ends with the act that is under way."""
    story = Story(bounded(Policy(limits=(Limit(id="l", source="policy.yaml:1", per="workload", concurrency=1),))))
    story.samples(0, 0)
    found = why_not(story, "replica:shop/1")
    assert (reasons(found), found.why[0].until_ms) == ([Reason.CONCURRENCY], None)
    assert found.why[0].detail == "1 at once, per workload shop (policy.yaml:1)"


def test_the_blast_radius_is_told_in_numbers() -> None:
    """Of how many how many were touched, how many more are wanted, and when there is room."""
    story = Story(bounded(_radius(count=1, keep_healthy=0)))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0, name(0, 1): 0.0})
    (objection,) = verdict(why_not(story, "replica:s0/1"), "blast_radius").objections
    assert objection.reason is Reason.BLAST_RADIUS
    assert objection.detail.startswith("1 of at most 1 replicas of workload:s0 touched within 3600 s, 1 more wanted")
    assert objection.until_ms == story.now_ms + HOUR_MS


def test_the_last_healthy_replica_is_told_in_numbers() -> None:
    """How many would be left, and how many must be."""
    dead = frozenset({(0, 1), (0, 2), (0, 3)})
    story = Story(bounded(_radius(count=9)))
    story.tell(fleet(dead))
    found = why_not(story, "replica:s0/0")
    assert objecting(found) == {"blast_radius": [Reason.LAST_HEALTHY]}
    assert verdict(found, "blast_radius").objections[0].detail.startswith("0 healthy of workload:s0 would be left")


def test_all_that_object_are_told_and_not_only_the_first() -> None:
    """Guardrails of all kinds, and each limit that is reached."""
    limits = (
        Limit(id="a", source="policy.yaml:1", per="rule", rate=1, within_ms=HOUR_MS),
        Limit(id="b", source="policy.yaml:2", per="all", rate=1, within_ms=MINUTE_MS),
    )
    story = Story(bounded(Policy(limits=limits, protected=("workload:*", "replica:*/1"), windows=(OPEN,))))
    story.activate(bounded(Policy(limits=limits)))
    story.samples(0, 1)
    story.activate(bounded(Policy(limits=limits, protected=("replica:*/1",), windows=(OPEN,))))
    story.halt()
    assert objecting(why_not(story, "replica:shop/1")) == {
        "halted": [Reason.HALTED],
        "protected": [Reason.PROTECTED],
        "in_time": [Reason.MAINTENANCE],
        "limited": [Reason.RATE_LIMIT, Reason.RATE_LIMIT],
    }


def test_what_lets_a_step_pass_tells_how_much_room_there_is() -> None:
    """So that one sees what comes next."""
    limits = (Limit(id="l", source="policy.yaml:1", per="rule", rate=5, within_ms=HOUR_MS, concurrency=3),)
    story = Story(bounded(replace(_radius(share=0.5), limits=limits)))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    found = why_not(story, "replica:s0/1")
    assert verdict(found, "limited").detail == "1 of 5 acts within 3600 s, 1 of 3 at once per rule (policy.yaml:1)"
    assert verdict(found, "blast_radius").detail.startswith("1 of at most 2 replicas touched within 3600 s, 1 more")


def test_asking_changes_no_decision() -> None:
    """A story in which somebody asks after each message, also of times to come, goes as one in which nobody does."""

    def told(*, asks: bool) -> list[Any]:
        story = Story(bounded(replace(_limit(rate=1, within_ms=MINUTE_MS), flapping=FLAPPING), HELD))
        effects: list[Any] = []
        for second in range(200):
            value = float(second % 7 > 3)
            effects += [*story.tick(), *story.samples(value, 1 - value)]
            effects += [each for command in story.sent[-1:] for each in story.answer(command, "failed")]
            if asks:
                for target in (TARGET, "workload:shop", ""):
                    explain(story.state, "Heal", target, story.now_ms + HOUR_MS)
                    why_not(story, target)
        return effects

    assert told(asks=True) == told(asks=False)


# --- rules of other kinds ---


def test_a_response_is_asked_about_its_first_step_that_changes_something() -> None:
    """To collect evidence is bounded by nothing."""
    story = Story(bounded(Policy(protected=("workload:shop",)), respond(collect(), isolate(), page())))
    assert objecting(why_not(story, "workload:shop", "Contain")) == {"protected": [Reason.PROTECTED]}


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
    story = Shop(scale(), policy=Policy(windows=(replace(OPEN, until_ms=START_MS + 10 * HOUR_MS),)))
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


def test_acts_of_a_policy_that_are_not_the_rules_do_not_object() -> None:
    """As when it is decided."""
    window = replace(OPEN, acts=Acts(verbs=("scale",)))
    assert objecting(why_not(Story(bounded(Policy(windows=(window,)))))) == {}
