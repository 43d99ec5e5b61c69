"""A drain weighs what it takes: the healthy replicas of every service on the node, all of them or none."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.policy import Acts, BlastRadius, Policy, Window
from engine.core.program import HealRule, Program, Step
from engine.core.snapshot import restore, save
from engine.core.verbs import Verb, verbs_by_name
from engine.rulefile.zones import zone
from schemas.inventory import Inventory, Target
from schemas.reasons import Reason
from tests.core.asking import verdict, why_not
from tests.core.invariants import assert_consistent, assert_within_budgets
from tests.core.story import START_MS, Story, commands, details, reasons
from tests.core.test_properties import deterministic
from tests.core.world import ONCALL, SETTLED_S, alert, heal, page, program
from tests.rulefile.verbs import PAGE

MINUTE_MS = 60_000
DRAIN = Verb(name="drain", actuator="kubernetes", targets={"node": ("node",)}, condition=("uid",), disrupts="hosted")
EVICT = Verb(name="evict", actuator="kubernetes", targets={"pod": ("pod",)}, condition=("uid",))
PLACES = {"a-0": 0, "a-1": 0, "a-2": 1, "a-3": 2, "b-0": 0, "b-1": 1, "b-2": 1, "b-3": 2}
"""The node of each pod; the service is its letter. Of each there is one more, on no node that is drained here."""


def radius(**bounds: Any) -> BlastRadius:
    return BlastRadius(id=str(bounds), source="policy.yaml:1", within_ms=10 * MINUTE_MS, **bounds)


def bounded(*radii: BlastRadius, rule: HealRule | None = None, **policy: Any) -> Program:
    verbs = verbs_by_name((DRAIN, EVICT, PAGE))
    bounds = Policy(blast_radius=radii, **policy)
    return program(alert(), *([rule] if rule else []), verbs=verbs, policy=bounds, zones={"UTC": zone("UTC")})


def cluster(sick: Iterable[str] = (), *, known: bool = True, places: Mapping[str, int] = PLACES) -> Inventory:
    """Nodes n0 to n3 with pods of the deployments `a` and `b`, of which these are sick."""
    every = {**places, "a-9": 9, "b-9": 9}
    sick, targets = set(sick), []
    for service in ("a", "b"):
        own = [pod for pod in every if pod.startswith(service)]
        well = sum(pod not in sick for pod in own)
        whole = f"deployment:{service}"
        targets.append(Target(id=whole, lock=whole, attributes={}, service=service, replicas=len(own), healthy=well))
        targets += [
            Target(
                id=f"pod:{pod}",
                lock=whole,
                attributes={"uid": pod},
                service=service,
                owner=whole,
                replicas=1,
                healthy=int(pod not in sick),
                on=f"node:n{every[pod]}",
            )
            for pod in own
        ]
    nodes = (Target(id=f"node:n{n}", lock=f"node:n{n}", attributes={"uid": f"n{n}"}, hosts=known) for n in range(4))
    return Inventory(actuator="kubernetes", scope="c1", targets=(*targets, *nodes))


def begun(*radii: BlastRadius, sick: Iterable[str] = (), **policy: Any) -> Story:
    story = Story(bounded(*radii, **policy))
    story.tell(cluster(sick))
    return story


def drained(story: Story, node: int, request: str = "d") -> list[str]:
    """A person asks for it; the nodes that are drained by that."""
    return [command.target for command in commands(story.ask("drain", request, node=f"n{node}"))]


NAMED = "replicas of a touched within 600 s"


@pytest.mark.parametrize(
    ("node", "radii", "sick", "reason", "told"),
    [
        (0, [radius(count=2)], (), None, ""),
        (0, [radius(count=1)], (), Reason.BLAST_RADIUS, f"0 of at most 1 {NAMED}, 2 more wanted: there is never"),
        (1, [radius(count=1)], (), Reason.BLAST_RADIUS, "0 of at most 1 replicas of b touched within 600 s, 2"),
        (0, [radius(count=1)], ("a-1",), None, ""),
        (0, [radius(count=1)], ("a-0", "a-1", "b-0"), None, ""),
        (0, [radius(share=0.4)], (), None, ""),
        (0, [radius(share=0.3)], (), Reason.BLAST_RADIUS, f"0 of at most 1 {NAMED}"),
        (0, [radius(count=2, per="all")], (), Reason.BLAST_RADIUS, "0 of at most 2 replicas of all services"),
        (0, [radius(count=3, per="all")], (), None, ""),
        (0, [radius()], ("a-2", "a-3", "a-9"), Reason.LAST_HEALTHY, "0 healthy of a would be left, 1 must be"),
        (0, [radius(keep_healthy=0)], ("a-2", "a-3", "a-9"), None, ""),
        (0, [radius(keep_healthy=4)], (), Reason.LAST_HEALTHY, "3 healthy of a would be left, 4 must be"),
        (2, [radius(keep_healthy=4)], (), None, ""),
        (0, [radius(count=1, acts=Acts(services=("b",)))], (), None, ""),
        (1, [radius(count=1, acts=Acts(services=("b",)))], (), Reason.BLAST_RADIUS, "0 of at most 1 replicas of b"),
        (0, [radius(count=1, acts=Acts(verbs=("evict",)))], (), None, ""),
        (3, [radius(count=1)], (), None, ""),
        (0, [radius(count=9), radius(count=1)], (), Reason.BLAST_RADIUS, f"0 of at most 1 {NAMED}"),
    ],
)
def test_a_drain_is_held_by_the_first_service_that_it_takes_too_much_of(
    node: int, radii: list[BlastRadius], sick: tuple[str, ...], reason: Reason | None, told: str
) -> None:
    """By budget, count or share, by the healthy ones that must be left, each with the service that it is about."""
    story = begun(*radii, sick=sick)
    assert drained(story, node) == ([] if reason else [f"node:n{node}"])
    held = [entry for entry in (Reason.BLAST_RADIUS, Reason.LAST_HEALTHY) if details(story.effects, entry)]
    assert held == ([reason] if reason else [])
    assert not reason or details(story.effects, reason)[0].startswith(told)


def test_what_is_held_has_taken_nothing() -> None:
    """All or nothing: the budget of the service that there was room in is as it was."""
    story = begun(radius(count=2))
    assert drained(story, 1) == ["node:n1"]
    assert drained(story, 0, "d2") == []
    assert [len(commands(story.ask("evict", f"e{n}", pod=f"a-{n}"))) for n in (0, 1)] == [1, 0]


def test_drains_and_evictions_share_a_budget() -> None:
    """Whoever was first; of one service there may be room left when there is none of the other."""
    story = begun(radius(count=3))
    assert drained(story, 0) == ["node:n0"]
    assert len(commands(story.ask("evict", "e1", pod="a-2"))) == 1
    assert drained(story, 2, "d2") == []
    assert details(story.effects, Reason.BLAST_RADIUS)[-1].startswith("3 of at most 3 replicas of a")


def test_what_a_drain_takes_is_not_healthy_while_it_is_under_way() -> None:
    """Until the next inventory after its end says so."""
    story = begun(radius(keep_healthy=3))
    drained(story, 0)
    assert len(commands(story.ask("evict", "e1", pod="a-2"))) == 0
    story.answer(story.sent[-1])
    assert len(commands(story.ask("evict", "e2", pod="a-2"))) == 0
    story.tell(cluster(places=PLACES | {"a-0": 3, "a-1": 3, "b-0": 3}))
    assert len(commands(story.ask("evict", "e3", pod="a-2"))) == 1


def test_what_a_drain_counts_for_survives_the_engine() -> None:
    """A snapshot in the middle of it loses neither what is interrupted nor what was touched."""
    story = begun(radius(count=2, keep_healthy=3))
    drained(story, 0)
    state = restore(save(story.state))
    assert (state.disrupted, state.hosted) == (story.state.disrupted, story.state.hosted) != ({}, {})
    story.state = state
    assert len(commands(story.ask("evict", "e1", pod="a-2"))) == 0


def test_a_ladder_that_drains_a_node_again_takes_nothing_more() -> None:
    """A step that is decided anew, or the next on the same node, is on the same replicas."""
    step = Step(verb="drain", args={"node": "n0"})
    story = Story(bounded(radius(count=2), rule=heal(step, step, page())))
    story.tell(ONCALL)
    story.tell(cluster())
    (first,) = commands(story.samples(0))
    (again,) = commands(story.answer(first, "expired"))
    assert (again.verb, again.attempt) == ("drain", 1)
    (second,) = commands(story.answer(again, "failed"))
    assert (second.verb, second.step) == ("drain", 1)


def test_where_it_is_not_known_what_runs_on_a_node_it_is_not_drained() -> None:
    """Where anything bounds what may run there; it goes on with the inventory that says so."""
    step = Step(verb="drain", args={"node": "n0"})
    story = Story(bounded(radius(count=2, acts=Acts(services=("a",))), rule=heal(step, page())))
    story.tell(cluster(known=False))
    effects = story.samples(0)
    assert (commands(effects), reasons(effects)) == ([], [Reason.STALE_EVIDENCE])
    told = "the inventory does not say what runs on node:n0 (policy.yaml:1)"
    assert details(effects, Reason.STALE_EVIDENCE) == [told]
    story.tell(cluster())
    assert [command.target for command in commands(story.samples(0))] == ["node:n0"]


def test_where_nothing_is_bounded_nothing_has_to_be_known() -> None:
    """Without a blast radius a drain weighs nothing, as everything."""
    story = Story(bounded())
    story.tell(cluster(known=False))
    assert drained(story, 0) == ["node:n0"]


def test_what_is_to_be_left_alone_is_not_drained_away() -> None:
    """A window that holds acts on a service holds the drain of a node that it runs on, and of no other."""
    window = Window(name="w", source="policy.yaml:2", effect="hold", acts=Acts(services=("b",)), until_ms=START_MS * 2)
    story = Story(bounded(windows=(window,)))
    story.tell(cluster(places=PLACES | {"b-0": 3}))
    assert drained(story, 1) == []
    assert reasons(story.effects)[-1] is Reason.MAINTENANCE
    assert drained(story, 0, "d2") == ["node:n0"]


def test_a_halt_of_a_service_halts_the_drain_of_its_nodes() -> None:
    """And of no other node."""
    story = begun()
    story.tell(cluster(places=PLACES | {"b-0": 3}))
    story.halt("service:b")
    assert drained(story, 1) == []
    assert reasons(story.effects)[-1] is Reason.HALTED
    assert drained(story, 0, "d2") == ["node:n0"]


def test_how_much_a_drain_takes_is_told_of_each_service() -> None:
    """In shadow, and by why-not with the room that each has."""
    rule = replace(heal(Step(verb="drain", args={"node": "n0"})), mode="shadow")
    story = Story(bounded(radius(count=3), rule=rule))
    story.tell(cluster())
    would = "would drain node:n0 if uid = n0, touching 2 of a and 1 of b"
    assert details(story.samples(0), Reason.SHADOW) == [would]
    room = verdict(why_not(story, target="node:n0"), "blast_radius").detail
    assert room.startswith("a: 0 of at most 3 replicas touched within 600 s, 2 more, 3 healthy of a are left (policy")
    assert "; b: 0 of at most 3 replicas touched within 600 s, 1 more, 4 healthy of b are left" in room


# --- any order of drains and evictions ---

PODS = tuple(PLACES)
Act = Callable[[Story], object]


def _asked(number: int) -> Act:
    """Each time by another request, on one of the nodes or pods."""

    def ask(story: Story) -> None:
        request = f"q{len(story.told)}"
        if number < 4:
            story.ask("drain", request, node=f"n{number}")
        else:
            story.ask("evict", request, pod=PODS[number % len(PODS)])

    return ask


def _answered(which: int) -> Act:
    def answer(story: Story) -> None:
        waiting = [command for command in story.sent if command.id in story.state.awaited]
        if waiting:
            story.answer(waiting[which % len(waiting)], ("succeeded", "failed")[which % 2])

    return answer


HAPPENING: st.SearchStrategy[Act] = st.one_of(
    st.integers(0, 11).map(_asked),
    st.integers(0, 11).map(_asked),
    st.integers(0, 5).map(_answered),
    st.sets(st.sampled_from(PODS), max_size=5).map(lambda sick: lambda story: story.tell(cluster(sorted(sick)))),
    st.lists(st.integers(0, 3), min_size=8, max_size=8).map(
        lambda nodes: lambda story: story.tell(cluster(places=dict(zip(PODS, nodes, strict=True))))
    ),
    st.integers(1, 400).map(lambda seconds: lambda story: story.wait(seconds)),
)


@pytest.mark.parametrize(
    "radii",
    [(radius(count=2),), (radius(count=3, keep_healthy=2), radius(count=4, per="all")), (radius(share=0.5),)],
    ids=["count", "all", "share"],
)
def test_every_service_keeps_its_budget_whatever_the_order(radii: tuple[BlastRadius, ...]) -> None:
    """Of drains, evictions, outcomes, and pods that fall ill, recover and move: by the counters, and by what was sent
    against what the inventory had said by then."""

    @deterministic
    @given(st.lists(HAPPENING, min_size=10, max_size=40))
    def holds(script: list[Act]) -> None:
        story = begun(*radii)
        story.wait(SETTLED_S)
        touched: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
        for act in script:
            sent, known, done = len(story.sent), story.state.inventory, len(story.state.done)
            services = story.state.services
            act(story)
            assert_consistent(story.state)
            assert_within_budgets(story.state, services, done)
            for command in story.sent[sent:]:
                for service, pods in _taken(known["kubernetes/c1"], command.target).items():
                    touched[service].append((story.now_ms, pods))
        for bound in (each for each in radii if each.count and each.per == "service"):
            for times in touched.values():
                for at_ms, _ in times:
                    within = [pods for then_ms, pods in times if at_ms - bound.within_ms < then_ms <= at_ms]
                    assert sum(within) <= (bound.count or 0)

    holds()


def _taken(known: Inventory, target: str) -> dict[str, int]:
    """How many healthy pods of each service a command takes, counted one by one."""
    found: dict[str, int] = {}
    for each in known.targets:
        if each.id.startswith("pod:") and each.healthy and target in (each.id, each.on):
            found[each.service] = found.get(each.service, 0) + 1
    return found
