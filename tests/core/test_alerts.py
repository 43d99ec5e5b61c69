"""Samples to alert transitions: what Prometheus' users know of `for`, `keep_firing_for`, labels and limits holds."""

from engine.core.effects import Rejected
from engine.core.messages import Unreadable
from engine.promql import compile_expr
from schemas.labels import Labels
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values
from tests.core.story import Story, alerts, entries, reasons, replica, series, states
from tests.core.world import INTERVAL_S, alert, program, record

JOBS: dict[Labels, float] = {series("up", job="a", zone="x"): 0, series("up", job="a", zone="y"): 0}


def test_an_alert_without_for_fires_with_the_sample() -> None:
    """Evaluation happens on arrival, not on a poll."""
    (fired,) = alerts(Story(program(alert())).samples(0, 1))
    assert (fired.state, fired.value, fired.labels["replica"]) == ("firing", "0", "0")


def test_for_makes_pending_then_firing_then_resolved() -> None:
    """An alert with `for` is pending first, and fires when it has held."""
    story = Story(program(alert(for_s=10)))
    assert states(story.samples(0)) == ["pending"]
    assert states(story.every_second(9, 0)) == []
    assert states(story.every_second(1, 0)) == ["firing"]
    assert states(story.every_second(1, 1)) == ["resolved"]


def test_a_blip_shorter_than_for_never_fires() -> None:
    """A condition that clears before `for` elapses leaves no trace but pending and inactive."""
    story = Story(program(alert(for_s=10)))
    story.samples(0)
    story.every_second(8, 0)
    story.every_second(1, 1)
    story.wait(30)
    assert states(story.effects) == ["pending", "inactive"]


def test_for_ends_at_its_exact_time_between_messages() -> None:
    """What comes due between two messages is decided at its due time, not at the next message's."""
    story = Story(program(alert(for_s=10)))
    story.samples(0)
    due_ms = story.now_ms + 10_000
    story.tick(9.4)
    (fired,) = alerts(story.tick(2.3))
    assert (fired.state, fired.time_ms, fired.active_at_ms) == ("firing", due_ms, due_ms - 10_000)


def test_an_episode_keeps_its_onset_and_a_refire_has_another() -> None:
    """(id, onset) names one episode of an alert."""
    story = Story(program(alert()))
    first, resolved, second = alerts([*story.samples(0), *story.every_second(1, 1), *story.every_second(1, 0)])
    assert first.id == resolved.id == second.id
    assert first.onset == resolved.onset < second.onset == story.seq


def test_keep_firing_for_outlives_a_short_recovery() -> None:
    """An alert that clears for less than `keep_firing_for` does not resolve."""
    story = Story(program(alert(keep_firing_for_s=10)))
    story.samples(0)
    assert states(story.every_second(9, 1) + story.every_second(1, 0)) == []
    assert states(story.every_second(10, 1)) == []
    (resolved,) = alerts(story.every_second(1, 1))
    assert (resolved.state, resolved.time_ms) == ("resolved", story.now_ms)


def test_labels_and_annotations_are_templates() -> None:
    """The rule's texts see the element's labels and its value; the rule's labels win over the element's."""
    rule = alert(
        labels={"workload": "{{ $labels.workload }}-x"},
        annotations={"summary": "{{ $value }} of {{ .Labels.replica }}"},
    )
    (fired,) = alerts(Story(program(rule)).samples(0))
    assert fired.labels == {"alertname": "Down", "workload": "shop-x", "replica": "0"}
    assert fired.annotations == {"summary": "0 of 0"}


def test_a_template_that_fails_does_not_keep_its_alert_from_firing() -> None:
    """As in Prometheus the text says what went wrong, and the alert fires."""
    rule = alert(annotations={"summary": '{{ query "up ==" }}'})
    (fired,) = alerts(Story(program(rule)).samples(0))
    assert fired.annotations["summary"].startswith("<error expanding template: ")


def test_elements_that_become_the_same_alert_are_an_error() -> None:
    """Two elements with the same labels after the rule's own change nothing and are reported."""
    story = Story(program(alert(labels={"zone": ""})))
    effects = story.scrape(JOBS)
    assert (states(effects), reasons(effects)) == ([], [Reason.EVALUATION_FAILED])
    assert "same labelset" in entries(effects)[0].detail


def test_more_alerts_than_the_limit_are_an_error() -> None:
    """A rule that yields more than its limit changes nothing."""
    story = Story(program(alert(limit=1)))
    assert reasons(story.samples(0, 0)) == [Reason.EVALUATION_FAILED]
    story.tick()
    assert states(story.samples(0, 1)) == ["firing"]


def test_alerts_that_are_kept_firing_count_towards_the_limit() -> None:
    """As in Prometheus, what is active is counted, whether or not the expression still holds."""
    story = Story(program(alert(limit=1, keep_firing_for_s=60)))
    assert states(story.samples(0, 1)) == ["firing"]
    story.tick()
    assert reasons(story.samples(1, 0)) == [Reason.EVALUATION_FAILED]


