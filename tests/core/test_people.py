"""Acts that people let go, or that go to people: approvals, flapping targets, emergencies, halts by name."""

import msgspec
import pytest

from engine.core.policy import (
    Acts,
    Approval,
    Flapping,
    Lapse,
    Policy,
)
from schemas.control import Abort, Emergency
from schemas.reasons import Reason
from tests.core.fleet import HOUR_MS, MINUTE_MS, bounded, fleet, limit, name, told
from tests.core.story import Story, asked, commands, details, only_command, reasons
from tests.core.world import ONCALL, UNMOVED, heal, page, restart, rollback

# --- people ---


def approval(**more: object) -> Policy:
    return Policy(approvals=(Approval(source="policy.yaml:1", acts=Acts(verbs=("restart",)), **more),))  # type: ignore[arg-type]


def test_the_policy_may_want_the_word_of_several() -> None:
    """Of those that it lists, each counted once, although the rule is in mode auto."""
    story = Story(bounded(approval(by=("ann", "bob", "cy"), count=2)))
    command = asked(story.samples(0))
    assert commands(story.approve(command)) == []
    assert commands(story.approve(command)) == []
    assert reasons(story.approve(command, by="eve")) == [Reason.NOT_AN_APPROVER]
    assert only_command(story.approve(command, by="bob")).verb == "restart"


def test_nobody_lets_their_own_request_go() -> None:
    """A person's request falls under the same approvals."""
    story = Story(bounded(approval()))
    command = asked(story.ask("restart", workload="shop", replica="0"))
    assert reasons(story.approve(command)) == [Reason.NOT_AN_APPROVER]
    assert only_command(story.approve(command, by="bob")).verb == "restart"


@pytest.mark.parametrize(
    ("lapse", "then", "verbs"),
    [("deny", [Reason.APPROVAL_LAPSED], []), ("proceed", None, ["restart"]), ("escalate", None, ["page"])],
)
def test_an_approval_that_lapses_ends_as_the_policy_says(
    lapse: Lapse, then: list[Reason] | None, verbs: list[str]
) -> None:
    """After its own deadline."""
    story = Story(bounded(approval(deadline_ms=MINUTE_MS, lapse=lapse)))
    story.samples(0)
    assert story.every_second(59, 0) == []
    effects = story.every_second(1, 0)
    assert [command.verb for command in commands(effects)] == verbs
    assert Reason.APPROVAL_LAPSED in reasons(effects)
    assert then is None or reasons(effects) == then


def test_what_lapses_to_somebody_without_a_step_that_tells_goes_to_the_receivers_of_the_policy() -> None:
    """Also of a rule that scales, which has but one step."""
    policy = msgspec.structs.replace(approval(deadline_ms=MINUTE_MS, lapse="escalate"), notify=("oncall",))
    story = Story(bounded(policy, heal(restart())))
    story.samples(0)
    story.every_second(61, 0)
    assert told(story) == ["APPROVAL_LAPSED: restart replica:shop/0 if generation = 7, g/Heal"]


def test_leave_is_for_now() -> None:
    """What a halt held when people let it go is asked about again when that is over; not sent then unasked."""
    story = Story(bounded(approval()))
    command = asked(story.samples(0))
    story.halt()
    assert commands(story.approve(command)) == []
    effects = story.resume()
    assert (commands(effects), reasons(effects)) == ([], [Reason.AWAITING_APPROVAL])
    assert only_command(story.approve(asked(effects))).verb == "restart"


def test_at_its_deadline_an_approval_is_too_late() -> None:
    """What comes due at an instant comes before what is told at it, in every replay."""
    story = Story(bounded(approval(deadline_ms=MINUTE_MS)))
    command = asked(story.samples(0))
    story.every_second(59, 0)
    story.now_ms += 1000
    assert reasons(story.approve(command)) == [Reason.APPROVAL_LAPSED, Reason.NOT_WAITING]
    assert commands(story.every_second(5, 0)) == []


# --- flapping, refires ---


def test_a_target_that_flaps_goes_to_a_human() -> None:
    """It was healed twice within the hour: the third time only somebody is told."""
    policy = Policy(flapping=Flapping(heals=2, within_ms=HOUR_MS))
    story = Story(bounded(policy, heal(restart(), page(), cooldown_s=0)))
    for _ in range(2):
        story.answer(only_command(story.every_second(1, 0)))
        story.every_second(60, 1)
    assert only_command(story.every_second(1, 0)).verb == "page"
    assert details(story.effects, Reason.FLAPPING)[0] == "healed 2 times within 3600 s"


