"""Samples into the columns: what is kept, what is refused and why, and what is forgotten."""

from array import array
from typing import Any

import msgspec

from engine.core.effects import Rejected
from engine.core.intake import LONGEST_TEXT, without_place
from engine.core.messages import Unreadable
from engine.core.program import AlertRule, Program, RecordingRule
from engine.core.snapshot import restore, save
from schemas.labels import Labels
from schemas.reasons import Reason
from schemas.samples import Metadata, SampleBatch, layout_digest, pack_values
from tests.core.story import Story, alerts, details, reasons, rejection, replica, series, states, values
from tests.core.world import INTERVAL_S, alert, program, record


def with_settings(*rules: AlertRule | RecordingRule, **settings: Any) -> Program:
    """The rules under these settings."""
    built = program(*rules)
    return msgspec.structs.replace(built, settings=msgspec.structs.replace(built.settings, **settings))


# --- what is kept ---


def test_only_what_a_rule_looks_at_is_kept() -> None:
    """A scrape of thousands of series costs what the rules need of it."""
    story = Story(program(alert(expr='up{replica="1"} == 0')))
    assert states(story.scrape({replica(0): 0.0, replica(1): 0.0, series("other"): 1.0})) == ["firing"]
    assert values(story, '{__name__=~".+"}') == {replica(1): 0.0}


def test_what_is_pinned_is_kept_for_people_to_ask() -> None:
    """A pinned query needs no rule, and its series are kept for the configured time."""
    story = Story(with_settings(alert(), pinned=('other{job="a"}',), retention_ms=600_000))
    for _ in range(700):
        story.tick()
        story.scrape({series("other", job="a"): 1.0, series("other", job="b"): 1.0})
    assert values(story, "other") == {series("other", job="a"): 1.0}
    assert story.state.store.samples == 600


def test_a_window_says_how_long_its_series_are_kept() -> None:
    """Memory follows the longest window over a series, not the longest of all."""
    story = Story(program(alert("A", "rate(a[1m]) > 1"), alert("B", "rate(b[10m]) > 1")))
    for _ in range(700):
        story.tick()
        story.scrape({series("a"): 1.0, series("b"): 1.0})
    assert story.state.store.samples == 60 + 600


def test_what_a_template_asks_is_kept() -> None:
    """A query in an annotation finds its series, whatever a matcher is filled with."""
    text = "{{ with printf `limit{zone='%s'}` $labels.zone | query }}{{ . | first | value }}{{ end }}"
    story = Story(program(alert(annotations={"summary": text})))
    story.scrape({series("limit", zone="x"): 7.0, series("limit", zone="y"): 8.0, series("other"): 1.0})
    story.tick()
    (fired,) = [each for each in story.scrape({series("up", zone="y"): 0.0}) if getattr(each, "annotations", None)]
    assert getattr(fired, "annotations") == {"summary": "8"}  # noqa: B009 - an alert transition
    assert len(story.state.store) == 3


def test_what_is_said_of_a_metric_is_kept_with_its_series() -> None:
    """Type and help of what is not kept are of no use."""
    story = Story(program(alert(), alert("Slow", "latency_bucket > 1")))
    story.scrape(
        {replica(0): 1.0, series("latency_bucket", le="1"): 1.0, series("other"): 1.0},
        metadata={
            "up": Metadata("gauge", "Whether it lives."),
            "latency": Metadata("histogram", "How long it takes."),
            "other": Metadata("gauge", ""),
        },
    )
    assert sorted(story.state.metadata) == ["latency", "up"]
    story.wait(7 * 60)
    assert story.state.metadata == {}


def test_only_the_beginning_of_a_long_text_is_kept() -> None:
    """What a publisher says of its metrics cannot fill the memory."""
    story = Story(program(alert()))
    story.scrape({replica(0): 1.0}, metadata={"up": Metadata("gauge", "x" * 100_000)})
    assert story.state.metadata["up"].help == "x" * LONGEST_TEXT


# --- layouts ---


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


def test_history_needs_its_names_as_seldom_as_news() -> None:
    """Who catches up with samples many minutes old is known for as long as it sends, and its series with it."""
    story = Story(program(alert(), alert("Old", "max_over_time(old[1h]) < 0")))
    names = [series("old")]
    for minute in range(5):
        story.part(names, {0: 5.0 + minute}, named=minute == 0, age_s=2000)
        story.wait(60)
        story.scrape({series("up", minute=str(minute)): 1.0})
    assert values(story, "max_over_time(old[1h])") == {(): 9.0}
    assert values(story, "max_over_time(up[1h])").keys() == {(("minute", str(minute)),) for minute in range(5)}


# --- parts of a layout ---


def test_a_batch_may_hold_a_part_of_its_layout() -> None:
    """One scrape may come in several messages, as a remote write brings it."""
    story = Story(program(alert(expr="sum(up) == 3")))
    names = [replica(0), series("other"), replica(1)]
    assert states(story.part(names, {2: 2.0, 1: 5.0}, named=True)) == []
    assert states(story.part(names, {0: 1.0})) == ["firing"]
    assert values(story, "up") == {replica(0): 1.0, replica(1): 2.0}


