"""Whatever an event says, it is one event among others: whoever writes logs chooses what is in them."""

import math
import tracemalloc
from typing import Any

import msgspec
import pytest

from engine.core.program import EventCounter, EventRule, Program
from engine.core.snapshot import restore, save
from engine.sigma import model
from engine.sigma.model import Correlation, Detection, LogSource, Threshold
from schemas.events import Event
from tests.core.story import Story, alerts, entries, states
from tests.core.test_events import FAILED, SSHD, line, rule, spray, tell, with_rules
from tests.core.world import program

USER = "{{ $labels.user_name }}"
CORRELATED = ("event_count", "value_count", "value_sum", "value_avg", "value_median", "absence")
ASKED: tuple[model.Node, ...] = (
    model.Compare("n", "gt", 5),
    model.Number("n", 1),
    model.TimePart("n", "hour", 1),
    model.Cidr("n", "10.0.0.0/8"),
    model.SameAs("n", "user.name", "contains"),
    model.Regexp("n", "a.*b"),
    model.Keyword(("zz",)),
    model.Not(model.Text("n", ("q",))),
)
HOSTILE = (
    *("1e308", "-1e308", "-0.0", "1e-320", "9007199254740993", "18446744073709551616", "1" * 400, "-" + "1" * 400),
    *("1" * 4300, '"' + "1" * 400 + '"', '"nan"', '"inf"', '"-Infinity"', '"1e400"', '" 1 "', '"1_0"', "true", "null"),
    *('""', '" "', "[]", "{}", "[[[]]]", "[null]", '{"n": ' + "1" * 400 + "}", '["a", "b"]', '"\\u0000\\u0001\\u0003"'),
    *('"' + "é" * 2_000 + '"', '"' + "x" * 100_000 + '"', '[1, "1", 1.0]', '"{{ $labels.n }}"'),
)


def correlated(kind: Any) -> EventRule:
    says = Correlation(
        type=kind,
        rules=("failed",),
        timespan_ms=60_000,
        group_by=("user.name",),
        thresholds=() if kind == "absence" else (Threshold("gte", 1),),
        fields=("n",) if kind.startswith("value") else (),
    )
    return rule(kind, id=kind, does=says)


def counter(**more: Any) -> EventCounter:
    return EventCounter(id="c", group="g", name="bytes_total", source="a:1", detection=FAILED, value="n", **more)


def everything() -> Program:
    """A rule of every kind."""
    asked = (rule(str(at), id=str(at), does=Detection(logsource=SSHD, condition=node)) for at, node in enumerate(ASKED))
    said = rule(group_by=("user.name",), annotations={"summary": USER}, labels={"user": USER})
    return program(
        events=(said, *asked, *map(correlated, CORRELATED)),
        counters=(counter(labels={"user": USER, "n": "n {{ $labels.n }}"}),),
    )


def saying(data: dict[str, Any]) -> Event:
    return msgspec.structs.replace(line(), data=line().data | data)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: value[:12])
def test_no_value_stops_the_engine(value: str) -> None:
    """Whatever JSON can say, where rules compare, add up, group, count and word it; and the state can be saved."""
    decoded = msgspec.json.decode(value)
    story = Story(everything())
    for data in ({"n": decoded}, {"user.name": decoded}, {"n": decoded, "user.name": decoded}):
        tell(story, saying({"n": 1, "user.name": "ann"} | data))
    story.wait(65)
    assert save(restore(save(story.state))) == save(story.state)


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "1e308", 1e308, 2**60, int("1" * 400), -1, True, None, "x"],
    ids=lambda value: repr(value)[:12],
)
def test_no_value_spoils_a_counter(value: Any) -> None:
    """What is no number, or none beside which others count, is not added."""
    story = Story(program(counters=(counter(),)))
    tell(story, line(n=1), line(n=value), line(n="2.5"))
    (count,) = story.state.counts["c"].values()
    assert count.value == 3.5


def test_a_sum_may_be_more_than_a_number_can_be() -> None:
    """Then it is infinite, which is more than any bound."""
    story = Story(program(events=(rule(raises=False), correlated("value_sum"))))
    tell(story, *(line(n=1e308, user__name="ann") for _ in range(3)))
    (active,) = story.state.alerts["value_sum"].values()
    assert active.value == math.inf


def test_an_alert_bears_the_value_that_was_compared() -> None:
    """Zero too."""
    says = Correlation(
        type="value_sum", rules=("failed",), timespan_ms=1_000, thresholds=(Threshold("lt", 1),), fields=("n",)
    )
    story = Story(program(events=(rule(raises=False), rule("Little", id="little", does=says))))
    tell(story, line(n=0))
    story.wait(400)
    assert [each.value for each in alerts(story.effects)][:1] == ["0"]


def test_a_bound_that_was_lowered_holds_with_the_next_alert() -> None:
    """Those that are too many end, the least lately seen first."""
    known = rule(group_by=("user.name",))
    story = Story(program(events=(known,)))
    tell(story, *(saying({"user.name": user}) for user in "abcde"))
    story.activate(program(events=(msgspec.structs.replace(known, limit=2),)))
    assert states(tell(story, saying({"user.name": "f"}))) == [*["resolved"] * 4, "firing"]


def test_no_field_speaks_for_the_node() -> None:
    """Of fields that become one label, and of more fields than become labels, the node that sent the event is told."""
    story = Story(program(counters=(counter(labels={"node": "{{ $labels.node }}"}),)))
    spoof = saying({"n": 1, "node": "a", "node|x": "b"})
    many = saying({"n": 1} | {f"f{number}": number for number in range(5_000)})
    tell(story, spoof, many, node="web1")
    assert list(story.state.counts["c"]) == [(("node", "web1"),)]


def test_long_names_are_not_remembered() -> None:
    """Of fields, log sources, sources and types of events no more is kept than anybody asks for."""
    story = Story(
        program(
            events=(rule(), rule("Any", id="any", does=Detection(logsource=LogSource(), condition=FAILED.condition)))
        )
    )

    def kept() -> int:
        tracemalloc.start()
        for number in range(20):
            name = f"{number}" + "n" * 100_000
            data = {"message": "Failed password", name: 1}
            tell(story, Event(id="e", source=name, type=name, product="linux", service="sshd", data=data))
            tell(story, Event(id="e", source="s", type="t", product=name, category=name, service=name, data=data))
        story.told.clear()
        story.effects.clear()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    assert kept() < 500_000


def test_the_record_tells_of_the_event_that_completed_a_correlation() -> None:
    """What `why` shows of it is what the attacker has come to, not how it began, and is one line."""
    story = with_rules(rule(raises=False), spray())
    long = "Failed password" + " x" * 100
    tell(story, *(line(long, source__ip="6.6.6.6", user__name=user) for user in ("ann", "bob")))
    effects = tell(story, line("Failed password, the last", source__ip="6.6.6.6", user__name="eve"))
    (fired,) = [entry for entry in entries(effects) if entry.state == "firing"]
    assert fired.detail == f"{story.seq - 1}.0 {story.seq - 1}.1 {story.seq}.0: Failed password, the last"