def test_a_target_that_flaps_goes_to_a_human_before_its_rule_has_cooled_down() -> None:
    """Such a ladder neither counts as one more, nor does the rule rest after it."""
    policy = Policy(flapping=Flapping(heals=1, within_ms=10 * MINUTE_MS))
    story = Story(bounded(policy, heal(restart(), page(), cooldown_s=300)))
    story.answer(only_command(story.every_second(1, 0)))
    story.every_second(10, 1)
    for _ in range(2):
        paged = only_command(story.every_second(1, 0))
        assert paged.verb == "page"
        story.answer(paged)
        story.every_second(290, 1)
    story.every_second(20, 1)
    assert only_command(story.every_second(1, 0)).verb == "restart"


def test_a_refire_waits_for_the_cooldown_and_is_then_at_the_next_step() -> None:
    """A ladder that goes on where the last one helped is a new one to the guardrails."""
    ladder = msgspec.structs.replace(heal(restart(), restart(UNMOVED), cooldown_s=100), reset_after_ms=HOUR_MS)
    story = Story(bounded(Policy(), ladder))
    story.answer(only_command(story.samples(0)))
    story.every_second(10, 1)
    assert reasons(story.every_second(1, 0)) == [Reason.COOLDOWN]
    assert only_command(story.every_second(100, 0)).step == 1


def test_a_refire_that_did_nothing_is_still_remembered() -> None:
    """The alert resolved before its ladder had cooled down: what had helped before has not lasted all the same."""
    ladder = msgspec.structs.replace(heal(restart(), rollback(None), page(), cooldown_s=0), reset_after_ms=HOUR_MS)
    story = Story(bounded(Policy(), ladder))
    story.answer(only_command(story.samples(0)))
    story.every_second(10, 1)
    story.halt()
    story.every_second(5, 0)
    assert reasons(story.every_second(5, 1)) == [Reason.RESOLVED_BEFORE_ACT]
    story.resume()
    assert only_command(story.every_second(1, 0)).verb == "rollback"


def test_where_no_step_tells_anybody_the_policy_does() -> None:
    """Its receivers are paged, and the ladder is over."""
    policy = Policy(flapping=Flapping(heals=1, within_ms=HOUR_MS), notify=("oncall",))
    story = Story(bounded(policy, heal(restart(), cooldown_s=0)))
    story.answer(only_command(story.samples(0)))
    story.every_second(60, 1)
    assert only_command(story.every_second(1, 0)).verb == "page"
    assert told(story) == ["FLAPPING: Heal on replica:shop/0: healed 1 times within 3600 s"]


def test_a_refire_soon_after_goes_on_at_the_next_step() -> None:
    """What had helped did not last."""
    ladder = msgspec.structs.replace(heal(restart(), rollback(None), page(), cooldown_s=0), reset_after_ms=HOUR_MS)
    story = Story(bounded(Policy(), ladder))
    story.answer(only_command(story.samples(0)))
    story.every_second(60, 1)
    assert only_command(story.every_second(1, 0)).verb == "rollback"
    assert Reason.REFIRED in reasons(story.effects)
    story.answer(story.sent[-1], "succeeded")
    story.every_second(30, 1)
    story.every_second(3601, 1)
    assert only_command(story.every_second(1, 0)).verb == "restart"


# --- emergency and halts ---


def test_in_an_emergency_only_listed_rules_and_people_act() -> None:
    """Everybody is told of it, and again when it is over; what was held goes on then."""
    policy = Policy(emergency=("Vital*",))
    story = Story(bounded(policy, heal(restart()), heal(rollback(None), name="VitalOne", cooldown_s=0)))
    assert only_command(story.tell(Emergency(id="e", by="ann", why="fire"))).verb == "page"
    assert only_command(story.samples(0)).verb == "rollback"
    assert details(story.effects, Reason.EMERGENCY)[-1] == "by ann: fire"
    assert only_command(story.ask("restart", workload="shop", replica="1")).verb == "restart"
    after = commands(story.tell(Emergency(id="f", by="ann", over=True)))
    assert [command.verb for command in after] == ["page", "restart"]


def test_where_there_is_no_emergency_nobody_is_paged_that_it_is_over() -> None:
    """Whoever ends it a second time is told so, by name."""
    story = Story(bounded(Policy()))
    assert reasons(story.tell(Emergency(id="e", by="ann", over=True))) == [Reason.NO_EMERGENCY]
    assert story.sent == []


def test_a_receiver_of_several_nodes_is_paged_once() -> None:
    """From one of them."""
    story = Story(bounded(Policy()))
    story.tell(msgspec.structs.replace(ONCALL, scope="n0"))
    assert only_command(story.tell(Emergency(id="e", by="ann"))).scope == "n0"


