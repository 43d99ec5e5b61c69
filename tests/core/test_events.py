"""Events to alerts and to metrics."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.core.program import EventCounter, EventRule, Settings
from engine.core.snapshot import restore, save
from engine.core.step import step
from engine.sigma.model import MANY, Correlation, Detection, LogSource, Text, Threshold
from schemas.events import Event, Events
from schemas.reasons import Reason
from tests.core.story import START_MS, Story, alerts, commands, entries, series, states, values
from tests.core.world import alert, heal, program, restart

SSHD = LogSource("linux", "", "sshd")
FAILED = Detection(logsource=SSHD, condition=Text("message", (MANY, "Failed password", MANY)))


def rule(name: str = "Failed", *, id: str = "failed", **more: Any) -> EventRule:  # noqa: A002 - the field's name
    said: dict[str, Any] = {"id": id, "group": "g", "name": name, "source": "a.yml:1", "does": FAILED}
    return EventRule(**said | more)


def spray(**more: Any) -> EventRule:
    """Three users from one address within a minute."""
    counted = Correlation(
        type="value_count",
        rules=("failed",),
        timespan_ms=60_000,
        group_by=("source.ip",),
        thresholds=(Threshold("gte", 3),),
        fields=("user.name",),
    )
    return rule("Spray", id="spray", does=counted, **more)


def line(message: str = "Failed password for ann", *, service: str = "sshd", **data: Any) -> Event:
    fields = {name.replace("__", "."): value for name, value in data.items()}
    return Event(
        id="e1",
        source="/var/log/auth.log",
        type="log.line",
        product="linux",
        service=service,
        data={"message": message} | fields,
    )


def tell(story: Story, *events: Event, node: str = "n1") -> list[Any]:
    return story.tell(Events(events), node)


def with_rules(*rules: EventRule, **more: Any) -> Story:
    return Story(program(events=rules, **more))


# --- one event ---


def test_an_event_that_fits_fires_at_once() -> None:
    """The alert fires with the event, labelled with the node that sent it, and tells which event it was."""
    story = with_rules(rule(labels={"severity": "high"}, annotations={"summary": "{{ $labels.user_name }}"}))
    (fired,) = alerts(tell(story, line(user__name="ann"), node="web1"))
    assert fired.labels == {"alertname": "Failed", "node": "web1", "severity": "high"}
    assert fired.annotations == {"summary": "ann", "events": f"{story.seq}.0", "event": "Failed password for ann"}
    assert [entry.reason for entry in entries(story.effects)][-1] is Reason.EVENT_MATCHED


@pytest.mark.parametrize("event", [line("Accepted password"), line(service="sudo")])
def test_other_events_fire_nothing(event: Event) -> None:
    """Neither what the detection does not say, nor what is of another log source."""
    assert alerts(tell(with_rules(rule()), event)) == []


def test_more_of_the_same_is_the_same_alert() -> None:
    """An alert that fires counts the further events, and is not told again."""
    story = with_rules(rule())
    tell(story, line())
    assert alerts(tell(story, line(), line())) == []
    (active,) = story.state.alerts["failed"].values()
    assert active.value == 3


def test_alerts_are_told_apart_by_node_and_by_the_fields_of_group_by() -> None:
    """`group-by` gives each value an alert of its own; the fields are labels."""
    story = with_rules(rule(group_by=("source.ip",)))
    fired = alerts(tell(story, line(source__ip="1.1.1.1"), line(source__ip="2.2.2.2"), line()))
    assert [each.labels.get("source_ip") for each in fired] == ["1.1.1.1", "2.2.2.2", None]


def test_an_alert_resolves_when_nothing_has_fitted_for_a_while() -> None:
    """`keep_firing_for` counts from the last event."""
    story = with_rules(rule(keep_firing_for_ms=60_000))
    tell(story, line())
    story.wait(50)
    tell(story, line())
    assert states(story.wait(55)) == []
    assert states(story.wait(20)) == ["resolved"]


def test_a_rule_that_only_feeds_correlations_raises_nothing() -> None:
    """`raises` is for the rule's own alerts."""
    assert alerts(tell(with_rules(rule(raises=False)), line())) == []


