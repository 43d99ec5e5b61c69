"""What runs within a run, or within a rule's ladder: branches, playbooks, compensation; and all of it after a crash."""

import pytest

from engine.core.messages import Message
from engine.core.snapshot import restore, save
from engine.core.step import step as applied
from schemas.control import Abort, Play
from schemas.reasons import Reason
from tests.core.books import GATE, PAUSE, answered, book, call, do, parallel, run, site, story_of
from tests.core.story import Story, commands, only_command
from tests.core.world import heal, page, rollback


def test_branches_go_on_at_once_and_are_waited_for() -> None:
    """The step after them is taken when the last one has ended."""
    story = story_of(parallel((do(),), (do("rollback"), do("scale"))), do())
    assert [command.verb for command in story.sent] == ["restart", "rollback"]
    first, second = story.sent
    assert [command.verb for command in commands(story.answer(first))] == []
    assert [command.verb for command in commands(story.answer(second))] == ["scale"]
    assert answered(story) == ["restart"]
    answered(story)
    assert run(story).reason is Reason.COMPLETED


def test_a_branch_that_fails_undoes_the_others_too() -> None:
    """Once all of them are over."""
    story = story_of(parallel((do(undo="rollback"),), (do("scale"),)), do())
    first, second = story.sent
    assert commands(story.answer(second, "failed")) == []
    assert [command.verb for command in commands(story.answer(first))] == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


def test_a_playbook_runs_within_another() -> None:
    """With parameters of its own; what it did is compensated for with the rest."""
    inner = book(do(undo="rollback"), name="inner")
    story = Story(site(inner, book(call("inner", replica="1"), do("scale"))))
    assert only_command(story.tell(Play(id="p", by="ann", playbook="fix"))).target == "replica:shop/1"
    assert answered(story) == ["scale"]
    assert answered(story, "failed") == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


def test_a_playbook_that_runs_itself_ends() -> None:
    """So deep, and no deeper."""
    story = Story(site(book(call("fix"))))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    assert run(story).reason is Reason.FAILED
    assert story.state.ladders == {}


def test_a_rule_may_run_a_playbook() -> None:
    """With what its alert says; whether that has helped is verified, and else the next step is taken."""
    ladder = heal(call("fix", replica="{{ $labels.replica }}"), rollback(None), page())
    story = Story(site(book(do(), do("scale")), rules=(ladder,)))
    assert only_command(story.samples(1, 0)).target == "replica:shop/1"
    assert answered(story) == ["scale"]
    assert answered(story) == []
    assert [command.verb for command in commands(story.every_second(301, 1, 0))] == ["rollback"]


def test_a_rule_goes_on_when_its_playbook_fails() -> None:
    """At once."""
    story = Story(site(book(do()), rules=(heal(call("fix"), page()),)))
    story.samples(0)
    assert answered(story, "failed") == ["page"]


def test_a_run_that_waits_is_aborted_at_once() -> None:
    """With all that it has begun."""
    story = story_of(do(undo="rollback"), parallel((PAUSE, do()), (PAUSE,)))
    answered(story)
    assert only_command(story.tell(Abort(id="x", by="bob", run=run(story).id))).verb == "rollback"
    answered(story)
    assert run(story).reason is Reason.COMPENSATED
    assert commands(story.wait(60)) == []


def test_a_run_goes_on_where_it_was_after_a_crash() -> None:
    """From a snapshot at any message, message for message."""
    story = story_of(do(undo="rollback"), GATE, parallel((do("scale"),), (PAUSE,)), do("rollback"))
    answered(story)
    story.every_second(10, 1)
    answered(story)
    story.wait(31)
    answered(story, "failed")
    answered(story)
    assert run(story).reason is Reason.COMPENSATED
    for cut in range(1, len(story.told)):
        state = type(story.state)()
        effects: list[object] = []
        for nth, message in enumerate(story.told):
            effects += applied(state, Message(message.seq, message.time_ms, message.body, message.node))
            state = restore(save(state)) if nth == cut else state
        assert effects == story.effects


@pytest.mark.parametrize("scope", ["rule:g/Heal", "rule:Heal", "rule:outer@1", "rule:fix@1"])
def test_a_halt_stops_what_its_rule_or_playbook_runs(scope: str) -> None:
    """However deep, and what compensates for it too; actuators are told for whom it is."""
    outer = book(call("fix", replica="0"), name="outer")
    story = Story(site(book(do(undo="rollback"), do("scale")), outer, rules=(heal(call("outer"), page()),)))
    assert only_command(story.samples(0)).acts_for == ("g/Heal", "outer@1")
    story.halt(scope)
    assert answered(story) == []
    (scaling,) = commands(story.resume(scope))
    story.halt(scope)
    assert [each.verb for each in commands(story.answer(scaling, "failed"))] == []
    (back,) = commands(story.resume(scope))
    assert (back.verb, back.acts_for) == ("rollback", ("g/Heal", "outer@1", "fix@1"))
