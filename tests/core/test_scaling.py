"""Scaling rules: what is sensed of a workload and its load, to commands, or the reason why there is none."""

import msgspec
import pytest

from engine.core.scaling.rule import Metric, Schedule
from schemas.inventory import Inventory, Target
from schemas.reasons import Reason
from tests.core.scaling_world import BY_QUEUE, QUEUE, QUICK_DOWN, SLOW_UP, Shop, asked_for, scale
from tests.core.story import asked, details, entries, only_command, reasons, series
from tests.core.world import SECOND_MS, isolated_shop, shop

CPU = Metric(expr="rate_of_cpu", target=0.5, average=True, per="replica")


def cpu(number: int) -> tuple[tuple[str, str], ...]:
    return series("rate_of_cpu", replica=str(number))


def test_a_queue_that_grows_scales_up_at_once() -> None:
    """500 waiting, 100 for each replica: five replicas, as soon as the sample is there."""
    story = Shop(scale())
    story.run(5, 200)
    command = only_command(story.second(500))
    assert (command.verb, command.target, command.args) == (
        "scale",
        "workload:shop",
        {"workload": "shop", "replicas": 5},
    )
    assert story.replicas == 5
    assert command.summary == "Shop: sum(queue_depth) is 500, target 100 a replica: 5 wanted"


def test_a_queue_that_shrinks_scales_down_after_the_window() -> None:
    """The highest recommendation of the stabilization window counts, five minutes by default."""
    story = Shop(scale(), replicas=5)
    story.run(30, 500)
    effects = story.run(299, 100)
    assert asked_for(effects) == []
    assert reasons(effects) == [Reason.STABILIZING]
    assert asked_for(story.run(2, 100)) == [1]


def test_within_the_tolerance_nothing_happens_and_nothing_is_written() -> None:
    """A workload that is well leaves no trace in the audit."""
    story = Shop(scale(), replicas=5)
    story.run(20, 520)
    assert entries(story.run(60, 520)) == []


def test_the_policies_limit_how_fast_it_grows() -> None:
    """By default four replicas, or as many as there are, in 15 seconds."""
    story = Shop(scale(most=100), replicas=1)
    assert asked_for(story.run(40, 5000)) == [5, 10, 20]


def test_the_bounds_hold() -> None:
    """No more than `max`, which is told once."""
    story = Shop(scale(most=4))
    effects = story.run(60, 5000)
    assert asked_for(effects) == [4]
    assert reasons(effects)[-1] is Reason.AT_MAX
    story.replicas = 9
    story.publish()
    assert reasons(story.run(2, 5000))[:2] == [Reason.ABOVE_MAX, Reason.SCALED]


def test_the_highest_of_several_metrics_wins() -> None:
    """Each metric proposes for itself."""
    story = Shop(scale(BY_QUEUE, Metric(expr="latency_seconds", target=0.2)), replicas=4)
    story.scrape({QUEUE: 300, series("latency_seconds"): 0.4})
    assert asked_for(story.effects) == [8]


def test_a_source_that_goes_dark_scales_nothing() -> None:
    """Whatever was measured last, without data the workload stays as it is: `NO_DATA`, once."""
    story = Shop(scale(down=QUICK_DOWN), replicas=5)
    story.run(10, 500)
    story.scrape({QUEUE: float("nan")})
    effects = story.run(900, None)
    assert asked_for(effects) == []
    assert reasons(effects) == [Reason.NO_DATA]
    assert asked_for(story.run(3, 900)) == [9]


def test_a_fallback_only_ever_adds_replicas() -> None:
    """After a minute without data there are at least so many; more stay."""
    rule = scale(on_no_data="fallback", fallback=4)
    few, many = Shop(rule, replicas=2), Shop(rule, replicas=6)
    assert asked_for(few.run(59, None)) == []
    assert asked_for(few.run(20, None)) == [4]
    assert asked_for(many.run(200, None)) == []


def test_one_metric_without_data_prevents_a_scale_down_only() -> None:
    """The one that is not known may be the one that needs the replicas."""
    story = Shop(scale(BY_QUEUE, Metric(expr="latency_seconds", target=0.2), down=QUICK_DOWN), replicas=4)
    effects = story.run(120, 100)
    assert asked_for(effects) == []
    assert reasons(effects) == [Reason.PARTIAL_DATA]
    assert asked_for(story.run(2, 700)) == [7]


