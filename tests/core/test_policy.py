"""What the policy bounds: how much, how often, where, when, on whose word, and what becomes of what is held."""

import msgspec
import pytest

from engine.core.policy import (
    Acts,
    Approval,
    BlastRadius,
    Environment,
    Flapping,
    Lapse,
    Limit,
    Policy,
    Window,
)
from engine.core.program import HealRule, Program
from engine.rulefile.zones import zone
from schemas.control import Emergency
from schemas.inventory import Inventory, Target
from schemas.labels import Labels
from schemas.reasons import Reason
from tests.core.story import START_MS, Story, asked, commands, details, only_command, reasons, series
from tests.core.world import INTERVAL_S, SETTINGS, alert, heal, page, program, restart, rollback, shop

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SERVICES = 4
REPLICAS = 4


def bounded(policy: Policy, *rules: HealRule, environment: str = "") -> Program:
    """The usual ladder, or these, under a policy."""
    settings = SETTINGS if not environment else type(SETTINGS)(environment=environment)
    return program(
        alert(), *(rules or (heal(restart(), page()),)), policy=policy, settings=settings, zones={"UTC": zone("UTC")}
    )


def limit(per: str, **bounds: object) -> Policy:
    return Policy(limits=(Limit(id=f"l {per}", source="policy.yaml:1", per=per, **bounds),))  # type: ignore[arg-type]


def radius(**bounds: object) -> Policy:
    budget = BlastRadius(id="b", source="policy.yaml:1", within_ms=10 * MINUTE_MS, **bounds)  # type: ignore[arg-type]
    return Policy(blast_radius=(budget,), notify=("oncall",))


def name(service: int, number: int) -> Labels:
    return series("up", workload=f"s{service}", replica=str(number))


def fleet(dead: frozenset[tuple[int, int]] = frozenset(), services: int = SERVICES) -> Inventory:
    """Services of so many replicas, of which these are dead."""
    return Inventory(
        actuator="process", scope="n2", targets=tuple(t for s in range(services) for t in _service(s, dead))
    )


def _service(service: int, dead: frozenset[tuple[int, int]]) -> list[Target]:
    workload = f"workload:s{service}"
    alive = [(service, number) not in dead for number in range(REPLICAS)]
    replicas = [
        Target(
            id=f"replica:s{service}/{number}",
            lock=workload,
            attributes={"generation": 1},
            owner=workload,
            replicas=1,
            healthy=int(alive[number]),
        )
        for number in range(REPLICAS)
    ]
    whole = Target(id=workload, lock=workload, attributes={}, replicas=REPLICAS, healthy=sum(alive))
    return [whole, *replicas]


def storm(story: Story, services: int = SERVICES) -> list[str]:
    """Every replica of every service looks dead at once; what is acted on."""
    effects = story.scrape({name(s, n): 0.0 for s in range(services) for n in range(REPLICAS)})
    return [command.target for command in commands(effects) if command.verb == "restart"]


def told(story: Story) -> list[str]:
    """What people were paged about by the policy."""
    return [command.summary for command in story.sent if command.origin.kind == "policy"]


# --- limits ---


def test_a_rate_holds_what_exceeds_it_until_there_is_room() -> None:
    """Counted over all targets of the rule; what waits goes on by itself when the first act is over an hour old."""
    story = Story(bounded(limit("rule", rate=1, within_ms=HOUR_MS)))
    first = only_command(story.samples(0, 0))
    assert first.target == "replica:shop/0"
    assert reasons(story.effects)[-1] is Reason.RATE_LIMIT
    story.answer(first, "failed")
    assert [command.verb for command in commands(story.every_second(60, 0, 0))] == []
    later = commands(story.every_second(3600, 0, 0))
    assert [(command.verb, command.target) for command in later if command.verb == "restart"] == [
        ("restart", "replica:shop/1")
    ]


def test_concurrency_lets_the_next_begin_when_one_is_over() -> None:
    """One at a time on the workload; over means that its step has been verified, not that it was answered."""
    story = Story(bounded(limit("workload", concurrency=1)))
    first = only_command(story.samples(0, 0))
    assert reasons(story.effects)[-1] is Reason.CONCURRENCY
    assert commands(story.answer(first)) == []
    assert only_command(story.every_second(30, 1, 0)).target == "replica:shop/1"


def test_whoever_waits_longest_is_next() -> None:
    """Of those that wait for the same, in the order in which they began."""
    story = Story(bounded(limit("all", concurrency=1)))
    story.tell(fleet())
    (first,) = storm(story)
    for _ in range(3):
        following = commands(story.answer(story.sent[-1], "failed"))
        following += commands(story.tick())
        assert [command.verb for command in following] == ["page", "restart"]
    restarted = [command.target for command in story.sent if command.verb == "restart"]
    assert restarted == [first, "replica:s1/0", "replica:s2/0", "replica:s3/0"]


