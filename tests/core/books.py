"""Playbooks to write in one line each, and runs of them."""

from typing import Any

from engine.core.policy import Approval
from engine.core.program import HealRule, Parameter, Playbook, Program, Step, Verify
from engine.core.runs import Run
from schemas.control import Play
from tests.core.story import Story, commands
from tests.core.world import alert, program

PARAMS = (Parameter(name="replica", type="integer", default="0"),)


def do(verb: str = "restart", undo: str = "", **more: Any) -> Step:
    """An act on the replica that the run is about, and what compensates for it."""
    args = {"workload": "shop"} | ({"replica": "{{ $labels.replica }}"} if verb == "restart" else {})
    args |= {"replicas": "3"} if verb == "scale" else {}
    back = Step(verb=undo, args={"workload": "shop"}) if undo else None
    return Step(verb=verb, args=args, compensate=back, **more)


UP = Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=60_000, hold_ms=5_000)
GATE = Step(
    verb="gate",
    kind="gate",
    verify=Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=60_000, hold_ms=5_000),
)
PAUSE = Step(verb="pause", kind="pause", pause_ms=30_000)
ASK = Step(verb="approval", kind="approval", approval=Approval(source="", deadline_ms=60_000))


def parallel(*branches: tuple[Step, ...]) -> Step:
    return Step(verb="parallel", kind="parallel", branches=branches)


def call(name: str, **args: str) -> Step:
    return Step(verb="playbook", kind="playbook", name=name, args=args)


def book(*steps: Step, name: str = "fix", version: int = 1) -> Playbook:
    return Playbook(name=name, version=version, source="fix.yaml:1", steps=steps, parameters=PARAMS)


def site(*playbooks: Playbook, rules: tuple[HealRule, ...] = ()) -> Program:
    return program(alert(), *rules, playbooks=playbooks)


def story_of(*steps: Step) -> Story:
    """A run of these steps has begun."""
    story = Story(site(book(*steps)))
    story.tell(Play(id="p", by="ann", playbook="fix"))
    return story


def run(story: Story) -> Run:
    (found,) = story.state.runs.values()
    return found


def answered(story: Story, status: Any = "succeeded") -> list[str]:
    """The newest command is answered; the verbs of what followed."""
    return [command.verb for command in commands(story.answer(story.sent[-1], status))]
