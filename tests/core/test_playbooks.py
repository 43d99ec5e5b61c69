"""Runs of playbooks: steps in their order, what a failure undoes, who lets them go on, and how they end."""

import pytest

from engine.core.playbooks import MOST_RUNS
from engine.core.policy import Acts, Approval, Policy
from engine.core.program import Step
from schemas.control import Abort, Play
from schemas.outcomes import Status
from schemas.reasons import Reason
from tests.core.books import ASK, GATE, PAUSE, UP, answered, book, call, do, parallel, run, site, story_of
from tests.core.story import Story, commands, details, only_command, reasons
from tests.core.world import alert, page, program


def test_steps_are_taken_in_their_order() -> None:
    """Each once the one before has succeeded, with the run's parameters filled in."""
    story = Story(site(book(do(), do("rollback"))))
    first = only_command(story.tell(Play(id="p", by="ann", playbook="fix", params={"replica": "1"})))
    assert (first.target, first.origin.name) == ("replica:shop/1", "fix@1")
    assert answered(story) == ["rollback"]
    assert run(story).step == 1
    assert answered(story) == []
    assert (run(story).reason, run(story).ended_ms) == (Reason.COMPLETED, story.now_ms)


def test_the_same_request_is_one_run() -> None:
    """However often it is delivered."""
    story = story_of(do())
    assert commands(story.tell(Play(id="p", by="ann", playbook="fix"))) == []


def test_a_version_is_run_that_is_there() -> None:
    """The newest unless one is named."""
    story = Story(site(book(do(), version=1), book(do("rollback"), version=2)))
    assert only_command(story.tell(Play(id="a", by="ann", playbook="fix"))).verb == "rollback"
    assert only_command(story.tell(Play(id="b", by="ann", playbook="fix", version=1))).verb == "restart"
    assert reasons(story.tell(Play(id="c", by="ann", playbook="fix", version=3))) == [Reason.UNKNOWN_PLAYBOOK]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"replica": "one"}, 'replica: expected a whole number, got "one"'),
        ({"other": "1"}, "other: there is no such parameter, expected replica"),
    ],
)
def test_what_does_not_fit_its_parameters_does_not_begin(params: dict[str, str], said: str) -> None:
    """And it is said why."""
    story = Story(site(book(do())))
    assert commands(story.tell(Play(id="p", by="ann", playbook="fix", params=params))) == []
    assert details(story.effects, Reason.BAD_ARGUMENTS) == [said]


def test_a_step_that_fails_is_tried_again_as_often_as_it_says() -> None:
    """Each time as a command of its own; then the run has failed."""
    story = story_of(do(retries=2), do("rollback"))
    assert [answered(story, "failed") for _ in range(3)] == [["restart"], ["restart"], []]
    assert len({command.id for command in story.sent}) == 3
    assert run(story).reason is Reason.FAILED


def test_what_was_done_is_compensated_for_last_first() -> None:
    """When a later step fails; what failed itself is not."""
    story = story_of(do(undo="rollback"), do("scale", undo="restart"), do("rollback"))
    assert answered(story) == ["scale"]
    assert answered(story) == ["rollback"]
    assert answered(story, "failed") == ["restart"]
    assert answered(story) == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.COMPENSATED
    assert story.state.ladders == {}


def test_a_compensation_that_fails_is_told_and_the_others_are_taken() -> None:
    """The more is undone the better."""
    story = story_of(do(undo="rollback"), do("scale", undo="restart"), do("rollback"))
    answered(story), answered(story)
    assert answered(story, "failed") == ["restart"]
    assert answered(story, "failed") == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.NOT_COMPENSATED


def test_what_is_unknown_is_neither_repeated_nor_undone() -> None:
    """A human has to look."""
    story = story_of(do(undo="rollback"), do("rollback", retries=3))
    answered(story)
    assert answered(story, "unknown") == []
    assert run(story).reason is Reason.FATE_UNKNOWN


def test_a_gate_waits_until_it_has_held() -> None:
    """On samples that are newer than its beginning, and for as long as it says."""
    story = story_of(GATE, do())
    assert commands(story.every_second(4, 1)) == []
    assert only_command(story.every_second(3, 1)).verb == "restart"


def test_a_gate_that_does_not_hold_in_time_fails() -> None:
    """And what follows is not done."""
    story = story_of(GATE, do())
    assert commands(story.every_second(61, 0)) == []
    assert run(story).reason is Reason.FAILED


def test_a_step_that_did_not_help_is_compensated_for() -> None:
    """It has had its effect: that its `verify` does not hold, or its time is over before that does, undoes nothing."""
    for timeout_ms in (0, 30_000):
        story = story_of(do(undo="rollback", verify=UP, timeout_ms=timeout_ms), do("scale"))
        assert answered(story) == []
        undo = only_command(story.every_second(61, 0))
        assert undo.verb == "rollback"
        story.answer(undo)
        assert run(story).reason is Reason.COMPENSATED


def test_a_try_that_did_not_help_is_compensated_for_though_the_next_one_fails() -> None:
    """And once, however many of them have had their effect."""
    story = story_of(do(undo="rollback", verify=UP, retries=2), do("scale"))
    assert answered(story) == []
    story.answer(only_command(story.every_second(61, 0)))
    last = only_command(story.every_second(61, 0))
    undo = only_command(story.answer(last, "failed"))
    assert undo.verb == "rollback"
    story.answer(undo)
    assert run(story).reason is Reason.COMPENSATED


def test_a_pause_is_waited_for() -> None:
    """As long as it says."""
    story = story_of(PAUSE, do())
    assert commands(story.wait(29)) == []
    assert only_command(story.tick()).verb == "restart"


