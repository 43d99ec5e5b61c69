"""What an agent keeps of what its log analyzers know, and what the next process makes of it, however it ended."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.metrics_core import Metric

from engine.runtime.analysing import UNUSED_MS
from engine.runtime.publishing import now_ms
from tests.runtime.analyzing import analyses, event, learned, new


def test_what_was_said_in_the_last_message_is_known_though_it_was_killed_before_it_was_written(tmp_path: Path) -> None:
    """Stored, and then killed: the next process learns from the newest message before it goes on."""
    first = analyses(tmp_path).of("log", [])
    assert first
    assert new(first.mined(learned())) == []
    first.close()  # not stored yet, so that nothing is written
    assert not (tmp_path / "analysis").exists()
    first.stored()
    first.close()
    newest = first.mined([event(20, "disk failed")])
    second = analyses(tmp_path).of("log", newest)
    assert second
    assert new(newest) == ["disk failed"]
    assert new(second.mined([event(21, "disk failed"), event(22, "fan failed now")])) == ["fan failed now"]


def test_what_was_not_stored_is_said_when_the_line_is_read_again(tmp_path: Path) -> None:
    """Killed before the message was stored: what is kept is not ahead of the journal, and the ids are the same."""
    first = analyses(tmp_path).of("log", [])
    assert first
    before = first.mined(learned())
    first.stored()
    first.close()
    lost = first.mined([event(20, "disk failed")])
    second = analyses(tmp_path).of("log", before)
    assert second
    assert list(second.mined([event(20, "disk failed")])) == list(lost)


def test_what_was_said_is_written_at_once(tmp_path: Path) -> None:
    """However seldom the rest is; so a kill forgets counts and no more."""
    first = analyses(tmp_path).of("log", [])
    assert first
    first.mined([*learned(), event(20, "disk failed")])
    first.stored()
    counted = first.mined([event(number, f"job {number} done") for number in range(30, 40)])
    first.stored()
    second = analyses(tmp_path).of("log", counted)
    assert second
    assert new(second.mined([event(50, "disk failed")])) == []
    assert second.analyzer.events == 32  # with the newest message, and this


def test_events_that_are_pushed_once_more_are_not_mined_again(tmp_path: Path) -> None:
    """A sender that heard no answer sends again what the last process has stored."""
    newest = [event(1, "disk failed")]
    watch = analyses(tmp_path, learned_events=0).of("log", newest)
    assert watch
    assert list(watch.mined(newest)) == newest


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"source": "log"}', b"\xff\x00", b"[" * 100_000])
def test_what_nobody_can_read_is_learned_anew(tmp_path: Path, content: bytes) -> None:
    """A file that was cut off by a loss of power, or that somebody else has written."""
    first = analyses(tmp_path).of("log", [])
    assert first
    first.close()
    (file,) = (tmp_path / "analysis").iterdir()
    file.write_bytes(content)
    second = analyses(tmp_path).of("log", [])
    assert second
    assert second.analyzer.templates == 0
    second.mined(learned())
    second.stored()
    second.close()
    assert msgspec.json.decode(file.read_bytes())["events"] == 20


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """It is complained about, and what was learned ends with the process."""
    (tmp_path / "analysis").write_text("a file in its place")
    watch = analyses(tmp_path).of("log", [])
    assert watch
    watch.mined([*learned(), event(20, "disk failed")])
    watch.stored()
    watch.close()


def test_sources_that_have_ended_are_forgotten(tmp_path: Path) -> None:
    """After a month without a line; a log with a date in its name has a successor of another."""
    for name in ("old", "new"):
        watch = analyses(tmp_path).of(name, [])
        assert watch
        watch.close()
    old, kept = sorted((tmp_path / "analysis").iterdir(), key=lambda file: b'"new"' in file.read_bytes())
    os.utime(old, times=(0, (now_ms() - UNUSED_MS) / 1000 - 60))
    analyses(tmp_path).of("third", [])
    assert list((tmp_path / "analysis").iterdir()) == [kept]


def samples(metrics: Iterator[Metric]) -> dict[tuple[str, str], float]:
    return {(sample.name, sample.labels.get("source", "")): sample.value for each in metrics for sample in each.samples}


def test_what_it_has_seen_is_a_metric(tmp_path: Path) -> None:
    """By source."""
    made = analyses(tmp_path, learned_events=0, max_templates=10, max_new=5)
    watch = made.of("log", [])
    assert watch
    watch.mined([event(length, "w " * length) for length in range(1, 13)])
    assert samples(made.measured()) == {
        ("reflexarc_analysis_events_total", "log"): 12,
        ("reflexarc_analysis_templates", "log"): 10,
        ("reflexarc_analysis_templates_evicted_total", "log"): 2,
        ("reflexarc_analysis_templates_untold_total", "log"): 7,
        ("reflexarc_analysis_sources_put_away_total", ""): 0,
    }


def test_of_many_sources_those_used_last_are_in_memory(tmp_path: Path) -> None:
    """The others are in their files, and go on from there when they speak again; but not with events on their way."""
    made = analyses(tmp_path, max_sources=2, learned_events=0)
    watches = {name: watch for name in "abc" if (watch := made.of(name, []))}
    for watch in watches.values():
        watch.mined([event(1, "disk failed")])
    assert {source for name, source in samples(made.measured()) if name.endswith("_templates")} == {"a", "b", "c"}
    before = samples(made.measured())["reflexarc_analysis_sources_put_away_total", ""]
    for watch in watches.values():
        watch.stored()
    assert new(watches["c"].mined([event(2, "disk failed")])) == []
    assert samples(made.measured())["reflexarc_analysis_sources_put_away_total", ""] == before + 1
    assert {source for name, source in samples(made.measured()) if name.endswith("_templates")} == {"b", "c"}
    assert new(watches["a"].mined([event(2, "disk failed"), event(3, "one more fan failed")])) == [
        "one more fan failed"
    ]
    assert watches["a"].analyzer.events == 3


def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    """Logs are often not for everybody, nor is what they say."""
    watch = analyses(tmp_path).of("log", [])
    assert watch
    watch.close()
    (file,) = (tmp_path / "analysis").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
