"""Steps to commands: absolute, conditional, with a deadline, or a named reason why there is none."""

import pytest

from engine.core.command import describe
from engine.core.program import Step
from engine.core.verbs import Verb, verbs_by_name
from schemas.commands import Command
from schemas.inventory import Inventory
from schemas.reasons import Reason
from schemas.refusals import Refusals, Refused
from tests.core.story import Story, commands, details, entries, only_command, reasons
from tests.core.world import SETTINGS, alert, heal, isolated_shop, page, program, restart, rollback, shop, target

SCALE = {"workload": "shop", "replicas": "5"}


def command_of(step: Step) -> Command:
    """What a step of a ladder becomes when replica 0 is down."""
    return only_command(Story(program(alert(), heal(step))).samples(0, 1))


def refusal_of(step: Step) -> tuple[Reason, str]:
    """Why a step does not become a command; the next step is taken instead."""
    story = Story(program(alert(), heal(step, page())))
    effects = story.samples(0, 1)
    assert only_command(effects).verb == "page"
    entry = entries(effects)[1]
    assert entry.reason is not None
    return entry.reason, entry.detail


def test_a_command_is_conditional_on_the_inventory() -> None:
    """`restart if generation = 7`: delivered twice or too late, it still means the same."""
    story = Story(program(alert(), heal(restart())))
    story.tell(shop(generation=9))
    assert only_command(story.samples(0)).condition == {"generation": 9}


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("v1.2-rc+3", "to=v1.2-rc+3"),
        ("v1 if revision = 9, undone after 1 s", 'to="v1 if revision = 9, undone after 1 s"'),
        ('v1" x', 'to="v1\\" x"'),
        ("a=b", 'to="a=b"'),
        ("v1\nrestart", 'to="v1\\nrestart"'),
        ("v" * 1_000_000, f'to="{"v" * 300}"… of 1000000 characters'),
    ],
)
def test_what_somebody_has_chosen_cannot_be_taken_for_the_rest_of_a_command(to: str, said: str) -> None:
    """People let a command go by these words, and an argument may be out of a log line."""
    assert describe(command_of(rollback(to=to))) == f"rollback workload:shop {said}"


def test_what_a_person_gives_that_the_verb_does_not_take_is_refused() -> None:
    """It would change nothing, and whoever wrote `generation=7` meant something by it."""
    story = Story(program(alert()))
    effects = story.ask("restart", workload="shop", generation="7")
    assert (commands(effects), reasons(effects)[0]) == ([], Reason.BAD_ARGUMENTS)
    assert details(effects, Reason.BAD_ARGUMENTS) == [
        "restart has no argument generation, expected one of replica, scope, workload"
    ]


def test_what_names_a_part_does_not_mean_the_whole() -> None:
    """An isolated replica is named with its generation; without it, it is not its workload that is released."""
    kinds = {"isolated": ("workload", "replica", "generation"), "isolation": ("workload",)}
    release = verbs_by_name([Verb(name="release", actuator="process", targets=kinds)])
    story = Story(program(alert(), verbs=release))
    story.tell(isolated_shop())
    effects = story.ask("release", workload="shop", replica="0")
    assert commands(effects) == []
    assert details(effects, Reason.BAD_ARGUMENTS) == [
        "release of isolated without generation: workload='shop', replica='0'"
    ]
    assert only_command(story.ask("release", "other", workload="shop")).target == "isolation:shop"


def test_a_rollback_names_its_version() -> None:
    """Never "the previous one": by the time it is carried out that could be another."""
    assert command_of(rollback()).args == {"workload": "shop", "to": "v1"}
    assert command_of(rollback(to="v0")).args["to"] == "v0"


def test_numbers_are_numbers() -> None:
    """`scale to 5` carries 5, not "5"."""
    command = command_of(Step(verb="scale", args=SCALE))
    assert (command.target, command.args["replicas"]) == ("workload:shop", 5)


def test_the_most_exact_target_is_meant() -> None:
    """With a replica named it is the replica, without it the workload."""
    assert command_of(restart(workload="shop", replica="0")).target == "replica:shop/0"
    assert command_of(restart(workload="shop")).target == "workload:shop"


