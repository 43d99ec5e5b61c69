"""Commands that nobody answers: people hear of it, and what stays away for good is answered for once."""

from engine.core.answering import AWAY_MS
from engine.core.effects import Effect
from engine.core.policy import Limit, Policy
from engine.core.snapshot import restore, save
from engine.core.state import State
from engine.core.step import step
from schemas.commands import Command
from schemas.control import Play
from schemas.reasons import Reason
from tests.core.books import book, do
from tests.core.scaling_world import Shop, scale
from tests.core.story import Story, commands, entries, only_command, silence_s
from tests.core.world import SECOND_MS, alert, heal, isolate, page, program, respond, restart

AWAY_S = AWAY_MS // SECOND_MS
ONE_AT_ONCE = Policy(
    limits=(Limit(id="l", source="policy.yaml:1", per="all", concurrency=1),),
    notify=("oncall",),
)


def silent(story: Story, command: Command) -> list[Effect]:
    """Its actuator is away for good; the page is answered."""
    effects = story.every_second(silence_s(story, command) + 1, 0, 1)
    for paging in [each for each in commands(effects) if each.verb == "page"]:
        effects += story.answer(paging)
    return effects


def outcomes(effects: list[Effect]) -> list[tuple[str, Reason | None]]:
    return [(entry.state, entry.reason) for entry in entries(effects) if entry.kind == "outcome"]


def ended(effects: list[Effect]) -> list[Reason | None]:
    return [entry.reason for entry in entries(effects) if entry.state == "ended"]


def test_what_is_silent_for_good_is_answered_for_once() -> None:
    """As unknown; the page of the silence has told of it, and nothing is tried in its place."""
    story = Story(program(alert(), heal(restart(), page())))
    command = only_command(story.samples(0, 1))
    assert [each.verb for each in commands(silent(story, command))] == ["page"]
    assert story.every_second(AWAY_S - 3, 0, 1) == []
    effects = story.every_second(10, 0, 1)
    assert outcomes(effects) == [("unknown", Reason.NO_OUTCOME)]
    assert ended(effects) == [Reason.FATE_UNKNOWN]
    assert commands(story.every_second(AWAY_S, 0, 1)) == []


def test_where_no_step_tells_anybody_the_policy_does() -> None:
    """Once, when it is given up."""
    story = Story(program(alert(), heal(restart()), policy=ONE_AT_ONCE))
    command = only_command(story.samples(0, 1))
    assert commands(silent(story, command)) == []
    assert only_command(story.every_second(AWAY_S, 0, 1)).verb == "page"


def test_what_is_given_up_is_no_longer_under_way() -> None:
    """Whoever waits for room has its turn, and in the same order after a snapshot."""
    story = Story(program(alert(), heal(restart()), policy=ONE_AT_ONCE))
    (first,) = commands(story.samples(0, 0))
    assert story.state.busy == {"l|": 1}
    silent(story, first)
    story.every_second(AWAY_S - 5, 0, 0)
    story.state = restore(save(story.state))
    later = [each for each in commands(story.every_second(10, 0, 0)) if each.verb == "restart"]
    assert [(each.target, each.id == first.id) for each in later] == [("replica:shop/1", False)]


def test_an_outcome_that_comes_after_all_is_on_record_and_changes_nothing() -> None:
    """Not even what it had been asked to undo later: a person was told to look."""
    story = Story(program(alert(), respond(isolate(revert_after="1h"), page())))
    command = only_command(story.samples(0, 1))
    silent(story, command)
    story.every_second(AWAY_S, 0, 1)
    before = {**story.state.busy}, dict(story.state.cooldowns), list(story.state.ladders)
    effects = story.answer(command)
    assert outcomes(effects) == [("succeeded", Reason.UNSOLICITED_OUTCOME)]
    assert (len(effects), commands(effects)) == (1, [])
    assert before == (story.state.busy, story.state.cooldowns, list(story.state.ladders))


