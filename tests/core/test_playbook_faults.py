"""What runs of playbooks must survive: aborts and time-outs at any moment, limits that they share with themselves, and
steps that end at once, however many."""

from engine.core.policy import Limit, Policy
from engine.core.program import Program, Step
from engine.core.steps import DEEPEST
from schemas.control import Abort, Play
from schemas.reasons import Reason
from tests.core.books import ASK, GATE, PAUSE, UP, answered, book, call, do, parallel, run, site, story_of
from tests.core.story import Story, commands, details, only_command, reasons
from tests.core.world import alert, heal, page, program

ONE_AT_A_TIME = Policy(limits=(Limit(id="l", source="policy.yaml:1", per="workload", concurrency=1),))


def under(policy: Policy, *steps: Step) -> Story:
    """A run of these steps has begun under a policy."""
    story = Story(program(alert(), playbooks=(book(*steps),), policy=policy))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    return story


def abort(story: Story, by: str = "bob") -> list[str]:
    return [command.verb for command in commands(story.tell(Abort(id="x", by=by, run=run(story).id)))]


def test_a_run_does_not_wait_for_itself() -> None:
    """What compensates may act where the failed step was the only one that the policy lets act at once."""
    story = under(ONE_AT_A_TIME, do(undo="rollback"), do("scale"))
    answered(story)
    assert answered(story, "failed") == ["rollback"]
    answered(story)
    assert run(story).reason is Reason.COMPENSATED
    assert story.state.busy == {}


def test_what_compensates_is_not_aborted() -> None:
    """Asked a second time, and while what it is to do is held, the run goes on undoing."""
    story = under(Policy(), do(undo="rollback"), do("scale"))
    answered(story)
    story.halt()
    story.answer(story.sent[-1], "failed")
    assert abort(story) == []
    assert run(story).reason is None
    assert only_command(story.resume()).verb == "rollback"
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


def test_a_run_that_is_aborted_at_a_gate_takes_no_further_step() -> None:
    """Although the gate opens while it compensates."""
    story = story_of(do(undo="rollback"), GATE, do("scale"))
    answered(story)
    assert abort(story) == ["rollback"]
    assert commands(story.every_second(20, 1)) == []
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


def test_the_time_of_an_aborted_step_does_not_end_its_compensation() -> None:
    """It was the step's."""
    slow = do("scale", verify=UP, timeout_ms=30_000)
    story = story_of(do(undo="restart"), slow)
    answered(story)
    answered(story)
    story.halt()
    assert abort(story) == []
    story.wait(40)
    assert run(story).reason is None
    story.resume()
    answered(story)
    assert run(story).reason is Reason.COMPENSATED


def test_what_a_branch_has_compensated_for_is_not_compensated_for_again() -> None:
    """Its failure undoes its own steps; the run's undoes what the others did."""
    story = story_of(
        parallel(
            (do(undo="rollback"), do("scale")),
        ),
        do(),
    )
    answered(story)
    assert answered(story, "failed") == ["rollback"]
    assert answered(story) == []
    assert run(story).reason is Reason.FAILED


def test_a_group_that_is_aborted_is_not_tried_again() -> None:
    """Although a step that fails would be."""
    group = parallel((PAUSE, do()))
    story = story_of(Step(verb="parallel", kind="parallel", branches=group.branches, retries=3))
    assert abort(story) == []
    assert run(story).reason is Reason.ABORTED
    assert story.state.ladders == {}


def test_no_is_no_for_a_step_that_would_be_tried_again() -> None:
    """People are asked once."""
    story = story_of(Step(verb="approval", kind="approval", approval=ASK.approval, retries=3), do())
    story.approve(run(story).id, deny=True)
    assert run(story).reason is Reason.FAILED


def test_a_step_whose_outcome_comes_after_its_time_is_not_decided_anew() -> None:
    """What expired is not sent again, and what succeeded does not begin to be verified for as long as that takes."""
    story = story_of(do(timeout_ms=10_000), do("rollback"))
    story.wait(20)
    assert answered(story, "expired") == []
    assert details(story.effects, Reason.FAILED) == ["STEP_TIMED_OUT"]
    other = story_of(do(verify=UP, timeout_ms=10_000), do("rollback"))
    other.wait(20)
    answered(other)
    other.tick()
    assert details(other.effects, Reason.FAILED) == ["STEP_TIMED_OUT"]


def test_a_thousand_steps_that_end_at_once_are_taken_in_one_message() -> None:
    """A dry run of a long playbook is one message; neither its length nor its depth is a matter of the stack."""
    inner = [book(*(parallel((do(),)) for _ in range(20)), name=f"b{DEEPEST - 1}")]
    inner += [book(call(f"b{nth + 1}"), name=f"b{nth}") for nth in range(DEEPEST - 1)]
    long = book(*(parallel((do(),), (do("scale"),)) for _ in range(1000)), call("b1"))
    story = Story(site(*inner, long))
    story.tell(Play(id="p", by="ann", playbook="fix", dry_run=True))
    assert run(story).reason is Reason.SHADOW
    assert sum(detail.startswith("would ") for detail in details(story.effects, Reason.SHADOW)) == 2020
    assert story.state.ladders == {}


def shadowed(*steps: Step) -> Program:
    return site(book(*steps), rules=(heal(call("fix"), page(), mode="shadow"),))


def test_a_rule_in_shadow_does_not_wait_for_its_playbook_to_help() -> None:
    """Nothing was done that could have."""
    story = Story(shadowed(do()))
    assert reasons(story.samples(0))[-1] is Reason.SHADOW
    assert story.state.ladders == {}


def test_a_dry_run_does_not_verify_its_groups() -> None:
    """Nor anything else."""
    story = Story(site(book(Step(verb="parallel", kind="parallel", branches=((do(),),), verify=UP), do())))
    story.tell(Play(id="p", by="ann", playbook="fix", dry_run=True))
    assert run(story).reason is Reason.SHADOW