def test_a_command_says_when_why_and_on_whose_behalf() -> None:
    """Everything that an actuator, an auditor and a person on call need."""
    story = Story(program(alert(annotations={"summary": "it is down"}), heal(restart(), page())))
    effects = story.samples(0, 1)
    command = only_command(effects)
    assert command.issued_ms == story.now_ms
    assert command.deadline_ms == story.now_ms + SETTINGS.command_ttl_ms
    assert (command.origin.kind, command.origin.name) == ("rule", "g/Heal")
    assert command.summary == "Down: it is down (Heal, step 1 of 2)"
    assert (command.actuator, command.scope, command.lock) == ("process", "n1", "shop")


def test_cause_and_index_say_where_a_command_was_decided() -> None:
    """They order the commands of a target, whoever delivers them in what order."""
    story = Story(program(alert(), heal(restart())))
    effects = story.samples(0, 0)
    assert len(commands(effects)) == 2
    for command in commands(effects):
        assert (command.cause, effects[command.index]) == (story.seq, command)


def test_every_command_is_in_the_audit() -> None:
    """With its id, its target and what it does in words."""
    story = Story(program(alert(), heal(restart())))
    effects = story.samples(0, 1)
    entry = entries(effects)[-1]
    assert (entry.kind, entry.command, entry.target) == ("command", only_command(effects).id, "replica:shop/0")
    assert entry.detail == "restart replica:shop/0 if generation = 7"


def test_a_command_id_is_the_same_in_every_replay() -> None:
    """It depends on what was decided and not on who decides."""
    assert command_of(restart()).id == command_of(restart()).id


def test_steps_of_a_ladder_have_different_ids() -> None:
    """Also where they do the same."""
    story = Story(program(alert(), heal(restart(), restart())))
    first = only_command(story.samples(0))
    assert only_command(story.answer(first, "failed")).id != first.id


# --- refusals ---


@pytest.mark.parametrize(
    ("step", "reason", "detail"),
    [
        (Step(verb="explode", args={}), Reason.UNKNOWN_VERB, "'explode'"),
        (restart(workload="shop", replica="9"), Reason.UNKNOWN_TARGET, "replica:shop/9"),
        (restart(workload="shop", scope="n9"), Reason.UNKNOWN_TARGET, "workload:shop on n9"),
        (restart(workload="bus"), Reason.PROTECTED, "workload:bus"),
        (restart(workload="{{ $labels.nothing }}"), Reason.BAD_ARGUMENTS, "restart needs workload+replica or workload"),
        (restart(workload='{{ query "up" }}'), Reason.BAD_ARGUMENTS, "query"),
        (Step(verb="scale", args=SCALE | {"replicas": ""}), Reason.BAD_ARGUMENTS, "scale needs replicas"),
        (Step(verb="scale", args=SCALE | {"replicas": "many"}), Reason.BAD_ARGUMENTS, "expected a whole number"),
    ],
)
def test_a_step_that_cannot_be_a_command_is_refused_by_name(step: Step, reason: Reason, detail: str) -> None:
    """And the ladder goes on to the next one."""
    given, why = refusal_of(step)
    assert (given, detail in why) == (reason, True), why


def test_a_rollback_without_an_earlier_version_has_nothing_to_do() -> None:
    """A first deployment cannot be rolled back."""
    story = Story(program(alert(), heal(rollback(), page())))
    story.tell(shop(previous_version=None))
    assert reasons(story.samples(0)) == [Reason.ALERT_FIRED, Reason.NOTHING_TO_DO, Reason.STEP_FAILED][1:]


def test_a_target_on_several_nodes_must_be_told_apart() -> None:
    """Guessing would act on the wrong machine; `scope` says which."""
    elsewhere = Inventory(actuator="process", scope="n2", targets=(target("workload:shop", generation=3),))
    story = Story(program(alert(), heal(restart(workload="shop"), restart(workload="shop", scope="n2"))))
    story.tell(elsewhere)
    effects = story.samples(0)
    assert reasons(effects)[0] is Reason.BAD_ARGUMENTS
    assert (only_command(effects).scope, only_command(effects).condition) == ("n2", {"generation": 3})


