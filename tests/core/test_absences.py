"""Correlations of the type `absence`: alerts about what did not come."""

from typing import Any

import pytest

from engine.core.program import EventRule, Settings
from engine.sigma.model import Correlation
from schemas.reasons import Reason
from tests.core.story import alerts, entries, states
from tests.core.test_events import line, rule, spray, tell, with_rules
from tests.core.world import program


def gone(timespan_ms: int = 30_000, **more: Any) -> EventRule:
    """Nothing of a user for so long."""
    says = Correlation(type="absence", rules=("failed",), timespan_ms=timespan_ms, group_by=("user.name",))
    return rule("Gone", id="gone", does=says, **more)


def test_an_absence_fires_when_due_and_ends_with_the_event() -> None:
    """Who was heard of and then is not."""
    silent = Correlation(type="absence", rules=("failed",), timespan_ms=30_000, group_by=("node",))
    story = with_rules(rule(raises=False), rule("Silent", id="silent", does=silent))
    tell(story, line(), node="n7")
    assert states(story.wait(29)) == []
    (fired,) = alerts(story.wait(5))
    assert (fired.state, fired.labels) == ("firing", {"alertname": "Silent", "node": "n7"})
    assert states(story.wait(600)) == []
    assert states(tell(story, line(), node="n7") + story.wait(2)) == ["resolved"]


@pytest.mark.parametrize(("user", "labels"), [("ann", {"user_name": "x"}), ("", {})])
def test_an_absence_ends_whatever_its_labels_say(user: str, labels: dict[str, str]) -> None:
    """A label of the rule may hide that of the group, and one that is empty is none."""
    story = with_rules(rule(raises=False), gone(labels=labels))
    tell(story, line(user__name=user), line(user__name="bob"))
    story.wait(35)
    assert states(tell(story, line(user__name=user))) == ["resolved"]


def test_an_absence_ends_for_its_group_alone() -> None:
    """The groups of others have the same labels, and more."""
    story = with_rules(rule(raises=False), gone())
    tell(story, line(user__name=""), line(user__name="bob"))
    assert states(story.wait(35)) == ["firing", "firing"]
    (ended,) = alerts(tell(story, line(user__name="")))
    assert ended.labels == {"alertname": "Gone"}


def test_an_absence_whose_rule_begins_anew_is_over() -> None:
    """What comes next would end nothing, so the alert would never."""
    story = with_rules(rule(raises=False), gone())
    tell(story, line(user__name="ann"))
    story.wait(35)
    effects = story.activate(program(events=(rule(raises=False), gone(40_000))))
    assert states(effects) == ["resolved"]
    assert entries(effects)[0].reason is Reason.RULE_REMOVED


def test_settings_that_correlations_do_not_know_leave_them_alone() -> None:
    """What was seen is still known, and an absence still told of."""
    story = with_rules(rule(raises=False), gone(), spray())
    tell(story, *(line(source__ip="6.6.6.6", user__name=user) for user in ("ann", "bob")))
    story.wait(35)
    settings = Settings(external_url="http://here")
    effects = story.activate(program(events=(rule(raises=False), gone(), spray()), settings=settings))
    assert states(effects) == []
    assert sorted(states(tell(story, line(source__ip="6.6.6.6", user__name="eve")))) == ["firing"]
    assert states(tell(story, line(user__name="ann"))) == ["resolved"]