def test_replicas_are_told_apart_by_a_label() -> None:
    """One that is not ready is set aside, and taken to be idle before the workload grows."""
    story = Shop(scale(CPU), replicas=3)
    story.dead = (2,)
    story.publish()
    effects = story.scrape({cpu(0): 1.0, cpu(1): 1.0, cpu(2): 9.0, cpu(7): 9.0})
    assert asked_for(effects) == [4]
    assert details(effects, Reason.OFF_TARGET)[0].startswith("scale workload:shop replicas=4")


def test_pods_that_a_deployment_owns_are_its_replicas() -> None:
    """Whatever they are locked with; and how many are healthy is what their actuator counts."""
    story = Shop(scale(CPU))
    owner, *_ = story.inventory().targets
    pods = (
        Target(id=f"pod:shop/{n}", lock=f"pod{n}", owner=owner.id, replicas=1, healthy=int(n < 2), attributes={})
        for n in range(3)
    )
    workload = msgspec.structs.replace(owner, attributes=owner.attributes | {"replicas": 3})
    story.tell(Inventory(actuator="process", scope="n1", targets=(workload, *pods)))
    assert asked_for(story.scrape({cpu(0): 1.0, cpu(1): 1.0, cpu(2): 9.0})) == [4]


def test_a_workload_says_itself_how_many_are_healthy() -> None:
    """Where its replicas are not listed."""
    story = Shop(scale(Metric(expr="sum(queue_depth)", target=100)))
    workload = msgspec.structs.replace(shop(replicas=4).targets[0], replicas=4, healthy=2)
    story.tell(Inventory(actuator="process", scope="n1", targets=(workload,)))
    assert asked_for(story.scrape({QUEUE: 300})) == [6]


def test_a_replica_without_a_value_is_missing() -> None:
    """It is taken to be at the target before the workload shrinks."""
    story = Shop(scale(CPU, down=QUICK_DOWN), replicas=4)
    few = {cpu(0): 0.1, cpu(1): 0.1}
    for _ in range(65):
        story.tick()
        story.scrape(few)
    assert [command.args["replicas"] for command in story.sent] == [3]


def test_a_stabilization_window_up_ignores_a_blip() -> None:
    """The lowest recommendation of the window counts."""
    story = Shop(scale(up=SLOW_UP))
    story.run(70, 200)
    assert asked_for([*story.run(30, 900), *story.run(70, 200)]) == []
    assert asked_for(story.run(80, 900)) == [6, 9]


def test_a_direction_can_be_disabled() -> None:
    """`disabled` is never in this direction, and says so."""
    down = msgspec.structs.replace(QUICK_DOWN, select="disabled")
    effects = Shop(scale(down=down), replicas=5).run(200, 100)
    assert asked_for(effects) == []
    assert reasons(effects) == [Reason.STABILIZING, Reason.DIRECTION_DISABLED]


# --- zero ---


def test_to_zero_and_back() -> None:
    """With `min: 0` an idle workload goes, and comes back with the first that waits."""
    story = Shop(scale(least=0, down=QUICK_DOWN))
    assert asked_for(story.run(70, 0)) == [0]
    assert asked_for(story.run(20, 1)) == [1]


def test_what_a_person_scaled_to_zero_is_left_alone() -> None:
    """None wanted, and a `min` that is never zero: somebody's decision."""
    effects = Shop(scale(), replicas=0).run(60, 900)
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.SCALED_TO_ZERO])


# --- schedules ---


def test_a_schedule_raises_the_minimum_for_its_hours() -> None:
    """At the time of its cron, for its duration; then the metrics alone decide."""
    minute = Schedule(cron="*/30 * * * *", zone="UTC", duration_ms=300 * SECOND_MS, min=6)
    story = Shop(scale(schedules=(minute,), down=QUICK_DOWN), zones={"UTC": ((-(2**40), 0),)})
    story.run(1800 - story.now_ms // SECOND_MS % 1800 - 1, 100)
    assert story.replicas == 1
    effects = story.run(20, 100)
    assert (asked_for(effects), reasons(effects)[0]) == ([6], Reason.BELOW_MIN)
    assert asked_for(story.run(270, 100)) == []
    assert asked_for(story.run(90, 100)) == [1]


# --- what holds it back ---


def test_in_shadow_it_is_only_said_and_once() -> None:
    """What would be done, and again only when that is something else."""
    story = Shop(scale(mode="shadow"))
    effects = story.run(60, 500)
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.SHADOW])
    assert details(effects, Reason.SHADOW) == ["would scale workload:shop replicas=5"]
    assert reasons(story.run(60, 700)) == [Reason.SHADOW]