def test_people_let_a_run_go_on() -> None:
    """By the run's id; or end it."""
    story = story_of(ASK, do())
    assert only_command(story.approve(run(story).id)).verb == "restart"
    other = story_of(ASK, do())
    assert commands(other.approve(run(other).id, deny=True)) == []
    assert details(other.effects, Reason.FAILED) == ["APPROVAL_DENIED"]


def test_a_run_is_aborted_at_its_next_step() -> None:
    """What has been commanded is waited for, and what was done is compensated for."""
    story = story_of(do(undo="rollback"), do("scale"))
    assert commands(story.tell(Abort(id="x", by="bob", run=run(story).id))) == []
    assert answered(story) == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


@pytest.mark.parametrize(("status", "told"), [("failed", Reason.ABORTED), ("succeeded", Reason.COMPENSATED)])
def test_what_an_aborted_step_has_done_is_compensated_for(status: Status, told: Reason) -> None:
    """Whether the word of a person comes before its answer, or while it is verified; what failed has done nothing."""
    story = story_of(do(undo="rollback", verify=UP))
    if status == "failed":
        story.tell(Abort(id="x", by="bob", run=run(story).id))
        assert answered(story, status) == []
    else:
        assert answered(story) == []
        (undo,) = commands(story.tell(Abort(id="x", by="bob", run=run(story).id)))
        assert undo.verb == "rollback"
        story.answer(undo)
    assert run(story).reason is told


def test_what_an_aborted_step_has_done_without_helping_is_compensated_for() -> None:
    """The word of a person came while it was carried out, and its `verify` fails after that."""
    story = story_of(do(undo="rollback", verify=UP))
    assert commands(story.tell(Abort(id="x", by="bob", run=run(story).id))) == []
    assert answered(story) == []
    undo = only_command(story.every_second(61, 0))
    assert undo.verb == "rollback"
    story.answer(undo)
    assert run(story).reason is Reason.COMPENSATED


def test_a_step_has_its_time() -> None:
    """Whatever it waits for; and then it has failed."""
    story = story_of(Step(verb="pause", kind="pause", pause_ms=60_000, timeout_ms=10_000), do())
    assert commands(story.wait(9)) == []
    assert run(story).reason is None
    story.tick()
    assert (run(story).reason, details(story.effects, Reason.FAILED)[-1]) == (Reason.FAILED, "STEP_TIMED_OUT")


def test_a_dry_run_says_all_that_it_would_do() -> None:
    """And does nothing."""
    steps = do(), GATE, PAUSE, ASK, parallel((do("rollback"),), (do("scale"),)), call("inner")
    story = Story(site(book(*steps), book(do(), name="inner")))
    assert commands(story.tell(Play(id="p", by="ann", playbook="fix", dry_run=True))) == []
    assert run(story).reason is Reason.SHADOW
    said = [detail.split(",")[0] for detail in details(story.effects, Reason.SHADOW) if detail]
    assert [text for text in said if text.startswith("would ")] == [
        "would restart replica:shop/0 if generation = 7",
        'would wait: until up{replica="0"} == 1',
        "would wait: for 30 s",
        "would wait: for people",
        "would rollback workload:shop to=v1",
        "would scale workload:shop replicas=3",
        "would restart replica:shop/0 if generation = 7",
    ]


def test_a_dry_run_says_what_a_run_would_ask() -> None:
    """With its own parameters filled in, within what it runs too, and of whom it would ask for leave."""
    word = Step(verb="approval", kind="approval", approval=Approval(source="fix.yaml:9", by=("ann", "bob"), count=2))
    story = Story(site(book(GATE, word, call("inner", replica="1")), book(GATE, name="inner")))
    story.tell(Play(id="p", by="ann", playbook="fix", params={"replica": "2"}, dry_run=True))
    assert [said for said in details(story.effects, Reason.SHADOW) if said.startswith("would wait")] == [
        'would wait: until up{replica="2"} == 1',
        "would wait: for people; 2 of ann, bob must approve (fix.yaml:9)",
        'would wait: until up{replica="1"} == 1',
    ]


def test_guardrails_hold_the_steps_of_a_playbook() -> None:
    """As those of a rule."""
    story = Story(site(book(do())))
    story.halt("replica:shop/0")
    assert reasons(story.tell(Play(id="p", by="ann", playbook="fix"))) == [Reason.HALTED]
    assert only_command(story.resume("replica:shop/0")).verb == "restart"


def test_only_so_many_runs_are_told_of() -> None:
    """The oldest give way."""
    story = Story(site(book(PAUSE)))
    for nth in range(MOST_RUNS + 2):
        story.tell(Play(id=str(nth), by="ann", playbook="fix", dry_run=True))
    assert len(story.state.runs) == MOST_RUNS


def test_what_nobody_approved_is_not_passed_over() -> None:
    """A step that needs approval and does not get it has failed, whatever the policy says of whom to tell."""
    approval = Approval(source="p:1", acts=Acts(verbs=("rollback",)), deadline_ms=60_000, lapse="escalate")
    steps = do("rollback"), page(), do("scale")
    story = Story(program(alert(), playbooks=(book(*steps),), policy=Policy(approvals=(approval,))))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    assert commands(story.wait(61)) == []
    assert run(story).reason is Reason.FAILED


def test_what_a_run_waits_for_is_on_record() -> None:
    """When it begins to wait, in the words of the run."""
    story = story_of(GATE, PAUSE)
    story.every_second(10, 1)
    assert details(story.effects, Reason.WAITING) == ['until up{replica="0"} == 1', "for 30 s"]
