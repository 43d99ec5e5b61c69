"""Asking why a rule has not acted, and picking out of the answer."""

from engine.core import snapshot
from engine.core.explain import Explanation, Verdict, explain
from schemas.reasons import Reason
from tests.core.story import Story

TARGET = "replica:shop/0"


def why_not(story: Story, target: str = TARGET, rule: str = "Heal") -> Explanation:
    """The answer, which leaves the state as it was."""
    before = snapshot.save(story.state)
    found = explain(story.state, rule, target, story.now_ms)
    assert snapshot.save(story.state) == before
    return found


def reasons(found: Explanation) -> list[Reason]:
    return [each.reason for each in found.why]


def objecting(found: Explanation) -> dict[str, list[Reason]]:
    """The reasons of each guardrail that objects."""
    return {
        each.guardrail: [objection.reason for objection in each.objections]
        for each in found.guardrails
        if each.objections
    }


def verdict(found: Explanation, guardrail: str) -> Verdict:
    return next(each for each in found.guardrails if each.guardrail == guardrail)
