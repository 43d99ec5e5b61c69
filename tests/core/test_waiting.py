"""Who waits is woken when there is room, and by whoever is the last to know of it."""

import msgspec

from engine.core.effects import Effect
from engine.core.policy import BlastRadius, Limit, Policy
from engine.core.program import Step
from schemas.control import Abort, Play
from schemas.inventory import Inventory, Target
from schemas.reasons import Reason
from tests.core.books import PAUSE, UP, answered, book, do, run
from tests.core.fleet import MINUTE_MS, bounded, fleet, limit, name, radius
from tests.core.story import Story, commands, only_command, reasons
from tests.core.world import alert, heal, program, restart, shop


def test_more_healthy_replicas_make_room_at_once() -> None:
    """A share is of those that there are now."""
    story = Story(bounded(radius(share=0.25), heal(restart(None))))
    story.tell(fleet(frozenset((0, number) for number in (1, 2, 3)), services=1))
    story.scrape({name(0, n): 0.0 for n in (1, 2)})
    assert Reason.BLAST_RADIUS in reasons(story.effects)
    more = Target(id="workload:more", lock="more", attributes={}, service="workload:s0", replicas=9, healthy=9)
    story.tell(Inventory(actuator="process", scope="n3", targets=(more,)))
    assert only_command(story.tick()).target == "replica:s0/2"


def test_who_gives_up_while_it_is_its_turn_passes_it_on() -> None:
    """It timed out at the instant at which there was room for it; whoever waits next is not forgotten."""
    one = Policy(limits=(Limit(id="l", source="", per="all", concurrency=1),))
    books = book(do("scale", verify=UP), name="a"), book(do("scale", timeout_ms=60_000))
    story = Story(program(alert(), heal(restart(None)), playbooks=books, policy=one))
    first = only_command(story.tell(Play(id="p", by="ann", playbook="a")))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    story.samples(1, 0)
    story.answer(first)
    assert [command.target for command in commands(story.every_second(61, 0, 0))][:1] == ["replica:shop/1"]


def test_a_run_that_is_aborted_while_it_waits_lets_others_be_next() -> None:
    """Although it has more to do: it waits for its compensation then, which is in the queue behind the others."""
    one = Policy(limits=(Limit(id="l", source="", per="all", concurrency=1),))
    books = book(do("isolate", undo="rollback"), PAUSE, do("scale")), book(do(), name="other")
    story = Story(program(alert(), playbooks=books, policy=one))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    answered(story)
    (waiting,) = story.state.runs
    story.tell(Play(id="p", by="ann", playbook="other"))
    story.wait(31)
    story.tell(Play(id="q", by="ann", playbook="other"))
    story.tell(Abort(id="x", by="ann", run=waiting))
    for _ in range(3):
        story.answer(story.sent[-1])
        story.tick()
    assert [command.verb for command in story.sent] == ["isolate", "restart", "restart", "rollback"]


def test_budgets_survive_a_policy_that_is_edited_in_the_middle() -> None:
    """What was touched, and what is under way, counts under the next one."""
    story = Story(bounded(radius(count=1)))
    story.tell(fleet())
    story.scrape({name(0, 0): 0.0})
    wider = BlastRadius(id="b", source="", count=2, within_ms=10 * MINUTE_MS)
    story.activate(bounded(Policy(blast_radius=(wider,))))
    touched = commands(story.scrape({name(0, n): 0.0 for n in range(4)}))
    assert [command.target for command in touched] == ["replica:s0/1"]


def test_who_waits_for_the_same_is_woken_however_much_room_there_is() -> None:
    """Two acts that are over with one message make room for two."""
    story = Story(bounded(limit("all", concurrency=2)))
    story.tell(fleet(services=1))
    story.scrape({name(0, n): 0.0 for n in range(4)})
    for command in story.sent[:2]:
        story.answer(command)
    effects = [effect for _ in range(30) for effect in (*story.tick(), *_two_are_well(story))]
    assert len(commands(effects)) == 2


def _two_are_well(story: Story) -> list[Effect]:
    return story.scrape({name(0, n): float(n < 2) for n in range(4)})


def test_who_waits_is_woken_although_targets_come_to_serve_another() -> None:
    """The act that goes first counts for that one, so that there is room where the others waited."""
    one = limit("service", concurrency=1)
    story = Story(bounded(one, heal(restart(None))))
    story.tell(fleet(services=1))
    story.scrape({name(0, n): 0.0 for n in range(3)})
    other = fleet(services=1)
    moved = tuple(
        msgspec.structs.replace(target, service="new") if target.id == "replica:s0/1" else target
        for target in other.targets
    )
    story.tell(msgspec.structs.replace(other, targets=moved))
    story.answer(story.sent[-1], "failed")
    assert sorted(command.target for command in commands([*story.tick(), *story.tick()])) == [
        "replica:s0/1",
        "replica:s0/2",
    ]


def test_who_is_halted_for_a_service_that_its_target_is_no_longer_of_goes_on() -> None:
    """With the inventory that says so; nobody will resume it."""
    story = Story(bounded(Policy()))
    story.halt("service:shop")
    assert reasons(story.samples(0)) == [Reason.HALTED]
    found = shop()
    moved = tuple(msgspec.structs.replace(target, service="new") for target in found.targets)
    story.tell(msgspec.structs.replace(found, targets=moved))
    assert only_command(story.tick()).verb == "restart"


def test_a_dry_run_says_what_it_would_wait_for_and_does_not() -> None:
    """Whoever asks what would be done wants to know now."""
    on_s0 = {"workload": "s0"}
    steps = Step(verb="restart", args={**on_s0, "replica": "0"}), Step(verb="isolate", args=on_s0)
    story = Story(program(playbooks=(book(*steps),), policy=radius(count=1)))
    story.tell(fleet())
    story.halt()
    story.tell(Play(id="p", by="ann", playbook="fix", dry_run=True))
    assert run(story).reason is Reason.SHADOW
    told = [reason for reason in reasons(story.effects) if reason not in (Reason.SHADOW, Reason.DONE)]
    assert told[-3:] == [Reason.HALTED, Reason.HALTED, Reason.LAST_HEALTHY]