def test_a_part_that_cannot_be_right_is_refused() -> None:
    """Positions are of the layout, one for each sample, and each at most once."""
    story = Story(program(alert()))
    names = [replica(0), replica(1)]
    story.part(names, {0: 1.0}, named=True)
    assert "positions below 2, got 2" in rejection(story.part(names, {2: 0.0}))
    layout, time_ms = layout_digest(names), story.now_ms
    twice = SampleBatch(time_ms=time_ms, layout=layout, values=pack_values([0.0, 0.0]), at=array("I", [1, 1]).tobytes())
    assert "twice" in rejection(story.tell(twice))
    short = SampleBatch(time_ms=time_ms, layout=layout, values=pack_values([0.0, 0.0]), at=array("I", [1]).tobytes())
    assert "expected 2 positions, got 1" in rejection(story.tell(short))
    assert values(story, "up") == {replica(0): 1.0}


def test_a_series_keeps_its_place_while_its_layout_is_in_use() -> None:
    """A series that others of its layout outlive for long is no other one's when it comes back, nor is a snapshot."""
    story = Story(program(alert()))
    names = [replica(0), replica(1)]
    story.part(names, {0: 1.0}, named=True)
    for second in range(7 * 60):
        story.tick()
        story.part(names, {0: 1.0}, named=second % 60 == 0)
        story.scrape({series("up", other="x"): 1.0})
    story.state = restore(save(story.state))
    assert [dict(each.labels)["replica"] for each in alerts(story.part(names, {1: 0.0}))] == ["1"]
    assert values(story, "up == 1") == {replica(0): 1.0, series("up", other="x"): 1.0}


# --- limits ---


def test_more_series_than_the_limit_are_refused_by_name() -> None:
    """Who sends too many keeps those that there was room for; others are told apart by node, and it is said once."""
    story = Story(with_settings(alert(), max_series=3))
    effects = story.scrape({replica(0): 1.0, replica(1): 1.0}) + story.scrape(
        {replica(number): 1.0 for number in range(1, 6)}, node="n2"
    )
    assert details(effects, Reason.SERIES_LIMIT) == ["3 series of n2 have no place: 3 are kept"]
    assert list(without_place(story.state)) == ["3 series have no place: 3 are kept (max_series)"]
    assert len(values(story, "up")) == 3
    assert story.every_second(1, 1, 1) == []
    story.wait(5 * 60)
    assert list(without_place(story.state)) == []


def test_series_that_had_no_place_get_one_when_others_have_gone() -> None:
    """A limit that was reached once is not a limit for ever."""
    story = Story(with_settings(alert(), max_series=2))
    story.scrape({series("up", job="a"): 1.0, series("up", job="b"): 1.0})
    for _ in range(6 * 60):
        story.tick()
        story.samples(1, 1)
    assert sorted(values(story, "up")) == [replica(0), replica(1)]


def test_a_recording_rule_cannot_break_the_limit() -> None:
    """What it yields beyond is an error of that rule, and none of its series is written."""
    story = Story(with_settings(record("n", "up"), alert("N", "n == 0"), max_series=3))
    story.samples(1, 1)
    assert reasons(story.wait(INTERVAL_S)) == [Reason.EVALUATION_FAILED]
    assert len(story.state.store) == 2


def test_more_samples_than_the_limit_are_refused_by_name() -> None:
    """Memory has a bound whatever a source sends: what would grow beyond it is refused, counted, and told once."""
    story = Story(with_settings(alert(), alert("Long", "count_over_time(up[1h]) < 0"), max_samples=20))
    effects = [effect for _ in range(40) for effect in (*story.tick(), *story.samples(1, 1))]
    assert details(effects, Reason.SAMPLES_LIMIT) == ["2 samples of n1 have no place: 20 are kept"]
    (present,) = without_place(story.state)
    assert present.endswith("samples had no place: 20 are kept (max_samples)")
    story.wait(61)
    assert list(without_place(story.state)) == []
    assert (story.state.store.samples, story.state.samples_refused) == (20, 60)


def test_a_full_store_goes_on_with_what_replaces_itself() -> None:
    """A source whose window is full drops a line for each that comes, and so is never refused one."""
    story = Story(with_settings(alert(expr="max_over_time(up[10s]) == 0"), max_samples=20))
    story.every_second(100, 1, 1)
    assert states(story.every_second(11, 0, 0)) == ["firing", "firing"]
    assert story.state.samples_refused == 0


def test_an_expression_that_costs_too_much_is_an_error_of_its_rule() -> None:
    """No rule can occupy the engine, nor fill its memory."""
    story = Story(with_settings(alert(), alert("Dear", "max_over_time(up[10m:1ms]) > 0"), max_query_samples=1000))
    assert states(story.samples(0)) == ["firing"]
    (detail,) = details(story.effects, Reason.EVALUATION_FAILED)
    assert "too many samples" in detail