@pytest.mark.parametrize("scope", ["rule:Heal", "rule:g/Heal", "service:shop", "shop"])
def test_a_halt_may_be_of_a_rule_or_a_service(scope: str) -> None:
    """Beside everything, a target and what is locked with it."""
    story = Story(bounded(Policy()))
    story.halt(scope)
    assert reasons(story.samples(0)) == [Reason.HALTED]
    assert only_command(story.resume(scope)).verb == "restart"


def test_a_halt_of_another_rule_or_service_stops_nothing() -> None:
    """Only what is named."""
    story = Story(bounded(Policy()))
    for scope in ("rule:Other", "service:s1"):
        story.halt(scope)
    assert only_command(story.samples(0)).verb == "restart"


def test_in_shadow_it_is_said_what_would_have_been_touched() -> None:
    """How many replicas of which service."""
    story = Story(bounded(Policy(), heal(restart(), mode="shadow")))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    assert details(story.effects, Reason.SHADOW) == [
        "would restart replica:s0/0 if generation = 1, touching 1 of workload:s0"
    ]


def test_a_new_policy_knows_what_was_done_before_it() -> None:
    """Of the last hour at least."""
    story = Story(bounded(Policy(), heal(restart(None), cooldown_s=0)))
    story.answer(only_command(story.samples(0)), "failed")
    story.every_second(1, 1)
    story.activate(bounded(limit("rule", rate=1, within_ms=HOUR_MS), heal(restart(None), cooldown_s=0)))
    assert reasons(story.every_second(1, 0))[-1] is Reason.RATE_LIMIT


def test_what_is_asked_for_when_people_answer_is_what_counts() -> None:
    """The policy that is edited while somebody waits may want the word of more, or of others."""
    story = Story(bounded(approval()))
    command = asked(story.samples(0))
    story.activate(bounded(approval(by=("bob", "cy"), count=2)))
    assert commands(story.approve(command)) == []
    again = asked(story.effects[-1:])
    assert commands(story.approve(again, by="bob")) == []
    assert only_command(story.approve(again, by="cy")).verb == "restart"


def test_what_lapses_under_a_stricter_policy_is_asked_for_again() -> None:
    """That it would have gone on by itself was said by one that holds no longer."""
    story = Story(bounded(approval(deadline_ms=MINUTE_MS, lapse="proceed")))
    story.samples(0)
    story.activate(bounded(approval(deadline_ms=MINUTE_MS)))
    assert commands(story.every_second(60, 0)) == []
    assert Reason.AWAITING_APPROVAL in reasons(story.effects[-5:])


def test_after_the_time_for_it_nobody_approves() -> None:
    """What has lapsed is over, whoever lets it go."""
    story = Story(bounded(approval(deadline_ms=MINUTE_MS)))
    command = asked(story.samples(0))
    story.now_ms += MINUTE_MS
    assert commands(story.approve(command)) == []
    assert story.state.ladders == {}


def test_no_of_one_is_no_of_all() -> None:
    """Although another has approved."""
    story = Story(bounded(approval(by=("ann", "bob"), count=2)))
    command = asked(story.samples(0))
    story.approve(command)
    assert commands(story.approve(command, by="bob", deny=True)) == []
    assert reasons(story.effects)[-1] is Reason.APPROVAL_DENIED


def test_what_is_approved_in_an_emergency_waits_for_its_end() -> None:
    """And is asked for again then, on the state of that moment."""
    story = Story(bounded(approval()))
    command = asked(story.samples(0))
    story.tell(Emergency(id="e", by="ann"))
    assert reasons(story.approve(command, by="bob"))[-1] is Reason.EMERGENCY
    assert asked(story.tell(Emergency(id="f", by="ann", over=True)))


def test_who_may_not_approve_is_told_whose_word_is_wanted() -> None:
    """With how many of whom, and where the policy says so; and who asked for it, that this is why."""
    story = Story(bounded(approval(by=("ann", "bob"), count=2)))
    command = asked(story.ask("restart", workload="shop", replica="0"))
    (why,) = details(story.approve(command, by="eve"), Reason.NOT_AN_APPROVER)
    assert why == "2 of ann, bob must approve (policy.yaml:1)"
    (own,) = details(story.approve(command, by="ann"), Reason.NOT_AN_APPROVER)
    assert own == f"{why}, and nobody lets an act of their own go"


def test_what_is_said_of_nothing_is_on_record() -> None:
    """An approval of what does not wait, and an end of a run that there is not, are refused, with who said it."""
    story = Story(bounded(approval()))
    command = asked(story.samples(0))
    story.approve(command)
    assert reasons(story.approve(command)) == [Reason.NOT_WAITING]
    assert reasons(story.tell(Abort(id="x", by="ann", run="none"))) == [Reason.UNKNOWN_RUN]
