"""Samples to alert transitions: what Prometheus' users know of `for`, `keep_firing_for`, labels and limits holds."""

import msgspec

from engine.core.alerting import worded
from engine.core.step import AT_ONCE
from schemas.labels import Labels
from schemas.reasons import Reason
from tests.core.story import Story, alerts, entries, only_command, reasons, series, states
from tests.core.world import INTERVAL_S, alert, heal, program, restart

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


def test_what_was_mended_and_breaks_again_is_another_episode() -> None:
    """The alert is kept firing, but would find nobody who heals it; what nobody has mended goes on as it was."""
    story = Story(program(alert(keep_firing_for_s=300), heal(restart(), cooldown_s=0)))
    first = only_command(story.samples(0))
    assert states(story.every_second(9, 1) + story.every_second(1, 0)) == []
    story.answer(first)
    assert states(story.every_second(60, 1)) == []
    again = story.every_second(1, 0)
    assert states(again) == ["resolved", "firing"]
    assert only_command(again).id != first.id


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


def test_many_sources_share_an_evaluation() -> None:
    """A rule over many sources is evaluated after at most as many milliseconds, and for all that came by then."""
    story = Story(program(alert()))
    sources = [series("up", instance=str(number)) for number in range(AT_ONCE + 1000)]
    for source in sources:
        story.scrape({source: 1.0})
    story.tick()
    assert states(story.scrape({sources[0]: 0.0})) == ["firing"]
    story.now_ms += 50
    assert states([each for source in sources[1:50] for each in story.scrape({source: 0.0})]) == []
    due_ms = story.now_ms + 50
    fired = alerts(story.tick())
    assert [each.time_ms for each in fired] == [due_ms] * 49


def test_absent_fires_by_time_alone() -> None:
    """A source that falls silent is noticed although no sample says so."""
    story = Story(program(alert("Silent", "absent(up)")), settled=False)
    story.tick()
    story.samples(1)
    assert "firing" not in states(story.wait(5 * 60 - 1))
    assert states(story.wait(INTERVAL_S + 1)) == ["firing"]


def test_annotations_are_worded_anew_with_each_evaluation() -> None:
    """Who asks what fires reads the present value, as in Prometheus; the transition told the value of its time."""
    story = Story(program(alert(expr="up < 5", annotations={"summary": "at {{ $value }}"})))
    (fired,) = alerts(story.samples(1))
    story.every_second(1, 3)
    ((key, active),) = story.state.alerts.items()
    (one,) = active.values()
    assert fired.annotations == {"summary": "at 1"}
    assert worded(story.state, key, one) == {"summary": "at 3"}


def test_templates_know_the_external_labels() -> None:
    """What the configuration says of where this engine stands."""
    rules = program(alert(annotations={"summary": "{{ $externalLabels.region }}: {{ $labels.__name__ }}"}))
    settings = msgspec.structs.replace(rules.settings, external_labels={"region": "eu"})
    (fired,) = alerts(Story(msgspec.structs.replace(rules, settings=settings)).samples(0))
    assert fired.annotations == {"summary": "eu: up"}


def test_an_absence_that_comes_back_between_two_evaluations_fires_again() -> None:
    """A rule about what is not there looks again after it had something to tell, however seldom it is evaluated."""
    story = Story(program(alert("Silent", "absent(other)", interval_ms=600_000)))
    while not story.tick():
        pass
    story.wait(595)
    story.scrape({series("other"): 1.0})
    assert states(story.wait(10)) == ["resolved"]
    assert states(story.wait(595)) == ["firing"]


def test_a_rule_that_has_nothing_to_look_at_waits_for_a_sample() -> None:
    """Of a thousand rules about what is not there none comes due; one sample, even a late one, wakes its rule."""
    story = Story(
        program(alert("Sum", "sum_over_time(up[1m]) == 0"), *(alert(f"A{n}", f"a{n} > 1") for n in range(99)))
    )
    story.samples(1)
    story.wait(60 + 2 * INTERVAL_S)
    assert [timer for timer in story.state.timers if timer.kind == "refresh"] == []
    assert states(story.samples(0, age_s=INTERVAL_S + 1)) == []
    assert states(story.wait(INTERVAL_S)) == ["firing"]
    assert states(story.wait(60)) == ["resolved"]
