"""Scaling rules under a policy, and what is never done to a workload whatever its load."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.policy import Acts, Approval, BlastRadius, Policy, Window
from schemas.reasons import Reason
from tests.core.scaling_world import QUICK_DOWN, Shop, asked_for, scale
from tests.core.story import asked, details, reasons
from tests.core.world import SECOND_MS


def test_a_maintenance_window_holds_it() -> None:
    """Told once, by the window's name; afterwards what is wanted then is done."""
    begins_ms = Shop(scale()).now_ms
    window = Window(name="night", source="policy.yaml:3", effect="hold", from_ms=0, until_ms=begins_ms + 60 * SECOND_MS)
    story = Shop(scale(), policy=Policy(windows=(window,)))
    effects = story.run(50, 500)
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.MAINTENANCE])
    assert asked_for(story.run(30, 600)) == [6]


def test_the_policy_may_want_people_asked_although_the_mode_is_auto() -> None:
    """Then a no is a no for a while, as in mode approve."""
    wanted = Approval(source="policy.yaml:3", acts=Acts(verbs=("scale",)), deadline_ms=60 * SECOND_MS)
    story = Shop(scale(), policy=Policy(approvals=(wanted,)))
    story.approve(asked(story.run(5, 500)), deny=True)
    assert asked_for(story.run(300, 500)) == []
    assert reasons(story.effects).count(Reason.AWAITING_APPROVAL) == 1


def test_old_samples_decide_nothing() -> None:
    """Where the policy bounds how old they may be, a value that has merely not been contradicted does not count."""
    story = Shop(scale(), policy=Policy(samples_ms=30 * SECOND_MS), replicas=2)
    story.halt()
    story.run(10, 500)
    story.run(40, None)
    story.resume()
    effects = story.run(30, None)
    assert (asked_for(effects), reasons(effects)) == ([], [Reason.STALE_EVIDENCE])


def test_the_blast_radius_bounds_how_many_go() -> None:
    """Replicas that are taken away count, and it is told what is in the way."""
    radius = BlastRadius(id="r", source="policy.yaml:3", count=1, within_ms=3600 * SECOND_MS)
    story = Shop(scale(down=QUICK_DOWN), policy=Policy(blast_radius=(radius,)), replicas=5)
    story.counted = True
    story.publish()
    effects = story.run(120, 100)
    assert asked_for(effects) == []
    assert details(effects, Reason.BLAST_RADIUS)


def test_what_a_budget_holds_is_told_to_people_once() -> None:
    """As of every other act that is held: when it begins, and again when it begins anew later."""
    radius = BlastRadius(id="r", source="policy.yaml:3", count=1, within_ms=3600 * SECOND_MS)
    story = Shop(scale(down=QUICK_DOWN), policy=Policy(blast_radius=(radius,), notify=("oncall",)), replicas=5)
    story.counted, story.obeys = True, False
    story.publish()
    story.run(3000, 100)
    (held,) = paged(story)
    assert held == f"scale workload:shop, g/Shop is refused: {details(story.effects, Reason.BLAST_RADIUS)[0]}"
    story.run(120, 500)
    story.run(120, 100)
    assert len(paged(story)) == 2


def test_what_is_held_after_people_let_it_go_is_told_too() -> None:
    """Others have acted meanwhile."""
    radius = BlastRadius(id="r", source="policy.yaml:3", count=1, within_ms=3600 * SECOND_MS)
    rule = scale(down=QUICK_DOWN, mode="approve")
    policy = Policy(blast_radius=(radius,), notify=("oncall",))
    story = Shop(rule, policy=policy, replicas=2)
    story.counted = True
    story.publish()
    command = asked(story.run(120, 50))
    story.obeys = False
    story.ask("scale", workload="shop", replicas="1")
    story.answer(story.sent[-1])
    assert Reason.LAST_HEALTHY in reasons(story.approve(command))
    assert len(paged(story)) == 1


def paged(story: Shop) -> list[str]:
    """What people were paged about by the policy, without the reason before it."""
    return [each.summary.partition(": ")[2] for each in story.sent if each.origin.kind == "policy"]


LOAD = st.lists(st.tuples(st.integers(1, 40), st.none() | st.integers(0, 1500)), min_size=4, max_size=12)


@settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(LOAD)
def test_whatever_the_load(script: list[tuple[int, int | None]]) -> None:
    """The bounds hold, nothing is scaled while nothing is known, and no fewer are left than the window wanted."""
    story = Shop(scale(least=1, most=12, down=QUICK_DOWN), replicas=3)
    measured: list[tuple[int, int]] = []
    for seconds, queue in script:
        for _ in range(seconds):
            before = story.replicas
            if queue is None:
                story.now_ms += 1  # later than the last sample
                story.tell(story.unmeasured())
            else:
                measured.append((story.now_ms, queue))
            wanted = asked_for(story.second(queue))
            assert queue is not None or not wanted
            for replicas in wanted:
                assert 1 <= replicas <= 12
                window = [each for at_ms, each in measured if at_ms > story.now_ms - 60 * SECOND_MS]
                assert replicas > before or replicas >= min(max(window) * 0.9 // 100, 12)
