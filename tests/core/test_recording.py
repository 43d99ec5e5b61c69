"""What rules write: recorded series, ALERTS and ALERTS_FOR_STATE, as Prometheus writes them, and who reads them."""

import msgspec

from engine.core.compiled import CompiledRule
from engine.promql import compile_expr
from schemas.reasons import Reason
from tests.core.story import Story, alerts, reasons, series, states
from tests.core.world import INTERVAL_S, alert, program, record


def test_a_recording_rule_appends_on_its_grid_only() -> None:
    """However many samples arrive, a recorded series has one sample for each interval."""
    story = Story(program(record("n", "count(up)", interval_ms=10_000), alert("Few", "count_over_time(n[1m]) < 6")))
    story.every_second(90, 1, 1)
    assert states(story.every_second(30, 1, 1)) == []
    ((_, samples),) = compile_expr("count_over_time(n[1h])").evaluate(story.state.store, story.now_ms).items()
    assert samples <= 12 + 1


def test_a_recording_rule_feeds_the_alerts_after_it() -> None:
    """Rules due at once run in their order in the file, so an alert sees what was recorded at the same instant."""
    story = Story(program(record("n", "sum(up)"), alert("None", "n == 0")))
    story.samples(0, 0)
    assert states(story.wait(INTERVAL_S)) == ["firing"]


def test_what_is_recorded_reaches_its_readers_at_once() -> None:
    """To an alert a recorded sample is a sample like any other: it need not wait for its own interval."""
    recorded = record("n", "sum(up)", interval_ms=10_000)
    story = Story(program(alert("None", "n == 0"), recorded))
    story.samples(0, 0)
    (fired,) = alerts(story.wait(10))
    assert fired.time_ms % 10_000 == CompiledRule.grid_offset_ms(recorded, 10_000)


def test_query_offset_looks_at_the_past() -> None:
    """A rule with `query_offset` evaluates as of that long ago, and records with that time."""
    late = record("n", "up", query_offset_ms=60_000, interval_ms=INTERVAL_S * 1000)
    story = Story(program(late, alert("Down", "up == 0", query_offset_ms=60_000), alert("N", "n == 1")))
    began_ms = story.now_ms
    (fired,) = alerts(story.every_second(100, 0))
    assert 60_000 <= fired.time_ms - began_ms - 1000 < 60_000 + 1000
    (_, at_s), *_ = compile_expr("timestamp(n)").evaluate(story.state.store, story.now_ms).items()
    assert story.now_ms - at_s * 1000 >= 60_000


def test_alerts_are_series_too() -> None:
    """`ALERTS` and `ALERTS_FOR_STATE` can be asked for, as in Prometheus, and end with the alert."""
    on_alerts = alert("Several", 'count by (alertstate) (ALERTS{alertname="Down"}) > 1')
    since = record("since", 'ALERTS_FOR_STATE{alertname="Down"}')
    story = Story(program(alert(for_s=20), since, on_alerts))
    began_s = story.now_ms // 1000
    effects = story.every_second(INTERVAL_S, 0, 0)
    assert [(fired.alertname, fired.labels.get("alertstate")) for fired in alerts(effects)][2:] == [
        ("Several", "pending")
    ]
    values = {value for _, value in compile_expr("ALERTS_FOR_STATE").evaluate(story.state.store, story.now_ms).items()}
    assert values == {began_s + 1}
    assert [(each.alertname, each.state) for each in alerts(story.every_second(2 * INTERVAL_S, 1, 1))] == [
        ("Down", "inactive"),
        ("Down", "inactive"),
        ("Several", "resolved"),
    ]
    assert list(compile_expr("ALERTS").evaluate(story.state.store, story.now_ms).items()) == []


def test_alerts_that_nothing_looks_at_are_no_series() -> None:
    """Only what an expression can ask for is kept."""
    story = Story(program(alert(), record("n", "sum(up)")))
    story.every_second(INTERVAL_S + 1, 0, 0)
    assert len(story.state.store) == 2


def test_a_recorded_series_ends_with_its_source() -> None:
    """What a recording rule no longer yields is stale at once, as in Prometheus, and not for five minutes more."""
    story = Story(program(record("broken", "up == 0"), alert("Broken", "broken")))
    story.samples(0)
    assert states(story.wait(INTERVAL_S)) == ["firing"]
    story.samples(1)
    assert states(story.wait(INTERVAL_S)) == ["resolved"]


def test_a_recording_rule_that_is_removed_ends_its_series() -> None:
    """Nobody decides on what nobody records any more."""
    story = Story(program(record("n", "sum(up)")))
    story.samples(0)
    story.wait(INTERVAL_S)
    story.activate(program(alert("Some", "n == 0")))
    assert states(story.wait(2 * INTERVAL_S)) == []


def test_recorded_labels_are_no_templates_and_the_limit_counts() -> None:
    """Labels of a recording rule stand as written; too many series are an error that records none."""
    braces = record("a", "up", labels={"x": "{{ $value }}"})
    story = Story(program(braces, record("b", "up", limit=1), alert("A", "a"), alert("B", "b")))
    story.samples(1, 1)
    effects = story.wait(INTERVAL_S)
    assert [(fired.alertname, fired.labels["x"]) for fired in alerts(effects)] == [("A", "{{ $value }}")] * 2
    assert reasons(effects) == [Reason.EVALUATION_FAILED]


def test_an_alert_fires_although_there_is_no_room_for_its_series() -> None:
    """That nobody can ask for ALERTS is an error of the rule, but what it is about is told all the same."""
    rules = program(alert(), alert("Meta", "ALERTS > 1"))
    rules = msgspec.structs.replace(rules, settings=msgspec.structs.replace(rules.settings, max_series=2))
    effects = Story(rules).samples(0, 0)
    assert states(effects) == ["firing", "firing"]
    assert reasons(effects) == [Reason.EVALUATION_FAILED]


def test_ending_a_series_that_is_forgotten_takes_no_room() -> None:
    """What a rule wrote long ago, and its end, are not brought back."""
    story = Story(program(record("n", "up", interval_ms=900_000), alert("N", "n == 0")))
    story.every_second(900, 1)
    gone = []
    for _ in range(1200):
        story.tick()
        gone.append(bool(story.state.store.unknown([series("n", workload="shop", replica="0")])))
    assert gone == sorted(gone)
    assert gone[-1]
