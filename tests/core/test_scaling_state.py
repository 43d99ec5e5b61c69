"""What is kept of scaling rules: over outcomes, restarts, replays, edits, and clocks that go wrong."""

import msgspec
import pytest

from engine.core.scaling.rule import DOWN, UP, Metric, Policy
from engine.core.snapshot import restore, save
from schemas.reasons import Reason
from tests.core.scaling_world import QUICK_DOWN, Shop, asked_for, scale, scaling, steady
from tests.core.story import asked, commands, only_command, reasons
from tests.core.world import INTERVAL_S, SECOND_MS


def test_nothing_is_decided_until_the_inventory_shows_what_was_done() -> None:
    """An inventory of before the command would have it scaled again, from the wrong number."""
    story = Shop(scale(most=100), obeys=False)
    command = only_command(story.run(2, 400))
    story.answer(command)
    effects = story.run(20, 4000)
    assert (asked_for(effects), reasons(effects)[0]) == ([], Reason.STALE_INVENTORY)
    story.replicas = 4
    story.publish()
    assert asked_for(story.run(20, 4000)) == [8]


def test_what_is_wanted_meanwhile_counts_for_the_window() -> None:
    """A command takes a while; that as many were still wanted then keeps them as long as it would else."""
    story = Shop(scale(down=QUICK_DOWN), obeys=False)
    command = only_command(story.run(2, 400))
    story.run(25, 400)
    story.obey(command)
    story.obeys = True
    assert asked_for(story.run(58, 100)) == []
    assert asked_for(story.run(2, 100)) == [1]


def test_one_command_at_a_time() -> None:
    """While it is not known what became of one, no other is sent."""
    story = Shop(scale(), obeys=False)
    assert asked_for(story.run(120, 400)) == [4]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("succeeded", Reason.SCALED),
        ("failed", Reason.NOT_SCALED),
        ("conflict", Reason.NOT_SCALED),
        ("expired", Reason.NOT_SCALED),
        ("refused", Reason.NOT_SCALED),
        ("unknown", Reason.FATE_UNKNOWN),
    ],
)
def test_every_outcome_ends_the_ladder(status: str, reason: Reason) -> None:
    """What comes next is decided anew, on the inventory after it."""
    story = Shop(scale(), obeys=False)
    effects = story.answer(only_command(story.run(2, 400)), status)  # type: ignore[arg-type]
    assert reasons(effects) == [reason]
    assert story.state.ladders == {}


def test_a_snapshot_loses_nothing() -> None:
    """Windows, policies and what waits go on after a restart as if there had been none."""
    kept, restored = Shop(scale(most=50)), Shop(scale(most=50))
    for queue in (900, 4000, 300, 300, 2000):
        one, other = kept.run(50, queue), restored.run(50, queue)
        assert one == other
        restored.state = restore(save(restored.state))


def test_a_replay_decides_the_same() -> None:
    """The same messages give the same commands, with the same ids."""
    one, other = Shop(scale(most=50)), Shop(scale(most=50))
    assert commands([*one.run(40, 900), *one.run(400, 100)]) == commands([*other.run(40, 900), *other.run(400, 100)])
    assert len({command.id for command in one.sent}) == len(one.sent)


def test_an_edit_of_the_metrics_keeps_the_windows() -> None:
    """What was recommended in the last minutes still counts; a rule of another workload begins anew."""
    story = Shop(scale(), replicas=5)
    story.run(60, 500)
    kept = story.state.scales["Shop"]
    story.activate(scaling(scale(Metric(expr="sum(queue_depth)", target=200, average=True)), digest="e"))
    assert story.state.scales["Shop"] is kept
    assert asked_for(story.run(200, 500)) == []
    story.activate(scaling(digest="f"))
    assert story.state.scales == {}


def test_a_clock_set_back_keeps_the_windows() -> None:
    """When the journal's clock is set right, durations keep their meaning."""
    story = Shop(scale(), replicas=5)
    story.run(60, 500)
    story.now_ms -= 600 * SECOND_MS
    effects = story.run(280, 100)
    assert asked_for(effects) == []
    assert asked_for(story.run(60, 100)) == [1]


def test_with_an_interval_samples_decide_nothing() -> None:
    """A group's `interval` is the only time at which its rules are decided."""
    story = Shop(scale(interval_ms=60 * SECOND_MS, up=msgspec.structs.replace(UP, policies=UP.policies)))
    story.run(60, 200)
    times = [story.now_ms for _ in range(120) if asked_for(story.second(500))]
    assert len(times) == 1


def test_missed_intervals_are_not_made_up() -> None:
    """After a gap a rule is decided once, and waits until things have settled."""
    story = Shop(scale())
    story.run(30, 200)
    story.now_ms += 100 * INTERVAL_S * SECOND_MS
    story.publish()
    effects = story.run(INTERVAL_S + 5, 900)
    assert asked_for(effects) == [6]
    assert Reason.SETTLING in reasons(effects)


@pytest.mark.parametrize("seconds", [400, 3600])
def test_a_source_that_was_dark_for_long_shrinks_nothing_when_it_comes_back(seconds: int) -> None:
    """Nobody knows what was wanted meanwhile: the window begins anew, as after a restart of Kubernetes' controller."""
    story = Shop(scale(), replicas=5)
    story.run(400, 500)
    story.now_ms += 1  # later than the last sample
    story.tell(story.unmeasured())
    story.run(seconds, None)
    assert asked_for(story.run(290, 100)) == []
    assert asked_for(story.run(30, 100)) == [1]


def test_an_engine_that_was_away_shrinks_nothing_at_once() -> None:
    """What was recommended before is over, and what was wanted meanwhile is not known."""
    story = Shop(scale(), replicas=5)
    story.run(400, 500)
    story.now_ms += 3600 * SECOND_MS
    assert asked_for(story.run(290, 100)) == []
    assert asked_for(story.run(30, 100)) == [1]


def test_a_window_shorter_than_the_interval_is_over_in_between() -> None:
    """That nothing is recommended between two decisions is no absence."""
    story = Shop(scale(down=steady(DOWN, 5), interval_ms=60 * SECOND_MS), replicas=5)
    story.run(130, 500)
    assert asked_for(story.run(60, 100)) == [1]


def test_what_was_scaled_for_all_that_is_known_counts_for_the_policies() -> None:
    """One replica in two minutes is one, although nobody knows whether it went."""
    one = Policy(kind="pods", value=1, period_ms=120 * SECOND_MS)
    story = Shop(scale(down=steady(DOWN, 0, policies=(one,))), replicas=5, obeys=False)
    story.run(20, 500)
    first = only_command(story.run(20, 100))
    story.replicas = 4
    story.answer(first, "unknown")
    story.publish()
    assert asked_for(story.run(100, 100)) == []
    assert asked_for(story.run(60, 100)) == [3]


def test_a_yes_that_something_else_holds_back_is_no_no() -> None:
    """Who was let go, and halted just then, is asked about again as soon as that is over."""
    story = Shop(scale(mode="approve"))
    command = asked(story.run(10, 500))
    story.halt()
    assert Reason.HALTED not in reasons(story.run(5, 500))
    story.approve(command)
    story.run(30, 500)
    story.resume()
    assert Reason.AWAITING_APPROVAL in reasons(story.run(30, 500))