def test_no_rule_has_more_alerts_than_it_may() -> None:
    """One more ends the alert that was seen least lately, by name; attackers choose what tells alerts apart."""
    story = with_rules(rule(group_by=("source.ip",), limit=2))
    tell(story, line(source__ip="1"), line(source__ip="2"), line(source__ip="1"))
    effects = tell(story, line(source__ip="3"))
    assert [(each.state, each.labels["source_ip"]) for each in alerts(effects)] == [("resolved", "2"), ("firing", "3")]
    assert Reason.EVICTED in [entry.reason for entry in entries(effects)]


def test_an_event_alert_begins_a_ladder() -> None:
    """What is done about alerts is done about these."""
    replica = restart(workload="shop", replica="{{ $labels.replica }}")
    story = Story(program(heal(replica, on="Failed"), events=(rule(group_by=("replica",)),)))
    (command,) = commands(tell(story, line(replica="0")))
    assert (command.verb, command.target) == ("restart", "replica:shop/0")


def test_active_alerts_are_series() -> None:
    """ALERTS knows them as long as they fire."""
    story = Story(program(alert("Any", 'ALERTS{alertname="Failed"}'), events=(rule(keep_firing_for_ms=30_000),)))
    tell(story, line())
    assert list(values(story, "ALERTS").values()) == [1.0]
    story.wait(60)
    assert values(story, "ALERTS") == {}


def test_many_active_alerts_are_series_within_a_second() -> None:
    """They are written together, so that whoever makes up what tells alerts apart does not slow down the others."""
    known = program(alert("Any", 'ALERTS{alertname="Failed"}'), events=(rule(group_by=("user.name",)),))
    story = Story(known)
    tell(story, *(line(user__name=f"u{number}") for number in range(200)))
    story.wait(1)
    assert len(values(story, 'ALERTS{alertname="Failed"}')) == 200


def test_an_edit_that_removes_the_rule_ends_its_alerts() -> None:
    """As with rules over samples, by name."""
    story = with_rules(rule())
    tell(story, line())
    effects = story.activate(program())
    assert states(effects) == ["resolved"]
    assert story.state.alerts == {}


def test_what_is_no_object_is_a_message() -> None:
    """An event whose data is text is tried as its message."""
    event = Event(id="e", source="s", type="t", product="linux", service="sshd", data="Failed password")
    assert states(tell(with_rules(rule()), event)) == ["firing"]


# --- many events ---


def test_a_correlation_fires_with_the_event_that_completes_it() -> None:
    """Its labels are the group; its events are named."""
    story = with_rules(rule(raises=False), spray())
    tell(story, *(line(source__ip="6.6.6.6", user__name=user) for user in ("ann", "bob")))
    (fired,) = alerts(tell(story, line(source__ip="6.6.6.6", user__name="eve")))
    assert (fired.labels, fired.value) == ({"alertname": "Spray", "source_ip": "6.6.6.6"}, "3")
    places = fired.annotations["events"].split()
    assert places == [f"{story.seq - 1}.0", f"{story.seq - 1}.1", f"{story.seq}.0"]
    assert fired.annotations["event"].splitlines() == ["Failed password for ann"] * len(places)


def test_windows_are_of_the_times_that_events_say() -> None:
    """What happened minutes apart is not together because it was told together."""

    def at(seconds: int, user: str) -> Event:
        time = datetime.fromtimestamp(START_MS / 1000 + seconds, UTC).isoformat()
        return Event(
            id=user,
            source="s",
            type="t",
            time=time,
            product="linux",
            service="sshd",
            data={"message": "Failed password", "source.ip": "6.6.6.6", "user.name": user},
        )

    story = with_rules(rule(raises=False), spray())
    story.wait(240)
    assert states(tell(story, at(0, "ann"), at(90, "bob"), at(180, "eve"))) == []
    assert states(tell(story, at(200, "ann"), at(210, "bob"))) == ["firing"]


def test_a_restored_state_goes_on_counting() -> None:
    """Half a correlation survives a snapshot."""
    story = with_rules(rule(raises=False), spray())
    tell(story, *(line(source__ip="6.6.6.6", user__name=user) for user in ("ann", "bob")))
    state = restore(save(story.state))
    last = tell(story, line(source__ip="6.6.6.6", user__name="eve"))
    assert list(step(state, story.told[-1])) == last
    assert save(state) == save(story.state)


