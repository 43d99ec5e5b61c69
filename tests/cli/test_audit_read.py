"""What `commands`, `why` and `demo` read out of the audit."""

import pytest
from msgspec.structs import asdict

from engine.cli.failure import CommandFailedError
from engine.cli.look import list_commands
from engine.cli.starts import Start, Tally, tally
from engine.cli.timeline import Timeline
from engine.cli.why import causal_chain, earlier_episodes, told
from schemas.reasons import Reason
from tests.cli.audit import ALERT, COMMAND, LADDER, climbed, happening, healed_episode, transition
from tests.core.books import GATE, book, call, do, parallel, site
from tests.core.story import Story, entries
from tests.core.world import heal, page

OTHER = [
    transition(11, "firing", 11, alert="d4" * 8, rule="Slow"),
    climbed(11, "command", Reason.ALERT_FIRED, 11, alert="d4" * 8, ladder="e5" * 8, command="c9" * 16, detail="scale"),
]


def test_a_command_is_listed_with_what_became_of_it() -> None:
    """One line a command, its outcome beside it; one without an outcome is in flight."""
    listed = list_commands([*healed_episode(1), *OTHER])
    assert [(each["id"], each["does"], each["outcome"]) for each in listed] == [
        (COMMAND, "restart replica:shop/0 if generation = 1", "succeeded"),
        ("c9" * 16, "scale", None),
    ]


@pytest.mark.parametrize("prefix", [ALERT, LADDER, COMMAND, "c3", "a"])
def test_alert_ladder_and_command_explain_the_same_chain(prefix: str) -> None:
    """Whichever id one has in hand, the story is whole, and holds nothing else."""
    episode = healed_episode(1)
    assert causal_chain([episode[0], *OTHER, *episode[1:]], prefix) == episode


def test_an_alert_is_explained_by_its_newest_episode() -> None:
    """An alert keeps its id for ever; what is asked about is the last time, and how often it was before is told."""
    first = [transition(1, "firing", 1), transition(2, "resolved", 1)]
    audit = [*first, *healed_episode(20)]
    chain = causal_chain(audit, ALERT)
    assert chain == healed_episode(20)
    assert earlier_episodes(audit, chain) == 1


def test_an_ambiguous_prefix_lists_what_it_may_mean() -> None:
    """Nobody has to guess which characters are missing."""
    with pytest.raises(CommandFailedError) as refused:
        causal_chain([*healed_episode(1), *OTHER], "c")
    first, *candidates = str(refused.value).splitlines()
    assert first == "2 ids begin with 'c':"
    assert [line.split()[:2] for line in candidates] == [[COMMAND, "command"], ["c9" * 16, "command"]]


def test_an_unknown_prefix_is_refused() -> None:
    """What is not on record is said not to be."""
    with pytest.raises(CommandFailedError, match="nothing on record has an id that begins with 'ff'"):
        causal_chain(healed_episode(1), "ff")


def test_an_outcome_that_no_ladder_waits_for_is_found_by_its_command() -> None:
    """What came unasked is on record too, and stands alone."""
    stray = happening(3, kind="outcome", state="succeeded", command="ab" * 16, reason=Reason.UNSOLICITED_OUTCOME)
    assert causal_chain([*healed_episode(1), stray], "ab") == [stray]


def test_an_outcome_that_came_too_late_is_shown_with_its_ladder() -> None:
    """Nobody waited for it any more; whoever asks about the ladder sees what had happened after all."""
    late = happening(90, kind="outcome", state="succeeded", command=COMMAND, reason=Reason.UNSOLICITED_OUTCOME)
    episode = healed_episode(1)
    assert causal_chain([*episode, *OTHER, late], LADDER) == [*episode, late]


