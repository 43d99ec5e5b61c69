"""That what is bounded stays so: whatever a ladder or a run does next, however often, and on however many nodes."""

import msgspec

from engine.core.policy import Flapping, Policy
from engine.core.program import HealRule, Program, Step
from schemas.control import Emergency, Play
from schemas.inventory import Inventory, Target
from schemas.reasons import Reason
from tests.core.books import answered, book, call, do, parallel, run
from tests.core.fleet import HOUR_MS, MINUTE_MS, bounded, fleet, limit, name, radius
from tests.core.story import Story, commands, only_command, reasons
from tests.core.world import INTERVAL_S, alert, heal, page, program, restart, shop

ON_S0 = {"workload": "s0"}


def on_s0(verb: str, **args: str) -> Step:
    return Step(verb=verb, args=ON_S0 | args)


def site(policy: Policy, *steps: Step, rules: tuple[HealRule, ...] = ()) -> Program:
    return program(alert(), *rules, playbooks=(book(*steps),), policy=policy)


def played(policy: Policy, *steps: Step) -> Story:
    """A run of these steps on the fleet has begun under a policy."""
    story = Story(site(policy, *steps))
    story.tell(fleet())
    story.tell(Play(id="p", by="ann", playbook="fix"))
    return story


# --- one budget, whoever spends it, and however often ---


def test_what_is_taken_away_step_by_step_is_taken_away() -> None:
    """A run that scales down by one, again and again, takes others each time."""
    story = played(radius(count=2), on_s0("scale", replicas="3"), on_s0("scale", replicas="2"))
    answered(story)
    story.tell(_smaller(3))
    assert len(story.sent) == 2
    third = played(radius(count=1), on_s0("scale", replicas="3"), on_s0("scale", replicas="2"))
    third.answer(third.sent[-1])
    third.tell(_smaller(3))
    assert reasons(third.effects)[-1] is Reason.BLAST_RADIUS


def _smaller(replicas: int) -> Inventory:
    found = fleet()
    whole, *others = found.targets
    return msgspec.structs.replace(
        found, targets=(msgspec.structs.replace(whole, replicas=replicas, healthy=replicas), *others)
    )


def test_a_ladder_that_comes_to_touch_more_of_a_target_needs_room_for_it() -> None:
    """What interrupted nothing yet is no leave to interrupt all of it."""
    isolated = Step(verb="isolate", args=ON_S0)
    story = played(radius(count=1, keep_healthy=0), on_s0("scale", replicas="5"), isolated)
    assert [command.verb for command in story.sent] == ["scale"]
    assert answered(story) == ["page"]
    assert Reason.BLAST_RADIUS in reasons(story.effects)


def test_targets_of_one_name_on_two_nodes_are_two() -> None:
    """A run that restarts both has touched both."""
    story = Story(site(radius(count=1), _on("n2"), _on("n3")))
    story.tell(fleet())
    story.tell(msgspec.structs.replace(fleet(), scope="n3"))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    assert answered(story) == ["page"]
    assert Reason.BLAST_RADIUS in reasons(story.effects)


def _on(node: str) -> Step:
    return on_s0("restart", replica="0", scope=node)


def test_a_replica_touched_again_counts_from_then_on() -> None:
    """Its budget is free again when the last touch is long enough ago, not the first."""
    story = Story(bounded(radius(count=1), heal(restart(None), restart(None), page())))
    story.tell(fleet())
    first = only_command(story.scrape({name(0, 0): 0.0}))
    story.wait(6 * 60)
    story.scrape({name(0, 0): 0.0})
    assert only_command(story.answer(first, "failed")).target == "replica:s0/0"
    story.wait(5 * 60)
    assert commands(story.scrape({name(0, 0): 0.0, name(0, 1): 0.0})) == [story.sent[-1]]  # the page of it
    assert Reason.BLAST_RADIUS in reasons(story.effects)


def test_one_replica_touched_by_the_branches_of_a_run_is_one() -> None:
    """And by what compensates for it: all of it is one run."""
    restarts = on_s0("restart", replica="0")
    story = played(radius(count=1), restarts, parallel((restarts,)), restarts)
    assert answered(story) == ["restart"]
    assert answered(story) == ["restart"]
    answered(story)
    assert run(story).reason is Reason.COMPLETED


# --- the last healthy one ---


def test_what_failed_is_not_taken_to_be_well() -> None:
    """Until an inventory says so: outcomes come faster than those, and no replica is the less dead for them."""
    story = Story(bounded(radius(count=100), heal(restart(None))))
    story.tell(fleet(services=1))
    story.scrape({name(0, n): 0.0 for n in range(4)})
    while waiting := [command for command in story.sent if command.id in story.state.awaited]:
        for command in waiting:
            story.answer(command, "failed")
        story.tick()
    assert len({command.target for command in story.sent if command.verb == "restart"}) == 3
    story.tell(fleet(services=1))
    assert [command.target for command in commands(story.tick())] == ["replica:s0/3"]


def test_a_ladder_does_not_take_the_last_healthy_one_either() -> None:
    """Although it has touched it before, when there were others."""
    story = Story(bounded(radius(count=100), heal(restart(None), restart(None))))
    story.tell(fleet(services=1))
    first = only_command(story.scrape({name(0, 0): 0.0}))
    story.tell(fleet(frozenset((0, number) for number in (1, 2, 3)), services=1))
    assert [command.verb for command in commands(story.answer(first, "failed"))] == ["page"]
    assert Reason.LAST_HEALTHY in reasons(story.effects)