@pytest.mark.parametrize("restored", [False, True])
def test_late_events_are_waited_for_as_the_settings_say(restored: bool) -> None:
    """From the first program on, and after a restore: five minutes unless they say otherwise."""
    few = Correlation(type="event_count", rules=("failed",), timespan_ms=60_000, thresholds=(Threshold("lt", 3),))
    story = with_rules(rule(raises=False), rule("Few", id="few", does=few))
    tell(story, line())
    if restored:
        story.state = restore(save(story.state))
    assert states(story.wait(359)) == []
    assert states(story.wait(1)) == ["firing"]


# --- events as metrics ---


def test_events_are_counted_by_what_they_are() -> None:
    """`ops_events_total` begins with a zero, so that the first event is an increase."""
    story = Story(program())
    tell(story, line(), line(service="sudo"), line())
    story.wait(2)
    labels = {"node": "n1", "source": "/var/log/auth.log", "type": "log.line", "product": "linux"}
    assert values(story, 'ops_events_total{service="sshd"}') == {
        series("ops_events_total", service="sshd", **labels): 2.0
    }
    assert sum(values(story, "increase(ops_events_total[1m])").values()) == pytest.approx(3, abs=3)


def test_a_counter_is_written_when_it_changed() -> None:
    """The events of one node do not have the counters of all others written, but at their interval."""
    story = Story(program(alert("Any", "count_over_time(ops_events_total[5s]) > 100")))
    tell(story, line(), node="quiet")
    story.wait(15)
    for _ in range(5):
        tell(story, line(), node="busy")
        story.wait(1)
    counted = {
        dict(labels)["node"]: count for labels, count in values(story, "count_over_time(ops_events_total[5s])").items()
    }
    assert counted["busy"] >= 5
    assert counted.get("quiet", 0) <= 1


def test_more_than_so_many_errors_a_second_is_an_ordinary_alert() -> None:
    """An expression over counted events fires while they come, and resolves when they stop."""
    busy = alert("Busy", 'rate(ops_events_total{service="sshd"}[30s]) > 5', for_s=60)
    story = Story(program(busy))
    effects = [effect for _ in range(100) for effect in (*tell(story, *[line()] * 8), *story.tick())]
    assert states(effects) == ["pending", "firing"]
    assert states(story.wait(60)) == ["resolved"]


def test_a_log_metric_counts_what_fits_by_its_labels() -> None:
    """A rule that records a detection is a counter; its labels are templates over the event."""
    counter = EventCounter(
        id="c",
        group="g",
        name="ssh_failures_total",
        source="a:1",
        detection=FAILED,
        labels={"user": "{{ $labels.user_name }}"},
    )
    story = Story(program(counters=(counter,)))
    tell(story, line(user__name="ann"), line(user__name="bob"), line("Accepted"), line(user__name="ann"))
    story.wait(2)
    assert values(story, "ssh_failures_total") == {
        series("ssh_failures_total", user="ann"): 2.0,
        series("ssh_failures_total", user="bob"): 1.0,
    }


def test_a_log_metric_can_sum_a_field() -> None:
    """`value` names it; what is no number adds nothing."""
    counter = EventCounter(id="c", group="g", name="bytes_total", source="a:1", detection=FAILED, value="bytes")
    story = Story(program(counters=(counter,)))
    tell(story, line(bytes=100), line(bytes="250"), line(bytes="none"), line())
    story.wait(2)
    assert list(values(story, "bytes_total").values()) == [350.0]


def test_series_beyond_the_limit_are_counted_as_one() -> None:
    """Whoever chooses labels cannot fill the store."""
    story = Story(program(settings=Settings(max_event_series=2)))
    tell(story, *(line(service=f"s{number}") for number in range(10)))
    story.wait(2)
    assert len(values(story, "ops_events_total")) == 3
    assert list(values(story, 'ops_events_total{overflow="true"}').values()) == [8.0]


def test_counters_do_not_grow_stale() -> None:
    """A counter that no longer counts is there for as long as an hour, and then ends."""
    story = Story(program())
    tell(story, line())
    story.wait(600)
    assert list(values(story, "ops_events_total").values()) == [1.0]
    for _ in range(62):
        story.tick(60)
    assert values(story, "ops_events_total") == {}