def test_a_cooldown_of_the_policy_is_between_the_ladders_of_all_rules() -> None:
    """Of the workload here, whichever rule acts on it; within a ladder it does not count."""
    rules = heal(restart(), rollback(), cooldown_s=0), heal(restart(), name="Other", cooldown_s=0)
    story = Story(bounded(limit("workload", cooldown_ms=10 * MINUTE_MS), *rules))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    for _ in range(2):
        for command in [each for each in story.sent if each.id in story.state.awaited]:
            story.answer(command, "failed")
    assert story.state.ladders == {}
    assert commands(story.scrape({name(0, 1): 0.0})) == []
    assert reasons(story.effects)[-2:] == [Reason.COOLDOWN, Reason.COOLDOWN]


def test_a_limit_is_only_of_the_acts_that_it_selects() -> None:
    """By rule, verb, service and target, each of which may be a pattern."""
    of_others = (
        Acts(rules=("Other*",)),
        Acts(verbs=("rollback",)),
        Acts(targets=("workload:z*",)),
        Acts(services=("z",)),
    )
    limits = tuple(
        Limit(id=str(nth), source="", per="all", acts=acts, rate=1, within_ms=HOUR_MS)
        for nth, acts in enumerate(of_others)
    )
    story = Story(bounded(Policy(limits=limits)))
    assert len(commands(story.samples(0, 0))) == 2


# --- blast radius ---


def test_a_storm_touches_no_more_than_the_budget() -> None:
    """A quarter of each service, whatever looks dead; the rest is held, said once, and somebody is paged."""
    story = Story(bounded(radius(share=0.25)))
    story.tell(fleet())
    touched = storm(story)
    assert touched == [f"replica:s{service}/0" for service in range(SERVICES)]
    assert reasons(story.effects).count(Reason.BLAST_RADIUS) == SERVICES * (REPLICAS - 1) + 1  # and that of the page
    assert len(told(story)) == 1
    assert storm(story) == []
    assert len(told(story)) == 1


def test_one_healthy_replica_is_left_alone() -> None:
    """With a budget for all: that which nobody has touched is the last one that is healthy."""
    story = Story(bounded(radius(count=100)))
    story.tell(fleet())
    assert len(storm(story)) == SERVICES * (REPLICAS - 1)
    assert Reason.LAST_HEALTHY in reasons(story.effects)


def test_the_last_healthy_one_is_touched_where_the_policy_says_so() -> None:
    """With `keep_healthy: 0`."""
    story = Story(bounded(radius(count=100, keep_healthy=0)))
    story.tell(fleet())
    assert len(storm(story)) == SERVICES * REPLICAS


def test_what_is_dead_already_is_no_healthy_one_less() -> None:
    """A replica that the inventory says is dead is restarted although it is the only one beside the last healthy."""
    story = Story(bounded(radius(count=100)))
    story.tell(fleet(frozenset((0, number) for number in range(1, REPLICAS))))
    assert sorted(target for target in storm(story) if "s0" in target) == [f"replica:s0/{n}" for n in (1, 2, 3)]


def test_the_budget_is_one_for_rules_and_people() -> None:
    """A person who asks for more is told so, and is not made to wait."""
    story = Story(bounded(radius(share=0.25)))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    effects = story.ask("restart", workload="s0", replica="2")
    assert (commands(effects), reasons(effects)[-1]) == ([], Reason.BLAST_RADIUS)
    assert len(commands(story.ask("restart", "other", workload="s1", replica="2"))) == 1


def test_a_ladder_may_touch_again_what_it_has_touched() -> None:
    """Its next step on the same replica takes nothing more of the budget."""
    story = Story(bounded(radius(count=1), heal(restart(), restart(), page())))
    story.tell(fleet())
    first = only_command(story.scrape({name(0, 0): 0.0}))
    assert only_command(story.answer(first, "failed")).verb == "restart"


def test_the_budget_is_there_again_when_its_time_is_over() -> None:
    """What was held acts then, as far as the next budget reaches."""
    story = Story(bounded(radius(share=0.25), heal(restart(None))))
    story.tell(fleet(services=1))
    assert storm(story, 1) == ["replica:s0/0"]
    story.answer(story.sent[-1], "failed")
    acted = [command.target for _ in range(601) for command in commands([*story.tick(), *_alive(story)])]
    assert len(acted) == 1
    assert acted != ["replica:s0/0"]


