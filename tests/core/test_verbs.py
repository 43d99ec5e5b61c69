"""Verbs of one name that several actuators offer: what a step says of its target tells which is meant."""

from engine.core.program import Step
from engine.core.verbs import Verb, chosen, verbs_by_name
from schemas.inventory import Inventory, Target
from tests.core.story import Story, only_command
from tests.core.world import UNDO, alert, heal, isolate, program
from tests.rulefile.verbs import ISOLATE, RELEASE, RESTART

ELSEWHERE = Verb(name="restart", actuator="kubernetes", targets={"deployment": ("namespace", "deployment")})
FREED = Verb(name="release", actuator="kubernetes", targets={"isolation": ("workload",)})
VERBS = verbs_by_name((ELSEWHERE, FREED, RESTART, ISOLATE, RELEASE))


def test_the_arguments_tell_which_actuator_is_meant() -> None:
    """Each offers `restart`, and each of its own kinds of target."""
    here = chosen(VERBS, "restart", {"workload": "shop"})
    there = chosen(VERBS, "restart", {"deployment": "shop", "namespace": "prod"})
    assert (here, there) == (RESTART, ELSEWHERE)
    assert chosen(VERBS, "restart", {"deployment": "shop"}) == ELSEWHERE  # and that is told of what is missing
    assert chosen(VERBS, "resart", {}) is None


def test_a_step_goes_to_the_actuator_that_has_its_target() -> None:
    """Beside another that offers a verb of the same name."""
    step = Step(verb="restart", args={"namespace": "prod", "deployment": "shop"})
    story = Story(program(alert(), heal(step), verbs=VERBS))
    target = Target(id="deployment:prod/shop", lock="shop", attributes={})
    story.tell(Inventory(actuator="kubernetes", scope="c1", targets=(target,)))
    assert (command := only_command(story.samples(0))).actuator == "kubernetes"
    assert command.target == "deployment:prod/shop"


def test_what_one_actuator_did_is_undone_by_the_same() -> None:
    """Although another one offers a verb of that name too."""
    story = Story(program(alert(), heal(isolate(revert_after="1m")), verbs=VERBS))
    story.answer(only_command(story.samples(0)), undo=UNDO)
    assert [ladder.current.actuator for ladder in story.state.ladders.values() if ladder.undo] == ["process"]
