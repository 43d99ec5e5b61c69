"""What holds of every story under a policy: bounds hold at every moment, and who waits is woken."""

import pytest
from hypothesis import given

from engine.core.state import State
from engine.core.step import step
from schemas.commands import Command
from tests.core.bounded_stories import POLICIES, bounded_stories
from tests.core.invariants import (
    assert_consistent,
    assert_each_let_pass,
    assert_objected,
    assert_within_budgets,
    assert_within_limits,
)
from tests.core.story import Story
from tests.core.test_properties import deterministic


@deterministic
@given(bounded_stories())
def test_what_is_counted_is_what_there_is(story: Story) -> None:
    """After every message: no counter is left behind, no ladder waits for what will never come, and each act was within
    the policy of that moment, whatever policy came and went before."""
    state = State()
    for number, message in enumerate(story.told):
        begun = len(state.done)
        step(state, message)
        assert_consistent(state)
        assert_each_let_pass(state, begun)
        if number % 20 == 0:  # it takes long
            assert_objected(state)


@pytest.mark.parametrize("name", POLICIES)
def test_no_bound_is_ever_exceeded(name: str) -> None:
    """Whoever acts, whatever the actuators answer, and however the clock goes; under one policy from its beginning."""

    @deterministic
    @given(bounded_stories(name, most=40))
    def holds(story: Story) -> None:
        state = State()
        for message in story.told:
            begun, services = len(state.done), state.services
            effects = step(state, message)
            assert_within_limits(state)
            if any(isinstance(effect, Command) for effect in effects):
                assert_within_budgets(state, services, begun)

    holds()