def _alive(story: Story) -> list[object]:
    return story.scrape({name(0, n): 0.0 for n in range(REPLICAS)})  # type: ignore[return-value]


def test_one_budget_may_be_for_all_services_together() -> None:
    """A share of all their healthy replicas."""
    story = Story(bounded(radius(share=0.25, per="all")))
    story.tell(fleet())
    assert len(storm(story)) == SERVICES * REPLICAS // 4


def test_a_thousand_targets_are_held_to_the_budget() -> None:
    """250 services: each keeps one healthy replica, and three at most are touched."""
    story = Story(bounded(radius(count=3)))
    story.tell(fleet(services=250))
    assert len(storm(story, 250)) == 750
    assert len(told(story)) <= 2


# --- where, what and when ---


def test_a_verb_is_used_only_where_it_is_allowed() -> None:
    """What the environment does not have is refused, and the next step is taken."""
    policy = Policy(
        environments=(Environment(name="prod*", verbs=("rollback",)), Environment(name="dev", verbs=("*",)))
    )
    story = Story(bounded(policy, heal(restart(), rollback(None)), environment="production"))
    assert only_command(story.samples(0)).verb == "rollback"
    assert details(story.effects, Reason.VERB_NOT_ALLOWED) == ["restart in production"]
    assert only_command(Story(bounded(policy, environment="dev")).samples(0)).verb == "restart"
    assert only_command(Story(bounded(policy, environment="elsewhere")).samples(0)).verb == "page"


def test_the_policy_protects_targets_by_name() -> None:
    """Or what they are locked with, of people too."""
    story = Story(bounded(Policy(protected=("replica:shop/1", "workload:s*"))))
    assert only_command(story.samples(1, 0)).verb == "page"
    story.tell(fleet())
    assert reasons(story.ask("restart", workload="s1", replica="0"))[0] is Reason.PROTECTED
    assert only_command(story.ask("restart", "q2", workload="shop", replica="0")).verb == "restart"


def window(effect: str, **times: object) -> Policy:
    return Policy(windows=(Window(name="w", source="policy.yaml:1", effect=effect, **times),))  # type: ignore[arg-type]


def test_a_window_holds_what_comes_in_it_until_it_is_over() -> None:
    """Once, from one instant to another."""
    story = Story(bounded(window("hold", from_ms=START_MS, until_ms=START_MS + 5 * MINUTE_MS)))
    assert reasons(story.samples(0)) == [Reason.MAINTENANCE]
    assert commands(story.every_second(270, 0)) == []
    assert only_command(story.every_second(30, 0)).verb == "restart"


def test_a_window_comes_again_as_its_cron_says() -> None:
    """START is 22:13:20 UTC on a Tuesday: nothing is done between 22:00 and 22:15, and then it is."""
    story = Story(bounded(window("hold", cron="0 22 * * TUE", duration_ms=15 * MINUTE_MS)))
    assert reasons(story.samples(0)) == [Reason.MAINTENANCE]
    assert only_command(story.every_second(100, 0)).verb == "restart"


def test_outside_of_the_windows_that_permit_nothing_is_done() -> None:
    """It waits for the next one."""
    story = Story(bounded(window("permit", cron="15 22 * * *", duration_ms=HOUR_MS)))
    assert reasons(story.samples(0)) == [Reason.OUTSIDE_WINDOW]
    assert only_command(story.every_second(100, 0)).verb == "restart"


def test_a_page_waits_for_no_window() -> None:
    """Only what changes something is bounded."""
    story = Story(bounded(window("hold", from_ms=0, until_ms=2 * START_MS), heal(page())))
    assert only_command(story.samples(0)).verb == "page"


# --- evidence ---


def test_a_decision_on_an_old_inventory_waits_for_a_new_one() -> None:
    """What the actuator owns may be otherwise by now."""
    story = Story(bounded(Policy(inventory_ms=MINUTE_MS)))
    story.wait(61)
    assert reasons(story.samples(0)) == [Reason.STALE_EVIDENCE]
    story.tell(fleet())
    assert commands(story.tick()) == []  # that is what another owns
    story.tell(shop())
    assert only_command(story.tick()).verb == "restart"


def test_a_decision_on_old_samples_waits_for_new_ones() -> None:
    """The alert still fires, on what was seen last."""
    story = Story(bounded(Policy(samples_ms=20_000), heal(restart(), restart(), page())))
    first = only_command(story.samples(0))
    story.wait(30)
    assert reasons(story.answer(first, "failed")) == [Reason.STALE_EVIDENCE]
    assert only_command(story.every_second(INTERVAL_S + 1, 0)).verb == "restart"


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
