"""A forged log line names no target that its own node may not name."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from engine.core.explain import explain
from engine.core.program import EventCounter, HealRule, Parameter, Playbook, Step
from engine.core.snapshot import restore, save
from engine.sigma.model import Correlation, Threshold
from schemas.commands import Command
from schemas.inventory import Inventory, Target
from schemas.reasons import Reason
from tests.core.story import Story, commands, details, reasons, series
from tests.core.test_events import FAILED, line, rule, tell
from tests.core.world import INTERVAL_S, alert, collect, heal, isolate, page, program, record, respond, restart

TEMPLATED = {"workload": "{{ $labels.workload }}"}


def owns(node: str, *workloads: str) -> Inventory:
    """What the process actuator of a node has, the node itself with it."""
    named = [Target(id=f"workload:{name}", lock=name, attributes={"generation": 1}) for name in workloads]
    return Inventory(
        actuator="process", scope=node, targets=(*named, Target(id=f"node:{node}", lock=f"node:{node}", attributes={}))
    )


def story(heals: Sequence[HealRule], **more: Any) -> Story:
    """`shop` runs on n1, `bank` on n2, and `cache` on both."""
    told = Story(program(*more.pop("rules", ()), *heals, **more))
    told.tell(owns("n1", "shop", "cache"))
    told.tell(owns("n2", "bank", "cache"), "n2")
    return told


def forged(told: Story, workload: str, *, on: str = "n1", **data: Any) -> list[Command]:
    """What is sent, of all but pages, because of a log line on the node that names the workload."""
    sent = commands(tell(told, line(workload=workload, **data), node=on))
    return [command for command in sent if command.verb != "page"]


def on_lines(*steps: Step, **more: Any) -> Story:
    """A rule with these steps on each failed log-in, which says the workload."""
    healing = replace(respond(*steps, on="Failed"), **more)
    return story([healing], events=(rule(group_by=("workload",)),))


@pytest.mark.parametrize("step", [isolate(), restart(None, **TEMPLATED), collect(**TEMPLATED)])
def test_a_line_names_targets_of_its_own_node_only(step: Step) -> None:
    """What it says is looked for there; what is elsewhere is not acted on, nor looked at, and the record says why."""
    told = on_lines(step, page())
    assert [command.scope for command in forged(told, "shop")] == ["n1"]
    told = on_lines(step, page())
    assert forged(told, "bank") == []
    assert Reason.OTHER_NODE in reasons(told.effects)
    assert "events of n1 name workload:bank" in details(told.effects, Reason.OTHER_NODE)
    assert [command.scope for command in forged(told, "bank", on="n2")] == ["n2"]


@pytest.mark.parametrize("steps", [(isolate(), page()), (isolate(),)])
def test_whoever_asks_why_not_is_told_of_the_other_node(steps: tuple[Step, ...]) -> None:
    """Whether the ladder goes on to tell somebody, or is over."""
    told = on_lines(*steps)
    forged(told, "bank")
    found = explain(told.state, "Contain", "bank", told.now_ms)
    assert (found.target, found.why[0].reason) == ("workload:bank", Reason.OTHER_NODE)
    assert found.why[0].detail == "events of n1 name workload:bank"


def test_what_several_nodes_have_is_the_one_of_the_line() -> None:
    """No `scope` is needed to tell which is meant."""
    told = on_lines(isolate())
    assert [command.scope for command in forged(told, "cache", on="n2")] == ["n2"]


@pytest.mark.parametrize("node_field", ["node", "node|x", "no.de", "Node"])
def test_a_line_cannot_say_that_it_is_of_another_node(node_field: str) -> None:
    """Whatever its fields are called, and whatever the rule makes its labels of."""
    told = on_lines(isolate(scope="{{ $labels.node }}"))
    assert forged(told, "bank", **{node_field: "n2"}) == []
    said = rule(group_by=("workload",), labels={"node": "{{ $labels.host }}"})
    told = story([respond(isolate(scope="{{ $labels.node }}"), on="Failed")], events=(said,))
    assert forged(told, "bank", host="n2") == []
    assert Reason.OTHER_NODE in reasons(told.effects)


def test_a_scope_that_the_rule_fixes_does_not_let_a_line_name_what_is_there() -> None:
    """The rule said where, and not which."""
    assert forged(on_lines(isolate(scope="n2")), "bank") == []


def test_what_the_rule_itself_names_may_be_anywhere() -> None:
    """No label has a part in it."""
    told = on_lines(restart(None, workload="bank"))
    assert [command.scope for command in forged(told, "whatever")] == ["n2"]


@pytest.mark.parametrize(("said", "sent"), [("bank", ["workload:bank"]), ("{{ $labels.workload }}", [])])
def test_a_playbook_reaches_no_further_than_the_rule_that_runs_it(said: str, sent: list[str]) -> None:
    """What the rule itself gives it may be anywhere; what the line says is of the line's node."""
    steps = (Step(verb="restart", args={"workload": "{{ $labels.what }}"}),)
    playbook = Playbook(name="fix", version=1, source="", steps=steps, parameters=(Parameter(name="what"),))
    call = Step(verb="playbook", kind="playbook", name="fix", args={"what": said})
    told = story([respond(call, on="Failed")], events=(rule(group_by=("workload",)),), playbooks=(playbook,))
    assert [command.target for command in forged(told, "bank")] == sent


