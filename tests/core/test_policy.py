"""What the policy bounds: how much, how often, where, when and on which knowledge."""

from engine.core.acting import MOST_KEPT, forget
from engine.core.policy import (
    Act,
    Acts,
    Environment,
    Limit,
    Policy,
    Window,
)
from engine.core.snapshot import restore, save
from engine.rulefile import load
from schemas.reasons import Reason
from tests.core.fleet import HOUR_MS, MINUTE_MS, bounded, fleet, limit, name, storm
from tests.core.story import START_MS, Story, commands, details, only_command, reasons
from tests.core.world import INTERVAL_S, heal, page, restart, rollback, shop
from tests.rulefile.verbs import VERBS

DAY_MS = 24 * HOUR_MS

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


def test_a_short_and_a_long_window_hold_each_for_itself() -> None:
    """Of two limits on the same acts, as files have them, each counts within its own time."""
    text = "limits: [{per: all, rate: {acts: 1, within: 1m}}, {per: all, rate: {acts: 2, within: 1h}}]"
    story = Story(bounded(load({"policy.yaml": text}, VERBS).policy))
    for asked in ("a", "b", "c"):
        story.wait(61)
        effects = story.ask("restart", asked, workload="shop")
        story.answer(story.sent[-1])
    assert (commands(effects), reasons(effects)) == ([], [Reason.RATE_LIMIT])


def test_a_policy_that_comes_later_knows_the_acts_of_the_week() -> None:
    """Also after a snapshot: whoever tightens a policy does not begin with a clean slate."""
    story = Story(bounded(Policy()))
    story.ask("restart", "a", workload="shop")
    story.answer(story.sent[-1])
    story.now_ms += 6 * DAY_MS
    story.wait(61)
    story.state = restore(save(story.state))
    story.activate(bounded(limit("all", rate=1, within_ms=7 * DAY_MS)))
    assert reasons(story.ask("restart", "b", workload="shop")) == [Reason.RATE_LIMIT]
    story.now_ms += DAY_MS
    assert only_command(story.ask("restart", "c", workload="shop")).verb == "restart"


def test_what_is_remembered_for_a_policy_to_come_is_bounded() -> None:
    """The newest acts stay; what the present policy counts stays in any case."""
    acts = [Act(rule="", verb="restart", target=f"t{n}", workload="w", service="s") for n in range(MOST_KEPT + 9)]
    state = Story(bounded(limit("all", rate=10**6, within_ms=HOUR_MS))).state
    state.done = [(state.now_ms - 2 * HOUR_MS, act) for act in acts] + [(state.now_ms, acts[0])] * 3
    forget(state, state.now_ms)
    assert [act.target for _, act in state.done[:1] + state.done[-1:]] == ["t9", "t0"]
    assert len(state.done) == MOST_KEPT + 3
    forget(state, state.now_ms + 8 * DAY_MS)
    assert state.done == []


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


def test_a_person_is_told_when_to_ask_again() -> None:
    """What they asked for does not wait."""
    story = Story(bounded(limit("workload", cooldown_ms=10 * MINUTE_MS)))
    story.tell(fleet())
    story.answer(only_command(story.ask("restart", workload="s0", replica="0")))
    story.wait(60)
    assert details(story.ask("restart", "again", workload="s0", replica="1"), Reason.COOLDOWN)[0].endswith(
        "; ask again in 9m"
    )


def test_a_limit_that_is_raised_lets_go_what_waits() -> None:
    """With the activation of the new policy."""
    story = Story(bounded(limit("all", concurrency=1)))
    story.samples(0, 0)
    assert only_command(story.activate(bounded(limit("all", concurrency=2))) + story.tick()).target == "replica:shop/1"


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