def test_an_error_is_reported_once_until_it_passes() -> None:
    """The audit is not flooded by a rule that fails on every sample."""
    story = Story(program(alert(limit=1)))
    assert reasons(story.samples(0, 0)) == [Reason.EVALUATION_FAILED]
    assert reasons(story.every_second(20, 0, 0)) == []
    story.every_second(1, 1, 1)
    assert reasons(story.every_second(1, 0, 0)) == [Reason.EVALUATION_FAILED]


def test_a_failing_rule_does_not_disturb_the_others() -> None:
    """Each rule stands for itself."""
    story = Story(program(alert("Broken", limit=1), alert("Down")))
    assert {fired.alertname for fired in alerts(story.samples(0, 0))} == {"Down"}


def test_a_rule_with_an_interval_waits_for_its_grid() -> None:
    """A group's `interval` means what it means in Prometheus: samples alone do not evaluate it."""
    story = Story(program(alert(interval_ms=20_000)))
    assert states(story.samples(0)) == []
    (fired,) = alerts(story.every_second(20, 0))
    (again,) = alerts([*story.every_second(20, 1)])
    assert (again.state, again.time_ms - fired.time_ms) == ("resolved", 20_000)


def test_absent_fires_by_time_alone() -> None:
    """A source that falls silent is noticed although no sample says so."""
    story = Story(program(alert("Silent", "absent(up)")), settled=False)
    story.tick()
    story.samples(1)
    assert "firing" not in states(story.wait(5 * 60 - 1))
    assert states(story.wait(INTERVAL_S + 1)) == ["firing"]


def test_late_samples_fill_windows_and_trigger_nothing() -> None:
    """What is older than one interval is history, not news."""
    story = Story(program(alert(), alert("Sum", "sum_over_time(up[5m]) == 0")))
    assert states(story.samples(0, age_s=INTERVAL_S + 1)) == []
    assert states(story.samples(0, age_s=INTERVAL_S)) == ["firing", "firing"]


def test_a_sample_from_the_future_counts_as_of_now() -> None:
    """A fast clock on a node does not move the engine's."""
    story = Story(program(alert()))
    (fired,) = alerts(story.samples(0, age_s=-3600))
    assert fired.time_ms == story.now_ms


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


def test_a_layout_is_known_after_its_first_batch() -> None:
    """A steady source sends numbers only."""
    story = Story(program(alert()))
    names = [replica(0)]
    bare = SampleBatch(time_ms=story.now_ms, layout=layout_digest(names), values=pack_values([0.0]))
    (rejected,) = story.tell(bare)
    assert isinstance(rejected, Rejected)
    story.samples(1)
    assert states(
        story.tick() + story.tell(bare.__class__(time_ms=story.now_ms, layout=bare.layout, values=bare.values))
    ) == ["firing"]


def test_a_batch_that_cannot_be_right_is_refused() -> None:
    """A publisher's mistake is rejected with its reason, and nothing of it is kept."""
    story = Story(program(alert()))

    def refusal(names: list[Labels], values: list[float], layout: str | None = None) -> str:
        batch = SampleBatch(
            time_ms=story.now_ms, layout=layout or layout_digest(names), values=pack_values(values), series=names
        )
        (rejected,) = story.tell(batch)
        assert isinstance(rejected, Rejected)
        return rejected.reason

    unsorted = (("workload", "shop"), ("__name__", "up"))
    assert "not the digest" in refusal([replica(0)], [0.0], layout="0" * 24)
    assert "expected 1 samples, got 2" in refusal([replica(0)], [0.0, 0.0])
    assert "names a series twice" in refusal([replica(1), replica(1)], [0.0, 0.0])
    assert "not sorted by name" in refusal([unsorted], [0.0])


def test_a_message_that_nobody_can_read_holds_nothing_up() -> None:
    """It is rejected, and neither it nor the message after it counts as a gap."""
    story = Story(program(alert()))
    assert story.tell(Unreadable("not JSON")) == [Rejected("not JSON")]
    assert reasons(story.samples(0)) == []


def test_series_and_layouts_that_fell_silent_are_forgotten() -> None:
    """Memory follows what is there, not what once was."""
    story = Story(program(alert()))
    story.samples(1, 1)
    story.wait(7 * 60)
    assert (len(story.state.store), story.state.layouts) == (0, {})


def test_a_layout_that_brings_only_old_samples_never_outlives_its_series() -> None:
    """History of a source that is long gone may come late; its place in the store is not confused with another's."""
    story = Story(program(alert()))
    for _ in range(3):
        story.scrape({series("old"): 1.0}, age_s=400)
        story.wait(60)
        assert layout_digest([series("old")]) not in story.state.layouts
        assert states(story.samples(1)) == []
