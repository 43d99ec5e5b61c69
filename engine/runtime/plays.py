"""What an engine tells of playbooks and of their runs, out of its state: no I/O."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from engine.core.approvals import waits_as
from engine.core.command import describe
from engine.core.program import Playbook
from engine.core.remediation import Ladder
from engine.core.runs import Run
from engine.core.state import State
from engine.core.steps import describe as describe_step

RUNS_TOLD = 100
"""So many runs of playbooks, the newest, unless fewer are asked for."""
ALIKE_TOLD = 10
"""So many whose ids begin alike: whoever asks sees that there are several."""


def runs(state: State, last: str) -> list[dict[str, Any]]:
    """The `last` so many, newest first."""
    most = min(int(last), RUNS_TOLD) if last.isascii() and last.isdecimal() else RUNS_TOLD
    return [msgspec.to_builtins(run) for run in islice(reversed(state.runs.values()), most)]


def run(state: State, prefix: str) -> list[dict[str, Any]]:
    """The runs whose ids begin so, each with where it and what it has begun are now."""
    alike = (run for id_, run in state.runs.items() if id_.startswith(prefix))
    return [msgspec.to_builtins(each) | {"now": list(_now(state, each))} for each in islice(alike, ALIKE_TOLD)]


def _now(state: State, run: Run) -> Iterator[dict[str, Any]]:
    """Its ladder and those within it."""
    for ladder in state.ladders.values():
        if ladder.id == run.id or ladder.id.startswith(f"{run.id}-"):
            yield {
                "id": ladder.id,
                "playbook": ladder.rule.name,
                "phase": ladder.phase,
                "step": ladder.step,
                "of": len(ladder.rule.steps),
                "held_by": ladder.held_by,
                "does": does(ladder),
            }


def does(ladder: Ladder) -> str | None:
    """What a ladder is about: its command, or what a step of a playbook waits for."""
    if ladder.command:
        return describe(ladder.command)
    return f"{ladder.rule.name}: {describe_step(ladder)}" if ladder.current.kind != "act" else None


def answers_to(ladder: Ladder) -> str | None:
    """By what people name it where it is to be let go."""
    return waits_as(ladder) if ladder.phase == "approval" or ladder.command else None


def playbooks(state: State, name: str) -> list[dict[str, Any]]:
    """Every version of the playbook, in full; without a name all there are, without their steps."""
    found = sorted(state.program.playbooks, key=lambda each: (each.name, each.version))
    if name:
        return [msgspec.to_builtins(each) for each in found if each.name == name]
    return [_brief(each) for each in found]


def _brief(playbook: Playbook) -> dict[str, Any]:
    return {
        "name": playbook.name,
        "version": playbook.version,
        "summary": playbook.summary,
        "parameters": msgspec.to_builtins(playbook.parameters),
        "steps": len(playbook.steps),
    }
