"""New templates: what is one, from when on it is told of, and how many of them."""

from typing import Any

import pytest

from engine.analysis.analyzer import Analyzer
from engine.analysis.settings import Settings
from schemas.events import Event
from tests.analysis.mining import NEVER_MS, SOURCE, analyzer, at, line, lines, said, texts

USUAL = [
    "GET /cart took 3 ms",
    "GET /cart took 5 ms",
    "user ann logged in from 192.0.2.7",
    "user bob logged in from ::1",
]


def test_a_template_is_told_of_once() -> None:
    """Lines that differ only in what varies are of one template, which is told of with its first line."""
    found = said(analyzer(), lines(USUAL))
    assert texts(found) == ["GET <path> took <num> ms", "user ann logged in from <ip>"]
    assert [event.data["log.template.example.id"] for event in found] == ["e0", "e2"]


def test_what_is_said_tells_of_what() -> None:
    """The event follows from a line: it has its place in the log and its time, and its text in words for rules."""
    event = line(7, "disk 3 failed", 5, **{"process.name": "md", "host.hostname": "web1", "log.level": "error"})
    (found,) = said(analyzer(), [event])
    assert found == Event(
        id=found.id,
        source="/srv/app.log",
        type="log.template.new",
        time=at(5),
        file="1:2:3",
        offset=7,
        product="reflexarc",
        service="analysis",
        data={
            "message": "new template: disk <num> failed",
            "event.action": "template_new",
            "process.name": "md",
            "host.hostname": "web1",
            "log.level": "error",
            "log.template.id": found.data["log.template.id"],
            "log.template.text": "disk <num> failed",
            "log.template.source": SOURCE,
            "log.template.type": "log.line",
            "log.template.product": "",
            "log.template.category": "",
            "log.template.service": "",
            "log.template.example.id": "e7",
            "log.template.count": 1,
        },
    )


def test_the_same_line_says_the_same() -> None:
    """The id is made of the line's, so that a line which is read again says nothing that was not said."""
    first, again, other = (said(analyzer(), [line(number, "disk failed")])[0] for number in (1, 1, 2))
    assert first == again
    assert first.id != other.id
    assert first.data["log.template.id"] == other.data["log.template.id"]


def test_nothing_is_new_before_it_has_learned() -> None:
    """Of the first so many lines no template is told of, nor later when it comes again."""
    learning = analyzer(learned_events=4)
    assert said(learning, lines([*USUAL, *USUAL], first=0)) == []
    assert texts(said(learning, [line(99, "disk failed")])) == ["disk failed"]


def test_it_can_learn_for_a_time() -> None:
    """Of the lines themselves; minutes in which nothing was said do not count."""
    learning = analyzer(learned_ms=120_000)
    assert said(learning, [line(1, "one a"), line(2, "two b c", 3600)]) == []
    assert texts(said(learning, [line(3, "three d e f", 7200)])) == ["three d e f"]


def test_of_a_flood_of_new_templates_so_many_are_told() -> None:
    """In a window; the rest is counted."""
    flooded = analyzer(max_new=3)
    found = said(flooded, lines([f"{'w ' * length}end" for length in range(10)]))
    assert len(found) == 3
    assert flooded.untold == 7
    assert len(said(flooded, [line(99, "x y z " * 7, 60)])) == 1


def test_two_programs_that_say_the_same_are_two_templates() -> None:
    """In a log that many write to."""
    both = [line(number, "connection refused", 0, **{"process.name": name}) for number, name in enumerate("aba")]
    found = said(analyzer(), both)
    assert [event.data["process.name"] for event in found] == ["a", "b"]
    assert texts(found) == ["connection refused"] * 2


@pytest.mark.parametrize(
    "data", [None, 3, [], {}, {"message": None}, {"message": 7}, {"message": ""}, {"message": " \n"}]
)
def test_what_says_nothing_is_passed_over(data: Any) -> None:
    """It is no line of any template."""
    quiet = analyzer()
    assert said(quiet, [Event(id="1", source="/a", type="t", data=data)]) == []
    assert (quiet.events, quiet.templates) == (0, 0)


def test_what_it_says_is_not_mined() -> None:
    """Nothing follows from a finding."""
    looped = analyzer()
    found = said(looped, [line(1, "disk failed")])
    assert said(looped, found) == []
    assert looped.events == 1


def test_text_as_data_is_a_message() -> None:
    """Of events that others shape."""
    found = said(analyzer(), [Event(id="1", source="/a", type="t", data="disk 7 failed")], NEVER_MS)
    assert texts(found) == ["disk <num> failed"]


def test_words_that_vary_make_no_new_template() -> None:
    """Once so many words of a message are those of a template; how many is configured."""
    strict, lax = Analyzer(SOURCE, Settings(learned_events=0, similarity=0.9)), analyzer()
    named = lines(f"user {name} has left the room" for name in ("ann", "bob", "eve"))
    assert len(said(strict, named)) == 3
    assert len(said(lax, named)) == 1
    assert lax.state("").mined.known[0].words == ("user", "<*>", "has", "left", "the", "room")
