"""Why a rule has not acted: what every guardrail says, and that asking changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.explain import explain
from engine.core.explain.verdicts import ASKS
from engine.core.guardrails import OF_COMMAND, OF_LADDER
from engine.core.policy import Acts, BlastRadius, Environment, Flapping, Limit, Policy, Window
from engine.core.program import HealRule
from engine.core.step import TICKS_MISSED
from schemas.control import Emergency
from schemas.reasons import Reason
from tests.core.asking import TARGET, objecting, reasons, verdict, why_not
from tests.core.fleet import HOUR_MS, MINUTE_MS, bounded, fleet, name, storm
from tests.core.story import START_MS, Story, only_command
from tests.core.world import (
    alert,
    heal,
    isolated_shop,
    page,
    program,
    restart,
    rollback,
)

RULES = program(alert(), heal(restart(), rollback(), page()))


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


def test_acts_of_a_policy_that_are_not_the_rules_do_not_object() -> None:
    """As when it is decided."""
    window = replace(OPEN, acts=Acts(verbs=("scale",)))
    assert objecting(why_not(Story(bounded(Policy(windows=(window,)))))) == {}


def test_what_held_each_ladder_of_a_storm_is_among_what_objects() -> None:
    """What is decided and what is told come from the same functions."""
    limits = (Limit(id="l", source="policy.yaml:1", per="service", concurrency=2),)
    story = Story(bounded(replace(_radius(share=0.5), limits=limits, protected=("replica:s0/*",))))
    story.tell(fleet())
    storm(story)
    held = [ladder for ladder in story.state.ladders.values() if ladder.phase == "held"]
    assert {ladder.held_by for ladder in held} == {Reason.CONCURRENCY}
    story.answer(story.sent[-1], "failed")
    for ladder in held:
        found = why_not(story, ladder.target)
        assert ladder.held_by in [each for every in objecting(found).values() for each in every]
        assert reasons(found)[0] in (Reason.CONCURRENCY, Reason.BLAST_RADIUS)