def test_a_run_of_a_playbook_is_explained_with_all_that_runs_within_it() -> None:
    """From the alert on, by the id of whatever belongs to it: each step of each branch is told from the others."""
    inner = book(do(), GATE, name="inner")
    outer = book(parallel((call("inner", replica="0"),), (do("rollback"), call("inner", replica="1"))), name="outer")
    story = Story(site(inner, outer, rules=(heal(call("outer"), page()),)))
    story.samples(0, 1)
    while waiting := [command for command in story.sent if command.id in story.state.awaited]:
        story.answer(waiting[0])
    story.every_second(10, 1, 1)
    audit = [happening(at, **asdict(entry)) for at, entry in enumerate(entries(story.effects))]
    of_rule = [each for each in audit if each.entry.kind != "control" and each.entry.reason is not Reason.TIME_JUMPED]
    for id_ in {each.entry.ladder for each in audit if each.entry.ladder} | {each.id for each in story.sent}:
        assert causal_chain(audit, id_) == of_rule
    lines = [told(each, 0).split("\n")[0].split("  ") for each in of_rule]
    gates = {line[-2] for line in lines if line[-1].startswith("until")}
    assert gates == {"step 1.1 / 1.1 / 1.1 / 2", "step 1.1 / 1.2 / 2.1 / 2"}
    assert {line[-1] for line in lines if line[-1].startswith("inner@1")} == {"inner@1 replica=0", "inner@1 replica=1"}


def test_a_timeline_tells_an_incident_step_by_step() -> None:
    """From sensed to verified, in the order in which it happened, with the times of the bus."""
    timeline = Timeline("Down")
    told = [moment for each in [*OTHER, *healed_episode(20)] for moment in timeline.take(each)]
    assert [(moment.step, moment.time_ms) for moment in told] == [
        ("sensed", 20_000),
        ("pending", 20_000),
        ("firing", 21_000),
        ("decided", 21_000),
        ("commanded", 21_005),
        ("acted", 22_000),
        ("resolved", 23_000),
        ("verified", 24_000),
    ]
    assert (timeline.healed, timeline.over, timeline.verified_by) == (True, True, "restart")


def test_verified_alone_is_not_healed() -> None:
    """As long as the alert fires, nothing is over."""
    timeline = Timeline("Down")
    for each in healed_episode(1):
        if each.entry.state != "resolved":
            timeline.take(each)
    assert (timeline.healed, timeline.over) == (False, False)


def test_a_blip_is_not_the_incident() -> None:
    """An alert that clears before `for` elapses begins anew with its next episode."""
    timeline = Timeline("Down")
    for each in [transition(1, "pending", 1), transition(2, "inactive", 1), *healed_episode(20)]:
        timeline.take(each)
    assert timeline.healed
    assert timeline.moments[0].time_ms == 20_000


def test_a_ladder_that_ends_unverified_is_a_failure() -> None:
    """The demo need not wait for what will not come."""
    timeline = Timeline("Down")
    for each in [*healed_episode(1)[:4], climbed(9, "decision", Reason.EXHAUSTED, 1, state="ended")]:
        timeline.take(each)
    assert (timeline.healed, timeline.over, timeline.failure) == (False, True, Reason.EXHAUSTED)


def start(command: str, replica: int) -> Start:
    return Start(pid=1, command=command, workload="shop", replica=str(replica))


def test_a_command_for_a_workload_starts_each_replica_once() -> None:
    """One for a replica starts it alone; what `workloads.yaml` declares needs no command."""
    commands = [
        {"id": "r", "does": "restart", "target": "replica:shop/0", "outcome": "succeeded"},
        {"id": "d", "does": "deploy", "target": "workload:shop", "outcome": "succeeded"},
        {"id": "p", "does": "page", "target": "receiver:oncall", "outcome": "succeeded"},
        {"id": "f", "does": "restart", "target": "replica:shop/1", "outcome": "conflict"},
    ]
    starts = [start("declared-1", 0), start("declared-1", 1), start("r", 0), start("d", 0), start("d", 1)]
    assert tally(starts, commands, 2) == [Tally("r", "restart", 1, 1), Tally("d", "deploy", 2, 2)]


def test_a_start_that_nobody_commanded_does_not_go_unseen() -> None:
    """A second effect of a command, or one of an unknown command, shows in the tally."""
    commands = [{"id": "r", "does": "restart", "target": "replica:shop/0", "outcome": "succeeded"}]
    assert tally([start("r", 0), start("r", 0), start("x", 1)], commands, 2) == [
        Tally("r", "restart", 1, 2),
        Tally("x", "nothing on record", 0, 1),
    ]