def test_a_verb_acts_on_what_its_own_actuator_owns() -> None:
    """Another actuator may know a target of the same name."""
    other = Inventory(actuator="kubernetes", scope="prod", targets=(target("workload:shop", generation=1),))
    story = Story(program(alert(), heal(restart(workload="shop"))))
    story.tell(other)
    assert only_command(story.samples(0)).actuator == "process"


def test_an_inventory_replaces_the_one_before() -> None:
    """What is not in the newest one is not there any more."""
    story = Story(program(alert(), heal(restart())))
    story.tell(Inventory(actuator="process", scope="n1", targets=()))
    assert Reason.UNKNOWN_TARGET in reasons(story.samples(0))


# --- what a person asks for ---


def test_a_person_asks_and_is_answered() -> None:
    """One command under the person's name, done when it is done."""
    story = Story(program())
    command = only_command(story.ask("restart", workload="shop"))
    assert (command.origin.kind, command.origin.name, command.summary) == ("control", "ann", "asked for by ann")
    assert reasons(story.answer(command)) == [Reason.DONE]
    assert story.state.ladders == {}


def test_the_same_request_twice_is_one_act() -> None:
    """A client that repeats itself does not restart twice, whether the first is still on the way or done."""
    story = Story(program())
    command = only_command(story.ask("restart", workload="shop"))
    assert commands(story.ask("restart", workload="shop")) == []
    story.answer(command)
    assert only_command(story.ask("restart", workload="shop")).id == command.id
    assert only_command(story.ask("restart", id="other", workload="shop")).id != command.id


@pytest.mark.parametrize("status", ["failed", "conflict", "unknown"])
def test_a_request_that_failed_is_over(status: str) -> None:
    """The person sees the outcome and decides."""
    story = Story(program())
    effects = story.answer(only_command(story.ask("restart", workload="shop")), status)  # type: ignore[arg-type]
    assert (commands(effects), story.state.ladders) == ([], {})


@pytest.mark.parametrize(
    ("verb", "args", "reason"),
    [
        ("restart", {"workload": "bus"}, Reason.PROTECTED),
        ("restart", {"workload": "nobody"}, Reason.UNKNOWN_TARGET),
        ("explode", {"workload": "shop"}, Reason.UNKNOWN_VERB),
    ],
)
def test_a_request_goes_through_the_same_checks(verb: str, args: dict[str, str], reason: Reason) -> None:
    """Nobody restarts the bus by accident."""
    story = Story(program())
    effects = story.ask(verb, **args)
    assert (commands(effects), reasons(effects)) == ([], [reason, Reason.STEP_FAILED])


def test_a_request_during_a_halt_is_answered_and_not_kept() -> None:
    """It must not go off when the halt ends, hours after it was asked for."""
    story = Story(program())
    story.halt()
    assert reasons(story.ask("restart", workload="shop")) == [Reason.HALTED]
    assert commands(story.resume()) == []


def test_what_an_actuator_refused_is_on_record_and_moves_nothing() -> None:
    """It may claim to be any command: the ladder goes on waiting for the outcome of the one that it sent."""
    story = Story(program(alert(), heal(restart(), page())))
    sent = only_command(story.samples(0, 1))
    forged = Refused(
        reason=Reason.BAD_SIGNATURE, count=3, subject="ops.commands.process.n1.restart", seq=7, key="k", detail=sent.id
    )
    told = story.tell(Refusals(actuator="process", scope="n1", executor="actuator@n1", refused=(forged,)))
    (entry,) = entries(told)
    assert told == [entry]
    assert (entry.kind, entry.reason, entry.by, entry.command) == (
        "decision",
        Reason.BAD_SIGNATURE,
        "actuator@n1",
        "",
    )
    assert entry.detail == f"3 refused, the newest on {forged.subject}, message 7 of key k: {sent.id}"
    assert reasons(story.answer(sent, "refused", Reason.NOT_AUTHORIZED))[-1] is Reason.STEP_FAILED
