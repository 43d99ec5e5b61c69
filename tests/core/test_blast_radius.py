"""The blast radius: one budget for all rules and people of how many replicas are touched."""

from engine.core.effects import Effect
from engine.core.program import Step
from schemas.reasons import Reason
from tests.core.fleet import REPLICAS, SERVICES, bounded, fleet, name, radius, storm, told
from tests.core.story import Story, commands, details, only_command, reasons
from tests.core.world import heal, page, restart

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


def test_whoever_is_paged_for_a_budget_reads_what_is_held() -> None:
    """The act, its target and its rule, and not the arithmetic alone."""
    story = Story(bounded(radius(count=1)))
    story.tell(fleet())
    storm(story)
    (page,) = told(story)
    assert page.startswith(
        "BLAST_RADIUS: restart replica:s0/1, g/Heal is held: 1 of at most 1 replicas of workload:s0 "
    )


def test_for_more_than_a_whole_budget_nobody_waits() -> None:
    """There is never room for it: it is refused, said so, and the ladder takes its next step."""
    story = Story(bounded(radius(count=2, keep_healthy=0), heal(Step(verb="isolate", args={"workload": "s0"}), page())))
    story.tell(fleet())
    effects = story.scrape({name(0, 0): 0.0})
    assert [command.verb for command in commands(effects)] == ["page", "page"]
    why = details(effects, Reason.BLAST_RADIUS)[0]
    assert why == (
        "0 of at most 2 replicas of workload:s0 touched within 600 s, 4 more wanted: there is never room for it"
        " (policy.yaml:1)"
    )
    assert told(story) == [f"BLAST_RADIUS: isolate workload:s0, g/Heal is refused: {why}"]


def test_a_share_is_waited_for() -> None:
    """More of them may be healthy by then."""
    story = Story(
        bounded(radius(share=0.5, keep_healthy=0), heal(Step(verb="isolate", args={"workload": "s0"}), page()))
    )
    story.tell(fleet())
    assert [command.verb for command in commands(story.scrape({name(0, 0): 0.0}))] == ["page"]  # by the policy alone
    assert next(iter(story.state.ladders.values())).held_by is Reason.BLAST_RADIUS


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


def test_what_is_decided_anew_is_counted_once() -> None:
    """A command that came too late had no effect; its next attempt is the same touch of the same replica."""
    story = Story(bounded(radius(count=2)))
    story.tell(fleet())
    first = only_command(story.scrape({name(0, 0): 0.0}))
    again = only_command(story.answer(first, "expired"))
    assert again.attempt == 1
    assert len(commands(story.scrape({name(0, 1): 0.0, name(0, 2): 0.0}))) == 2  # an act, and the page for the other


def test_the_budget_is_there_again_when_its_time_is_over() -> None:
    """What was held acts then, as far as the next budget reaches."""
    story = Story(bounded(radius(share=0.25), heal(restart(None))))
    story.tell(fleet(services=1))
    assert storm(story, 1) == ["replica:s0/0"]
    story.answer(next(command for command in story.sent if command.verb == "restart"), "failed")
    acted = [command.target for _ in range(601) for command in commands([*story.tick(), *_alive(story)])]
    assert len(acted) == 1
    assert acted != ["replica:s0/0"]


def _alive(story: Story) -> list[Effect]:
    return story.scrape({name(0, n): 0.0 for n in range(REPLICAS)})


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