def test_an_actuator_that_comes_back_in_time_answers_for_itself() -> None:
    """A node that starts anew is not given up: what it answers moves the ladder."""
    story = Story(program(alert(), heal(restart(), page())))
    command = only_command(story.samples(0, 1))
    silent(story, command)
    story.every_second(AWAY_S - 10, 0, 1)
    assert only_command(story.answer(command, "expired")).verb == "restart"


def test_a_replay_gives_up_at_the_same_message() -> None:
    """It is decided on the journal's time alone."""
    story = Story(program(alert(), heal(restart(), page())))
    silent(story, only_command(story.samples(0, 1)))
    story.every_second(AWAY_S + 10, 0, 1)
    state = State()
    assert [effect for message in story.told for effect in step(state, message)] == story.effects
    assert save(state) == save(story.state)


def test_nothing_is_given_up_while_nobody_was_listening() -> None:
    """The engine was away for hours: the outcome that was stored meanwhile, or comes now, counts."""
    story = Story(program(alert(), heal(restart(), page())))
    command = only_command(story.samples(0, 1))
    story.tick(3 * 3600)
    assert outcomes(story.effects) == []
    assert outcomes(story.answer(command)) == [("succeeded", None)]


def test_a_page_that_nobody_answers_stops_no_act() -> None:
    """It has failed: that nobody was told is no reason to do nothing."""
    story = Story(program(alert(), heal(page(), restart())))
    paging = only_command(story.samples(0, 1))
    assert commands(story.every_second(silence_s(story, paging) + 1, 0, 1)) == []
    assert only_command(story.every_second(AWAY_S, 0, 1)).verb == "restart"


def test_a_response_goes_on_when_a_step_is_given_up() -> None:
    """Containment has other steps."""
    story = Story(program(alert(), respond(isolate(), restart(None))))
    isolating = only_command(story.samples(0, 1))
    effects = silent(story, isolating) + story.every_second(AWAY_S, 0, 1)
    assert [each.verb for each in commands(effects)] == ["restart"]


def test_a_run_of_a_playbook_is_given_up_and_told() -> None:
    """Nothing is compensated for on a guess."""
    story = Story(program(alert(), playbooks=(book(do(undo="rollback"), do("scale")),), policy=ONE_AT_ONCE))
    restarting = only_command(story.tell(Play(id="p", by="ann", playbook="fix")))
    scaling = only_command(story.answer(restarting))
    effects = silent(story, scaling) + story.every_second(AWAY_S, 0, 1)
    assert [each.verb for each in commands(effects)] == ["page"]
    assert [run.reason for run in story.state.runs.values()] == [Reason.FATE_UNKNOWN]


def test_a_scaling_rule_decides_anew_when_it_is_given_up() -> None:
    """On an inventory of afterwards, as after every outcome."""
    story = Shop(scale(), obeys=False)
    first = only_command(story.run(1, 500))
    assert commands(story.run(silence_s(story, first) + 1, 500)) == []
    effects = story.run(AWAY_S + 60, 500)
    assert outcomes(effects) == [("unknown", Reason.NO_OUTCOME)]
    (again,) = commands(effects)
    assert (again.args, again.id == first.id) == (first.args, False)


def test_the_clock_that_is_set_right_gives_nothing_up_early() -> None:
    """What is waited for is waited for as long."""
    story = Story(program(alert(), heal(restart(), page())))
    story.now_ms += 3600 * SECOND_MS
    story.wait(20)
    command = only_command(story.samples(0, 1))
    story.now_ms -= 3600 * SECOND_MS
    story.tick()
    effects = silent(story, command) + story.every_second(AWAY_S - 10, 0, 1)
    assert ("unknown", Reason.NO_OUTCOME) not in outcomes(effects)
    assert ("unknown", Reason.NO_OUTCOME) in outcomes(story.every_second(20, 0, 1))
