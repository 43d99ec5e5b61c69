"""An engine that was killed and restored, at whatever message, cannot be told from one that lived on.

These stories have all that the core remembers beside its snapshot to be quick: layouts and their parts, rules that
sleep or share evaluations, series that find no room, windows that come and go.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.effects import Effect
from engine.core.program import Program
from engine.core.snapshot import restore, save
from engine.core.state import State
from engine.core.step import AT_ONCE, step
from schemas.labels import Labels
from schemas.samples import STALE
from tests.core.story import Story, replica, series
from tests.core.world import SECOND_MS, alert, heal, page, program, record, restart

Act = Callable[[Story], object]
NODES = ("n1", "n2", "n3")


def rules(digest: str, *more: Any, **limits: Any) -> Program:
    """Rules of every kind, and what comes and goes between two activations."""
    built = program(
        record("n", "sum(up)", interval_ms=5_000),
        record("doubled", "n * 2", interval_ms=5_000),
        alert(for_s=5),
        alert("Few", "doubled < 4", keep_firing_for_s=7),
        alert("Silent", "absent(other)", interval_ms=40_000),
        alert("Known", 'count by (alertstate) (ALERTS{alertname="Down"}) > 1'),
        alert("Since", "time() - ALERTS_FOR_STATE > 20"),
        alert("Late", "sum_over_time(up[20s]) < 5", query_offset_ms=10_000, limit=3),
        heal(restart(), page(), cooldown_s=20),
        *more,
        digest=digest,
    )
    return msgspec.structs.replace(built, settings=msgspec.structs.replace(built.settings, **limits))


PROGRAMS = [
    rules("plain"),
    rules("long", alert("Long", "count_over_time(n[10m]) > 90 or count_over_time(other[8m]) > 2")),
    rules("short", alert("Rate", "rate(other[30s]) > 0"), pinned=("up", "spare"), retention_ms=60_000),
    rules("narrow", alert("Spare", "spare == 0"), max_series=6, max_samples=150),
]

POOL = [replica(0), replica(1), series("other"), series("spare"), series("up", other="x"), series("unwanted")]
VALUE = st.sampled_from((0.0, 1.0, STALE))


def whole(drawn: tuple[list[Labels], float, str, float]) -> Act:
    """A scrape of some series, by some node, some time ago or ahead."""
    names, value, node, age_s = drawn
    return lambda story: story.scrape(dict.fromkeys(names, value), node=node, age_s=age_s)


def part(drawn: tuple[list[Labels], int, float, float, bool]) -> Act:
    """A sample of one series of a layout, whose names may be left out though nobody knows them."""
    names, at, value, age_s, named = drawn

    return lambda story: story.part(names, {at % len(names): value}, named=named, age_s=age_s)


def many(story: Story) -> None:
    """More sources than have a rule evaluated at once."""
    for number in range(AT_ONCE + 3):
        story.scrape({series("up", source=str(number)): float(number % 2)}, node=NODES[number % 3])
        story.now_ms += 1


def passing(seconds: int) -> Act:
    """Time passes while one source goes on and parts of another come."""

    def act(story: Story) -> None:
        for second in range(seconds):
            story.tick()
            if second % 10 == 0:
                story.samples(1, 0)

    return act


def set_clock(seconds: int) -> Act:
    """The journal's clock jumps."""

    def act(story: Story) -> None:
        story.now_ms += seconds * SECOND_MS

    return act


LAYOUTS = st.sampled_from([POOL[:2], POOL[1:4], POOL, POOL[2:]])
AGES = st.sampled_from((0, 0, 0, 7, 30, 200, 400, -20, -900))
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.tuples(LAYOUTS, VALUE, st.sampled_from(NODES), AGES).map(whole),
    st.tuples(LAYOUTS, st.integers(0, 5), VALUE, AGES, st.booleans()).map(part),
    st.sampled_from((1, 5, 20, 100, 400)).map(passing),
    st.sampled_from(PROGRAMS).map(lambda chosen: lambda story: story.activate(chosen)),
    st.just(many),
    st.sampled_from((-3600, -70, 3600)).map(set_clock),
)


def told(script: list[Act]) -> Story:
    story = Story(PROGRAMS[0])
    for act in script:
        act(story)
    return story


STORIES = st.builds(told, st.lists(ACTS, min_size=5, max_size=30))
deterministic = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@deterministic
@given(STORIES, st.integers(7, 40))
def test_who_dies_often_decides_as_who_lives_on(story: Story, stride: int) -> None:
    """Every few messages the engine is restored; nothing that it decides, nor what it keeps, is any different."""
    state, effects = State(), list[Effect]()
    for number, message in enumerate(story.told):
        if number % stride == 0:
            state = restore(save(state))
        effects += step(state, message)
    assert effects == story.effects
    assert save(state) == save(story.state)


@deterministic
@given(STORIES, st.floats(0, 1))
def test_who_died_once_decides_as_who_lives_on(story: Story, where: float) -> None:
    """However long ago that was."""
    state, effects = State(), list[Effect]()
    for message in story.told[: round(len(story.told) * where)]:
        effects += step(state, message)
    state = restore(save(state))
    for message in story.told[round(len(story.told) * where) :]:
        effects += step(state, message)
    assert effects == story.effects
    assert save(state) == save(story.state)