def test_numbers_that_make_no_sense_make_no_room() -> None:
    """An inventory that counts below zero does not enlarge a budget."""
    odd = Target(id="workload:odd", lock="odd", attributes={}, service="s0", replicas=-9, healthy=-9)
    story = Story(site(radius(count=1), Step(verb="restart", args={"workload": "odd"}), on_s0("scale", replicas="-3")))
    story.tell(Inventory(actuator="process", scope="n3", targets=(odd,)))
    story.tell(fleet())
    story.tell(Play(id="p", by="ann", playbook="fix"))
    assert answered(story) == ["page"]
    assert Reason.LAST_HEALTHY in reasons(story.effects)


# --- rates and cooldowns ---


def test_what_had_no_effect_is_not_two_acts() -> None:
    """A command that came too late is decided anew within the rate that it was counted for."""
    story = Story(bounded(limit("all", rate=1, within_ms=HOUR_MS)))
    first = only_command(story.samples(0))
    assert only_command(story.answer(first, "expired")).attempt == 1


def test_a_run_does_not_cool_down_between_its_own_steps() -> None:
    """Nor between its branches and what comes after them; only when it is over."""
    story = played(
        limit("workload", cooldown_ms=10 * MINUTE_MS), parallel((on_s0("isolate"),)), on_s0("scale", replicas="5")
    )
    assert answered(story) == ["scale"]
    answered(story)
    assert run(story).reason is Reason.COMPLETED
    assert reasons(story.ask("restart", workload="s0", replica="0")) == [Reason.COOLDOWN]


def test_a_cooldown_of_another_target_is_not_passed_over() -> None:
    """That a ladder has acted on one target says nothing of the next one."""
    rules = heal(restart(None, workload="s1"), restart(None), cooldown_s=0)
    story = Story(bounded(limit("target", cooldown_ms=10 * MINUTE_MS), rules))
    story.tell(fleet())
    story.answer(only_command(story.ask("restart", workload="s0", replica="0")))
    story.answer(only_command(story.scrape({name(0, 0): 0.0})), "failed")
    assert reasons(story.effects)[-1] is Reason.COOLDOWN


# --- a rule's playbook is the rule's act ---

CALLS = heal(call("fix", replica="{{ $labels.replica }}"), page())


def called(policy: Policy = Policy(), *, settled: bool = True) -> Story:  # noqa: B008 - it is frozen
    return Story(site(policy, do(), rules=(CALLS,)), settled=settled)


def test_a_rules_playbook_waits_until_the_engine_has_settled() -> None:
    """As its own acts do."""
    story = called(settled=False)
    assert reasons(story.samples(0))[-1] is Reason.SETTLING
    assert only_command(story.every_second(INTERVAL_S + 1, 0)).verb == "restart"


def test_a_halt_of_the_rule_is_one_of_its_playbook() -> None:
    """Until it is resumed."""
    story = called()
    story.halt("rule:Heal")
    assert reasons(story.samples(0))[-1] is Reason.HALTED
    assert only_command(story.resume("rule:Heal")).verb == "restart"


def test_the_playbook_of_a_rule_that_is_listed_for_emergencies_goes_on() -> None:
    """And that of another does not."""
    listed, other = called(Policy(emergency=("Heal",))), called(Policy(emergency=("Other",)))
    for story in (listed, other):
        story.tell(Emergency(id="e", by="ann"))
    assert only_command(listed.samples(0)).verb == "restart"
    assert reasons(other.samples(0))[-1] is Reason.EMERGENCY


def test_a_rule_cools_down_after_its_playbook() -> None:
    """What the playbook acted on, the rule has acted on."""
    story = called()
    story.samples(0)
    answered(story)
    story.every_second(20, 1)
    assert commands(story.every_second(1, 0)) == []
    assert reasons(story.effects)[-1] is Reason.COOLDOWN


def test_a_target_that_playbooks_heal_again_and_again_flaps() -> None:
    """And goes to a human."""
    calls = msgspec.structs.replace(CALLS, cooldown_ms=0)
    story = Story(site(Policy(flapping=Flapping(heals=1, within_ms=HOUR_MS)), do(), rules=(calls,)))
    story.samples(0)
    answered(story)
    story.every_second(20, 1)
    assert only_command(story.every_second(1, 0)).verb == "page"


def test_a_rules_playbook_needs_fresh_samples() -> None:
    """Those of the rule's alert."""
    story = Story(site(Policy(samples_ms=20_000), do(), do("scale"), rules=(CALLS,)))
    story.samples(0)
    story.wait(30)
    assert answered(story) == []
    assert reasons(story.effects)[-1] is Reason.STALE_EVIDENCE


def test_an_inventory_is_as_old_as_that_of_the_node_that_acts() -> None:
    """That another node has a target of the name does not make it younger."""
    step = restart(None, workload="shop", replica="0", scope="n1")
    story = Story(bounded(Policy(inventory_ms=MINUTE_MS), heal(step)))
    story.wait(61)
    story.tell(msgspec.structs.replace(shop(), scope="n9"))
    assert reasons(story.samples(0)) == [Reason.STALE_EVIDENCE]