def test_in_approve_mode_a_person_is_asked() -> None:
    """What is asked stays the same while the need goes the same way."""
    story = Shop(scale(mode="approve"))
    command = asked(story.run(10, 500))
    assert entries(story.run(30, 700)) == []
    effects = story.approve(command)
    assert asked_for(effects) == [5]
    story.obey(only_command(effects))
    assert reasons(story.run(20, 700)) == [Reason.AWAITING_APPROVAL]


def test_what_is_no_longer_wanted_is_no_longer_asked() -> None:
    """The load has gone before anybody answered."""
    story = Shop(scale(mode="approve"))
    story.run(10, 500)
    effects = story.run(20, 200)
    assert reasons(effects) == [Reason.NO_LONGER_WANTED]
    assert story.state.ladders == {}


def test_after_a_no_nobody_is_asked_again_for_a_while() -> None:
    """A person who said no is not asked every 15 seconds."""
    story = Shop(scale(mode="approve"))
    story.approve(asked(story.run(10, 500)), deny=True)
    assert reasons(story.run(600, 500)) == [Reason.APPROVAL_DENIED]
    assert Reason.AWAITING_APPROVAL in reasons(story.run(600, 500))


def test_a_halt_holds_it_back_and_it_decides_anew_after() -> None:
    """Told once; after the halt what is wanted then is done, not what was wanted before."""
    story = Shop(scale())
    story.halt()
    effects = story.run(60, 500)
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.HALTED])
    story.resume()
    assert asked_for(story.run(20, 800)) == [6, 8]


def test_a_protected_workload_is_refused() -> None:
    """What Reflexarc runs on is not scaled."""
    story = Shop(scale(target="workload:bus", args={"workload": "bus"}))
    story.tell(shop(replicas=1))
    bus = story.state.inventory["process/n1"].targets[-1]
    bus.attributes["replicas"] = 1
    story.obeys = False
    effects = [effect for _ in range(20) for effect in (*story.tick(), *story.scrape({QUEUE: 500}))]
    assert reasons(effects) == [Reason.PROTECTED]


def test_what_is_isolated_stands_still() -> None:
    """A workload that is kept as evidence keeps its replicas."""
    story = Shop(scale())
    isolated = isolated_shop()
    targets = tuple(
        msgspec.structs.replace(each, attributes={"replicas": 2, **each.attributes}) for each in isolated.targets
    )
    story.tell(msgspec.structs.replace(isolated, targets=targets))
    effects = [effect for _ in range(20) for effect in (*story.tick(), *story.scrape({QUEUE: 500}))]
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.ISOLATED])


def test_a_cooldown_lies_between_two_changes() -> None:
    """The guardrail of all ladders holds for these too."""
    story = Shop(scale(cooldown_ms=120 * SECOND_MS))
    effects = [*story.run(5, 400), *story.run(100, 900)]
    assert asked_for(effects) == [4]
    assert Reason.COOLDOWN in reasons(effects)
    assert asked_for(story.run(60, 900)) == [8]


@pytest.mark.parametrize("gone", [Inventory(actuator="process", scope="n1", targets=())])
def test_a_workload_that_is_not_there_is_not_scaled(gone: Inventory) -> None:
    """The inventory decides what exists."""
    story = Shop(scale())
    story.tell(gone)
    effects = [effect for _ in range(20) for effect in (*story.tick(), *story.scrape({QUEUE: 500}))]
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.UNKNOWN_TARGET])


def test_an_old_inventory_decides_nothing() -> None:
    """An actuator that has not been heard of for minutes may have any number of replicas by now."""
    story = Shop(scale())
    for _ in range(179):
        story.tick()
        story.scrape({QUEUE: 200})
    effects = [effect for _ in range(20) for effect in (*story.tick(), *story.scrape({QUEUE: 500}))]
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.STALE_INVENTORY])
    story.publish()
    assert asked_for(story.run(2, 500)) == [5]
