"""What an engine tells of playbooks and their runs."""

from engine.core.playbooks import MOST_RUNS
from engine.runtime import plays
from schemas.control import Play
from tests.core.books import PAUSE, book, call, do, parallel, run, site, story_of
from tests.core.story import Story


def test_the_last_runs_are_told_newest_first() -> None:
    """As many as are asked for, and no more than are told at once, whatever somebody asks."""
    story = Story(site(book(PAUSE)))
    for nth in range(plays.RUNS_TOLD + 5):
        story.tell(Play(id=str(nth), by=f"p{nth}", playbook="fix", dry_run=True))
    assert [each["by"] for each in plays.runs(story.state, "2")] == ["p104", "p103"]
    assert plays.runs(story.state, "0") == []
    for asked in ("", "-1", "all", str(MOST_RUNS), "٣"):
        assert len(plays.runs(story.state, asked)) == plays.RUNS_TOLD


def test_a_run_is_told_with_what_it_waits_for() -> None:
    """Itself, and all that it has begun."""
    story = story_of(parallel((PAUSE,), (do(),)))
    id_ = run(story).id
    (told,) = plays.run(story.state, id_[:6])
    assert (told["id"], told["reason"]) == (id_, None)
    assert [(each["id"].removeprefix(id_), each["phase"], each["does"]) for each in told["now"]] == [
        ("", "waiting", "fix@1: parallel"),
        ("-0.0.0", "scheduled", "fix@1: for 30 s"),
        ("-0.0.1", "commanded", "restart replica:shop/0 if generation = 7"),
    ]
    assert plays.run(story.state, "no such") == []


def test_playbooks_are_told_in_short_or_in_full() -> None:
    """All of them without their steps; of one every version with them."""
    story = Story(site(book(do(), version=2), book(do(), version=1), book(call("fix"), name="all")))
    short = plays.playbooks(story.state, "")
    assert [(each["name"], each["version"], each["steps"]) for each in short] == [
        ("all", 1, 1),
        ("fix", 1, 1),
        ("fix", 2, 1),
    ]
    full = plays.playbooks(story.state, "fix")
    assert [each["version"] for each in full] == [1, 2]
    assert full[0]["steps"][0]["verb"] == "restart"
    assert plays.playbooks(story.state, "fi") == []