def test_a_rule_may_say_that_any_node_is_meant() -> None:
    """Its author knows who writes these lines."""
    told = on_lines(isolate(), any_node=True)
    assert [command.scope for command in forged(told, "bank")] == ["n2"]


def test_people_are_told_whoever_they_are() -> None:
    """A page changes nothing."""
    told = on_lines(Step(verb="page", args={"receiver": "{{ $labels.team }}"}))
    told.tell(Inventory(actuator="page", scope="n2", targets=(Target(id="receiver:db", lock="db", attributes={}),)))
    assert [command.target for command in commands(tell(told, line(workload="x", team="db")))] in ([], ["receiver:db"])


def correlated(*group_by: str, **more: Any) -> Story:
    counted = Correlation(
        type="event_count",
        rules=("failed",),
        timespan_ms=60_000,
        group_by=group_by,
        thresholds=(Threshold("gte", 2),),
        **more,
    )
    many = rule("Many", id="many", does=counted)
    return story([respond(isolate(), on="Many")], events=(rule(raises=False), many))


@pytest.mark.parametrize(
    ("group_by", "more", "acts"),
    [
        (("workload", "node"), {}, True),
        (("workload",), {}, False),
        (("workload", "node"), {"aliases": {"node": {"failed": "host"}}}, False),
    ],
)
def test_a_correlation_is_of_a_node_where_it_groups_by_it(
    group_by: tuple[str, ...], more: dict[str, Any], acts: bool
) -> None:
    """Otherwise its events may be of several, any of which may have said which workload it is."""
    told = correlated(*group_by, **more)
    sent = [command for _ in range(2) for command in forged(told, "shop", host="n1")]
    assert [command.scope for command in sent] == (["n1"] if acts else [])
    assert (Reason.OTHER_NODE in reasons(told.effects)) is not acts


def counted_story(expr: str, *more: Any, **settings: Any) -> Story:
    counter = EventCounter(id="c", group="g", name="failed_total", source="a.yml:1", detection=FAILED, labels=TEMPLATED)
    healing = replace(heal(isolate(), on="Down"), **settings)
    return story([healing], rules=(alert("Down", expr), *more), counters=(counter,))


@pytest.mark.parametrize(
    ("expr", "more"),
    [
        ("failed_total > 0", ()),
        ("kept > 0", (record("kept", "later"), record("later", "max by (workload) (failed_total)"))),
        ('{workload="bank"} > 0', ()),
    ],
)
def test_what_was_counted_from_lines_is_still_their_word(expr: str, more: tuple[Any, ...]) -> None:
    """An alert on a log metric has labels that the lines chose, by however many rules it comes."""
    told = counted_story(expr, *more)
    assert forged(told, "bank") == []
    told.wait(2 * INTERVAL_S)
    assert commands(told.effects) == []
    assert Reason.OTHER_NODE in reasons(told.effects)


def test_a_rule_on_a_log_metric_may_say_that_any_node_is_meant() -> None:
    """As one on the lines themselves."""
    told = counted_story("failed_total > 0", any_node=True)
    forged(told, "bank")
    told.wait(3)
    assert [command.scope for command in commands(told.effects)] == ["n2"]


def test_samples_name_whatever_they_name() -> None:
    """They are of collectors, which the nodes' owners set up, and not of whoever can write a line."""
    told = story([heal(isolate(), on="Down")], rules=(alert("Down", "up == 0"),))
    sent = told.scrape({series("up", workload="bank"): 0.0})
    assert [command.scope for command in commands(sent)] == ["n2"]


def test_whose_word_it_was_outlives_a_snapshot() -> None:
    """A ladder that was held goes on as it began."""
    told = story([respond(isolate(), on="Failed")], events=(rule(group_by=("workload",)),))
    told.halt()
    forged(told, "bank")
    restored = restore(save(told.state))
    assert [ladder.node for ladder in restored.ladders.values()] == ["n1"]
    assert [each.node for found in restored.alerts.values() for each in found.values()] == ["n1"]
